"""``moyai down`` and ``moyai reset``: stop everything, with or without ending the control plane."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from moyai.app.config import Settings
from moyai.app.state_paths import StatePaths
from moyai.cli.options import ENDPOINT, REGION, STATE, Endpoint, Json, State
from moyai.cli.text import echo


def down(
    state: State = STATE,
    forget: Annotated[
        bool,
        typer.Option("--forget", help="Also delete all data: clusters, services, images, logs, metrics, access keys."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Stop the control plane and all tasks. The next `moyai up` starts the tasks of services again."""
    import asyncio

    from moyai.app.down import down as stop_everything

    existed = asyncio.run(stop_everything(Settings(state=StatePaths(state)), forget=forget))
    line = f"Stopped everything in {state}{' and deleted its data' if forget else ''}."
    if not existed:
        line = f"There is no installation in {state}, so there is nothing to stop. Another one: --state DIRECTORY."
    echo(json.dumps({"state": str(state), "found": existed, "forgotten": forget and existed}) if as_json else line)


def reset(endpoint: Endpoint = ENDPOINT, as_json: Json = False) -> None:
    """Stop all tasks and delete all data of a running server. Servers with access keys refuse this."""
    from moyai.cli.remote import Remote

    Remote(endpoint, REGION).reset()
    echo(json.dumps({"endpoint": endpoint}) if as_json else "Stopped all tasks and deleted all data.")
