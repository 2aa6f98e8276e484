"""``moyai image``: root file systems for tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moyai.app.config import StatePaths
from moyai.cli.options import STATE, State


def image_commands() -> typer.Typer:
    """import, list."""
    commands = typer.Typer(help="Images for the linux runtime.", no_args_is_help=True)
    commands.command(name="import")(import_image)
    commands.command(name="list")(list_images)
    return commands


def import_image(
    name: Annotated[str, typer.Argument(help="NAME or NAME:TAG")],
    source: Annotated[Path, typer.Argument(help="A root file system: a folder or a tar archive.", exists=True)],
    state: State = STATE,
    base: Annotated[str | None, typer.Option(help="Lay it over moyai.local/host, this machine's own root.")] = None,
) -> None:
    """Add or replace an image."""
    from moyai.app.images import make_images

    make_images(StatePaths(state)).import_image(name, source, base=base)
    typer.echo(f"{name} is there.")


def list_images(
    state: State = STATE,
    digests: Annotated[bool, typer.Option("--digests", help="Show what each name stands for now.")] = False,
) -> None:
    """List what can be run."""
    from moyai.app.images import BASE_IMAGE, make_images

    found = make_images(StatePaths(state)).digests()
    lines = [f"{name}  {digest or ''}".rstrip() if digests else name for name, digest in found.items()]
    typer.echo("\n".join([BASE_IMAGE, *lines]))
