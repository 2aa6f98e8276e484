"""The mesh drawn as a table, as wide as there is room. Pure.

Promise: what matters most stays when the terminal is narrow. Colour says nothing that a sign does not say, too: ``!``
and ``!!`` after a success rate, ``↻`` after a service with a deployment in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple

from rich.table import Table
from rich.text import Text

from moyai.cli.mesh.values import Edge, Mesh, Party
from moyai.cli.mesh.view import Group, View, arranged, called

_GOOD: Final = 0.999
_FAIR: Final = 0.99
_GAP: Final = 2
_NOTHING: Final = "-"
_TEN, _HUNDRED = 10, 100


class _Column(NamedTuple):
    """``rank``: the higher, the sooner it goes when there is no room; 0 stays."""

    name: str
    cell: Callable[[Edge, View], Text]
    rank: int = 0
    justify: Literal["left", "right"] = "right"


def table(mesh: Mesh, view: View, width: int) -> Table:
    """The edges, a row each, under their groups."""
    groups = arranged(mesh.edges, view)
    columns = _that_fit([edge for _, edges in groups for edge in edges], view, width)
    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        drawn.add_column(column.name, justify=column.justify, no_wrap=True, overflow="ellipsis")
    for title, edges in groups:
        if title:
            drawn.add_row(Text(title, "bold cyan"))
        for edge in edges:
            drawn.add_row(*(column.cell(edge, view) for column in columns))
    return drawn


def rows(mesh: Mesh, view: View) -> int:
    """How many rows the table has below its head."""
    return sum(len(edges) + bool(title) for title, edges in arranged(mesh.edges, view))


def headline(mesh: Mesh) -> Text:
    """All edges in one line."""
    requests, failures = sum(e.requests for e in mesh.edges), sum(e.failures for e in mesh.edges)
    said = Text(f"{len(mesh.edges)} edges  {_rate(requests / mesh.span.seconds)}/s  ")
    said.append_text(_success(1 - failures / requests if requests else None))
    busy = {party for edge in mesh.edges for party in edge.deploying}
    if busy:
        said.append(f"  {len(busy)} deploying ↻", "magenta")
    ejected = sum(edge.ejected for edge in mesh.edges)
    if ejected:
        said.append(f"  {ejected} ejected", "yellow")
    return said


def _that_fit(edges: Sequence[Edge], view: View, width: int) -> list[_Column]:
    needed = {column: _needed(column, edges, view) for column in _COLUMNS}
    for column in sorted(_COLUMNS, key=lambda c: -c.rank):
        if sum(needed.values()) <= width + _GAP or not column.rank:
            break
        del needed[column]
    return list(needed)


def _needed(column: _Column, edges: Iterable[Edge], view: View) -> int:
    cells = (column.cell(edge, view).cell_len for edge in edges)
    return max(len(column.name), *cells, 0) + _GAP


def _caller(edge: Edge, view: View) -> Text:
    name = edge.caller.service if view.group is Group.CLUSTER else str(edge.caller)
    said = Text(f"  {name}" if view.group is not Group.NONE else name)
    return said.append_text(_deploying(edge, (edge.caller,)))


def _target(edge: Edge, view: View) -> Text:
    del view
    said = Text(called(edge))
    if edge.protocol == "tcp":
        said.append(" tcp", "dim")
    return said.append_text(_deploying(edge, edge.targets))


def _deploying(edge: Edge, of: Iterable[Party]) -> Text:
    return Text(" ↻", "magenta") if set(of) & set(edge.deploying) else Text()


def _success(share: float | None) -> Text:
    if share is None:
        return Text(_NOTHING)
    percent = int(share * 10_000) / 100  # never rounded up: 100 % means that nothing failed
    shown = f"{percent:.2f}".rstrip("0").rstrip(".") + " %"
    if share >= _GOOD:
        return Text(shown, "green")
    return Text(f"{shown} !", "yellow") if share >= _FAIR else Text(f"{shown} !!", "bold red")


def _rate(per_second: float) -> str:
    if per_second >= _HUNDRED:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= _TEN else f"{per_second:.2f}"


def _ms(value: float | None) -> Text:
    return Text(_NOTHING if value is None else f"{value:,.1f}")


def _count(value: int, style: str) -> Text:
    return Text(f"{value:,}", style) if value else Text("0", "dim")


_COLUMNS: Final = (
    _Column("CALLER", _caller, justify="left"),
    _Column("TARGET", _target, justify="left"),
    _Column("RATE/S", lambda e, _: Text(_rate(e.rate))),
    _Column("SUCCESS", lambda e, _: _success(e.success)),
    _Column("P50 MS", lambda e, _: _ms(e.p50), 3),
    _Column("P95 MS", lambda e, _: _ms(e.p95), 6),
    _Column("P99 MS", lambda e, _: _ms(e.p99), 1),
    _Column("REQUESTS", lambda e, _: Text(f"{e.requests:,}"), 8),
    _Column("FAILED", lambda e, _: _count(e.failures, "red"), 4),
    _Column("RETRIES", lambda e, _: _count(e.retries, "yellow"), 5),
    _Column("TIMEOUTS", lambda e, _: _count(e.timeouts, "yellow"), 7),
    _Column("EJECTED", lambda e, _: _count(e.ejected, "yellow"), 2),
)
