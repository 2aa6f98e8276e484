"""``moyai down``: stop everything."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from moyai.app.config import Settings, StatePaths
from moyai.cli.options import STATE, State


def down(
    state: State = STATE,
    forget: Annotated[
        bool, typer.Option("--forget", help="Also remove what was defined: clusters, services, images, logs, keys.")
    ] = False,
) -> None:
    """End the control plane and stop every task. Services start theirs again at the next `moyai up`."""
    from moyai.app.down import down as stop_everything

    asyncio.run(stop_everything(Settings(state=StatePaths(state)), forget=forget))
    typer.echo(f"Everything in {state} is stopped{' and forgotten' if forget else ''}.")
