"""``moyai reset``: an empty world, without a restart."""

from __future__ import annotations

from typing import Annotated

import typer

from moyai.app.config import caller_region, endpoint_url
from moyai.cli.remote import Remote


def reset(
    endpoint: Annotated[str, typer.Option(help="URL of the running moyai.", default_factory=endpoint_url)],
) -> None:
    """Stop and forget everything of a running moyai (development mode only)."""
    Remote(endpoint, caller_region()).reset()
    typer.echo("Everything is stopped and forgotten.")
