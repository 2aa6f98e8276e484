"""``moyai down``: stop everything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from moyai.app.config import Settings, StatePaths, default_state
from moyai.app.down import down as stop_everything


def down(
    state: Annotated[Path, typer.Option(help="State directory.", default_factory=default_state)],
    forget: Annotated[
        bool, typer.Option("--forget", help="Also remove what was defined: clusters, services, images, logs, keys.")
    ] = False,
) -> None:
    """End the control plane and stop every task. Services start theirs again at the next `moyai up`."""
    asyncio.run(stop_everything(Settings(state=StatePaths(state)), forget=forget))
    typer.echo(f"Everything in {state} is stopped{' and forgotten' if forget else ''}.")
