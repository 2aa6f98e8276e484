"""``moyai services``: who answers which AWS service."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json
from moyai.cli.text import echo


def services(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """List who answers which AWS service, and what of its records a restart of the machine loses."""
    from rich.table import Table

    from moyai.cli.output import console
    from moyai.cli.remote import Remote
    from moyai.cli.text import printable

    owners = Remote(endpoint, REGION).read("services")["services"]
    if as_json:
        echo(json.dumps({"services": owners}))
        return
    table = Table("service", "answered by", "durable")
    for owner in owners:
        name = "all others" if owner["service"] == "*" else owner["service"]
        table.add_row(printable(name), printable(owner["answered_by"] or "nobody"), _durability(owner))
    console().print(table)
    if version := next((owner["other_version"] for owner in owners if owner.get("other_version")), None):
        echo(
            f"moto was started by {printable(version)} of moyai and keeps its records. What this version repairs in it "
            "has no effect until `moyai down` ends it, with the records."
        )


def _durability(owner: Mapping[str, Any]) -> str:
    if owner["answered_by"] is None:
        return ""
    return {True: "yes", False: f"no: a restart of the machine loses {owner['lost']}", None: "as its server has it"}[
        owner["durable"]
    ]
