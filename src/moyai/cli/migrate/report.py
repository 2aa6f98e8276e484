"""Prints a migration, as a table or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from moyai.cli.migrate.member_report import Verdict
from moyai.cli.migrate.plan import Migration
from moyai.cli.text import printable

_LOOKS: Mapping[Verdict, tuple[str, str]] = MappingProxyType(
    {
        Verdict.MAPS: ("maps", "green"),
        Verdict.TAG: ("by tag", "cyan"),
        Verdict.LOST: ("lost", "yellow"),
        Verdict.STAYS: ("stays", "red"),
    }
)
"""The word and the colour of each verdict."""


def as_json(migration: Migration) -> dict[str, Any]:
    """The report of ``--json``."""
    return {
        "mesh": migration.mesh,
        "order": [move.service for move in migration.moves],
        "exports": [export.place._asdict() | {"attributes": export.attributes} for export in migration.exports],
        "moves": [move._asdict() for move in migration.moves],
        "stays": migration.stays,
        "fields": [row._asdict() for row in migration.rows],
    }


def show(console: Console, migration: Migration) -> None:
    """Print each member and what becomes of it, then the services in their order, and what stays."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("resource", "field", "value", "", "becomes"):
        table.add_column(title, overflow="fold")
    for row in migration.rows:
        verdict = Text(*_LOOKS[row.verdict])
        resource, path, value, becomes = map(_literal, (row.resource, row.path, str(row.value), row.becomes))
        table.add_row(resource, path, value, verdict, becomes)
    console.print(table)
    counts = Counter(row.verdict for row in migration.rows)
    console.print(Text("\n" + ", ".join(f"{counts[verdict]} {_LOOKS[verdict][0]}" for verdict in Verdict)))
    for number, move in enumerate(migration.moves, start=1):
        console.print(_literal(f"{number}. {move.service} (virtual node {move.node}, cluster {move.cluster})"))
    for what, why in migration.stays.items():
        console.print(_literal(f"{what} stays: {why}"))


def _literal(text: str) -> Text:
    return Text(printable(text))
