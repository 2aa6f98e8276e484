"""``moyai image``: the images that tasks run from.

The commands work on the store in the state directory, beside a control plane or without one: both take the store's lock
for each change. ``pull`` knows the registries and the machine's engine; moyai's own ECR is served by the control plane.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from moyai.app.state_paths import StatePaths
from moyai.cli.image_options import DOCKER_CONFIG, image_settings, registry_settings
from moyai.cli.options import STATE, Json, State
from moyai.cli.text import echo
from moyai.cli.up_options import DockerConfigDirectory, ImageEngine, ImageMap, InsecureRegistries, RegistryMirrors
from moyai.domain.sandbox.pull import MEGABYTE
from moyai.images.pull_behavior import PullBehavior

if TYPE_CHECKING:  # imported by the command that needs it
    from moyai.domain.sandbox.pull import PullProgress
    from moyai.images.store.image_store import ImageDetails

_SHORT_DIGEST = len("sha256:") + 12
Name = Annotated[str, typer.Argument(help="NAME, NAME:TAG or REGISTRY/NAME:TAG", metavar="NAME")]
Names = Annotated[list[str], typer.Argument(help="NAME, NAME:TAG or NAME@DIGEST", metavar="NAME")]
Platform = Annotated[
    str | None, typer.Option(help="linux/amd64 or linux/arm64; by default the platform of this machine.")
]


def image_commands() -> typer.Typer:
    """The group ``moyai image``."""
    commands = typer.Typer(help="Pull, load, list and remove images of the runtime linux.", no_args_is_help=True)
    commands.command("pull")(pull_images)
    commands.command("load")(load_images)
    commands.command("import")(import_image)
    commands.command("list")(list_images)
    commands.command("inspect")(inspect_images)
    commands.command("rm")(remove_images)
    commands.command("prune")(prune_images)
    return commands


def pull_images(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    names: Names,
    state: State = STATE,
    platform: Platform = None,
    image_map: ImageMap = None,
    registry_mirror: RegistryMirrors = None,
    insecure_registry: InsecureRegistries = None,
    docker_config: DockerConfigDirectory = DOCKER_CONFIG,
    image_engine: ImageEngine = "auto",
    as_json: Json = False,
) -> None:
    """Pull images from this machine's engine or a registry, with the credentials of `docker login`."""
    import asyncio

    from moyai.images.reference import parse_reference

    registries = registry_settings(registry_mirror, insecure_registry, docker_config)
    settings = image_settings(registries, image_engine, PullBehavior.ALWAYS, image_map)
    references = [parse_reference(name) for name in names]
    rows = asyncio.run(_pull(StatePaths(state), settings, references, _platform(platform), is_quiet=as_json))
    _show(rows, as_json, map(_pull_text, rows))


async def _pull(
    paths: StatePaths,
    settings: Any,  # noqa: ANN401 (types of modules that are imported late)
    references: Iterable[Any],
    platform: Any,  # noqa: ANN401
    *,
    is_quiet: bool,
) -> list[dict[str, Any]]:
    from moyai.app.images import make_puller
    from moyai.cli.pull_display import ImagePullView, pull_bars
    from moyai.images.puller import PullRequest

    puller = make_puller(paths, settings, report=lambda _: None)
    rows = []
    try:
        with pull_bars(is_quiet=is_quiet) as bars:
            for reference in references:
                view = ImagePullView(reference.familiar, bars)
                image = await puller.pull(PullRequest(reference, platform), view.show)
                rows.append({"Name": reference.familiar, "Digest": image.digest, "Download": _download(view.progress)})
    finally:
        await puller.close()
    return rows


def _download(progress: PullProgress | None) -> dict[str, Any] | None:
    """The download; None if the image was in the store already, unchanged."""
    if progress is None:
        return None
    return {
        "Source": progress.source,
        "Size": progress.received,
        "Seconds": progress.seconds,
        "Layers": progress.layers,
        "PresentLayers": progress.present,
    }


def _pull_text(row: Mapping[str, Any]) -> str:
    if row["Digest"] is None:
        return f"{row['Name']} is this machine's own root, which is never pulled"
    return f"Pulled {row['Name']} ({_short(row['Digest'])}){_download_text(row)}"


def _download_text(row: Mapping[str, Any]) -> str:
    download = row["Download"]
    if download is None:
        return ", which was here already"
    size = f"{download['Size'] / MEGABYTE:.1f} MB in {download['Seconds']:.1f} s"
    layers = f"{download['PresentLayers']} of {download['Layers']} layers were here already"
    return f" from {download['Source']}: {size}; {layers}"


def load_images(
    source: Annotated[
        Path | None, typer.Argument(help="A file of `docker save`, or an OCI layout; by default standard input.")
    ] = None,
    state: State = STATE,
    as_json: Json = False,
) -> None:
    """Add the images of an archive with their own names, as in docker save app | moyai image load."""
    from moyai.app.images import make_images
    from moyai.images.imports.importing import load_archive

    if source is None and sys.stdin.isatty():
        raise typer.BadParameter("give a file, or pipe one in: docker save app | moyai image load", param_hint="SOURCE")
    loaded = load_archive(make_images(StatePaths(state)), source or io.FileIO(0, closefd=False))
    rows = [
        {"Name": reference.familiar, "Digest": item.image.digest} for item in loaded for reference in item.references
    ]
    _show(rows, as_json, (f"Loaded {row['Name']} ({_short(row['Digest'])})" for row in rows))


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
    as_json: Json = False,
) -> None:
    """Add or replace an image under a name. Running tasks keep the one they were started from."""
    from moyai.app.images import make_images
    from moyai.images.imports.importing import import_image as import_from

    image = import_from(make_images(StatePaths(state)), name, source, base=base)
    _show([{"Name": name, "Digest": image.digest}], as_json, [f"Imported {name} ({_short(image.digest)})"])


def list_images(
    state: State = STATE,
    digests: Annotated[bool, typer.Option("--digests", help="Show the digest of each image.")] = False,
    as_json: Json = False,
) -> None:
    """List the images that are here."""
    from moyai.app.images import make_images
    from moyai.images.reference import HOST_IMAGE

    images = make_images(StatePaths(state)).list_images()
    rows: list[dict[str, Any]] = [
        {"Name": HOST_IMAGE, "Digest": None, "Size": 0, "Tasks": 0},
        *({"Name": i.reference, "Digest": i.digest, "Size": i.size, "Tasks": len(i.holders)} for i in images),
    ]
    lines = (f"{row['Name']}  {row['Digest'] or ''}".rstrip() if digests else str(row["Name"]) for row in rows)
    _show(rows, as_json, lines)


def inspect_images(names: Names, state: State = STATE, as_json: Json = False) -> None:
    """Print what is known of images: platform, configuration, layers, size and the tasks that use them. It is indented
    JSON, and on one line with --json.
    """
    from moyai.app.images import make_images

    store = make_images(StatePaths(state))
    rows = [_details(store.inspect(name)) for name in names]
    _show(rows, as_json, json.dumps(rows, indent=2).splitlines())


def remove_images(names: Names, state: State = STATE, as_json: Json = False) -> None:
    """Remove images. Running tasks keep their files."""
    from moyai.app.images import make_images

    store = make_images(StatePaths(state))
    rows = [{"Name": name, "Freed": store.remove(name).size} for name in names]
    _show(rows, as_json, (f"Removed {row['Name']}" for row in rows))


def prune_images(state: State = STATE, as_json: Json = False) -> None:
    """Remove all images that no task uses."""
    from moyai.app.images import make_images

    names, removed = make_images(StatePaths(state)).prune()
    result = {"Names": names, "Layers": removed.layers, "Freed": removed.size}
    lines = [*(f"Removed {name}" for name in names), f"Freed {removed.size / MEGABYTE:.1f} MB"]
    echo(*([json.dumps(result)] if as_json else lines))


def _details(image: ImageDetails) -> dict[str, Any]:
    config = image.file.config
    return {
        "Name": image.reference,
        "Digest": image.digest,
        "Source": image.source,
        "Platform": str(image.file.platform),
        "Size": image.size,
        "Layers": list(image.file.diff_ids),
        "OnHost": image.on_host,
        "Users": list(image.holders),
        "Config": {
            "Entrypoint": list(config.entry_point),
            "Cmd": list(config.command),
            "Env": dict(config.environment),
            "WorkingDir": config.working_directory,
            "User": config.user,
            "StopSignal": config.stop_signal,
            "Volumes": list(config.volumes),
            "ExposedPorts": list(config.exposed_ports),
        },
    }


def _platform(text: str | None) -> Any:  # noqa: ANN401 (a type of a module that is imported late)
    from moyai.images.model import Platform, host_platform

    if text is None:
        return host_platform()
    system, _, rest = text.partition("/")
    architecture, _, variant = rest.partition("/")
    if system != "linux" or not architecture:
        raise typer.BadParameter(f"{text!r} is not a platform such as linux/arm64", param_hint="--platform")
    return Platform(system, architecture, variant)


def _short(digest: object) -> str:
    return f"{str(digest or '')[:_SHORT_DIGEST]}…"


def _show(rows: Iterable[Mapping[str, object]], as_json: bool, lines: Iterable[str]) -> None:
    echo(*([json.dumps(list(rows))] if as_json else lines))
