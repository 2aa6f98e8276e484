"""``moyai image``: the images that tasks run from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from moyai.app.state_paths import StatePaths
from moyai.cli.options import STATE, Json, State

_SHORT_DIGEST = len("sha256:") + 12
Name = Annotated[str, typer.Argument(help="NAME or NAME:TAG", metavar="NAME")]


def image_commands() -> typer.Typer:
    """The group ``moyai image``."""
    commands = typer.Typer(help="Import, list and remove images of the runtime linux.", no_args_is_help=True)
    commands.command("import")(import_image)
    commands.command("list")(list_images)
    commands.command("rm")(remove_image)
    return commands


def import_image(
    name: Name,
    source: Annotated[
        Path,
        typer.Argument(
            help="An OCI layout, a file of `docker save`, or a root file system (directory or tar).",
            exists=True,
        ),
    ],
    state: State = STATE,
    base: Annotated[
        str | None, typer.Option(help="moyai.local/host lays the image over this machine's own root.")
    ] = None,
) -> None:
    """Add or replace an image. Running tasks keep the one they were started from."""
    from moyai.app.images import make_images
    from moyai.images.imports.importing import import_image as import_from

    image = import_from(make_images(StatePaths(state)), name, source, base=base)
    typer.echo(f"Imported {name} ({(image.digest or '')[:_SHORT_DIGEST]}…)")


def list_images(
    state: State = STATE,
    digests: Annotated[bool, typer.Option("--digests", help="Show the digest of each image.")] = False,
    as_json: Json = False,
) -> None:
    """List the images that tasks can run from."""
    from moyai.app.images import make_images
    from moyai.images.reference import HOST_IMAGE

    stored = make_images(StatePaths(state)).list_images()
    images = {HOST_IMAGE: None, **{image.reference: image.digest for image in stored}}
    if as_json:
        typer.echo(json.dumps([{"Name": name, "Digest": digest} for name, digest in images.items()]))
        return
    lines = (f"{name}  {digest or ''}".rstrip() if digests else name for name, digest in images.items())
    typer.echo("\n".join(lines))


def remove_image(name: Name, state: State = STATE) -> None:
    """Remove an imported image. Running tasks keep their files."""
    from moyai.app.images import make_images

    make_images(StatePaths(state)).remove(name)
    typer.echo(f"Removed {name}")
