"""``moyai reset``: an empty world, without a restart."""

from __future__ import annotations

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint
from moyai.cli.remote import Remote


def reset(endpoint: Endpoint = ENDPOINT) -> None:
    """Stop and forget everything of a running moyai (development mode only)."""
    Remote(endpoint, REGION).reset()
    typer.echo("Everything is stopped and forgotten.")
