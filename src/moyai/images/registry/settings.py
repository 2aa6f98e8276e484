"""The user's settings for registries.

Promise: values only. ``parse_mirror`` checks the text of an option completely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec

from moyai.images.errors import BadReference
from moyai.images.reference import parse_reference
from moyai.kernel.errors import MoyaiError
from moyai.kernel.url import is_http_url

CERTIFICATES: Final = Path("/etc/docker/certs.d")
"""Docker's and Podman's directory of certificates: ``HOST:PORT/*.crt`` are a registry's authorities, and
``HOST:PORT/NAME.cert`` with ``NAME.key`` are client certificates."""


class BadMirror(MoyaiError):
    """The text does not have the form ``REGISTRY=URL``."""


class Mirror(msgspec.Struct, frozen=True):
    """A server that is asked for a registry's images before the registry itself."""

    registry: str
    """The mirrored registry, such as ``docker.io``."""
    url: str
    """``https://HOST:PORT/PREFIX``; the prefix is put before a repository's name, and may be empty."""


class RegistrySettings(msgspec.Struct, frozen=True):
    """The settings with which registries are reached."""

    mirrors: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The URLs of mirrors in the order in which they are asked, by registry."""
    insecure: frozenset[str] = frozenset()
    """Registries (``HOST:PORT``) whose certificates are not verified, and which may use plain HTTP. Registries on
    loopback are always treated so."""
    docker_config: Path | None = None
    """The path of Docker's ``config.json``; None if it is not used."""
    certificates: Path = CERTIFICATES


def parse_mirror(text: str) -> Mirror:
    """The mirror in a text ``REGISTRY=URL``. Raises BadMirror."""
    registry, equals, url = text.partition("=")
    if not equals or not is_registry(registry):
        raise BadMirror(f"{text!r} is not REGISTRY=URL, such as docker.io=https://mirror.example.com")
    parts = urlsplit(url) if is_http_url(url) else None
    if parts is None or parts.query or parts.fragment or parts.username:
        raise BadMirror(
            f"{url!r} is not a mirror's URL, such as https://mirror.example.com or http://10.0.0.5:5000/hub"
        )
    return Mirror(registry, url.rstrip("/"))


def group_mirrors(mirrors: Iterable[Mirror]) -> Mapping[str, tuple[str, ...]]:
    """The URLs of each registry's mirrors, in their order."""
    urls: dict[str, tuple[str, ...]] = {}
    for mirror in mirrors:
        urls[mirror.registry] = (*urls.get(mirror.registry, ()), mirror.url)
    return urls


def is_registry(text: str) -> bool:
    """Whether the text is a registry's ``HOST`` or ``HOST:PORT`` in the form that references have it."""
    try:
        return parse_reference(f"{text}/name").registry == text
    except BadReference:
        return False
