"""Reads the options that say where images are pulled from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import typer

from moyai.app.config import ENGINES, ImageSettings
from moyai.images.names import BadMapping, parse_mappings
from moyai.images.pull_behavior import PullBehavior
from moyai.images.registry.settings import BadMirror, RegistrySettings, group_mirrors, is_registry, parse_mirror

DOCKER_CONFIG = Path("~/.docker")


def registry_settings(
    mirrors: Iterable[str] | None, insecure: Iterable[str] | None, docker_config: Path
) -> RegistrySettings:
    """How registries are reached, from the values of their options. Raises BadParameter."""
    try:
        by_registry = group_mirrors(map(parse_mirror, mirrors or ()))
    except BadMirror as error:
        raise typer.BadParameter(str(error), param_hint="--registry-mirror") from error
    insecure_registries = frozenset(map(_registry, insecure or ()))
    return RegistrySettings(by_registry, insecure_registries, docker_config.expanduser() / "config.json")


def image_settings(
    registries: RegistrySettings,
    engine: str,
    behavior: PullBehavior = PullBehavior.DEFAULT,
    mappings: Iterable[str] | None = None,
) -> ImageSettings:
    """The settings from the options of `moyai up` and `moyai image pull`. Raises BadParameter."""
    return ImageSettings(registries, behavior, _names(mappings or ()), _engines(engine))


def _names(mappings: Iterable[str]) -> Mapping[str, str]:
    """The names of images that stand for others. Raises BadParameter."""
    try:
        return parse_mappings(mappings)
    except BadMapping as error:
        raise typer.BadParameter(str(error), param_hint="--image-map") from error


def _registry(text: str) -> str:
    if not is_registry(text):
        message = f"{text!r} is not a registry's HOST:PORT, such as 10.0.0.5:5000"
        raise typer.BadParameter(message, param_hint="--insecure-registry")
    return text


def _engines(text: str) -> tuple[Path, ...]:
    if text in {"auto", "none"}:
        return ENGINES if text == "auto" else ()
    path = Path(text.removeprefix("unix://"))
    if not path.is_absolute():
        message = f"{text!r} is neither auto, none nor the absolute path of a Unix socket"
        raise typer.BadParameter(message, param_hint="--image-engine")
    return (path,)
