"""The user's settings of registries.

Promise: values only. ``parse_mirror`` reads the text of an option; what it accepts needs no further check.
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
"""Where Docker and Podman keep certificates: ``HOST:PORT/*.crt`` are authorities that a registry is trusted by, and
``HOST:PORT/NAME.cert`` with ``NAME.key`` are presented to it."""


class BadMirror(MoyaiError):
    """The text is no ``REGISTRY=URL``."""


class Mirror(msgspec.Struct, frozen=True):
    """A registry that is asked before another one for that one's images."""

    registry: str
    """The registry that it mirrors: ``docker.io``."""
    url: str
    """``https://HOST:PORT/PREFIX``; the prefix is put before a repository's name, and may be empty."""


class RegistrySettings(msgspec.Struct, frozen=True):
    """How registries are reached."""

    mirrors: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """The URLs of a registry's mirrors, in the order in which they are asked."""
    insecure: frozenset[str] = frozenset()
    """Registries (``HOST:PORT``) whose certificate is not verified, and which may speak plain HTTP. Those on loopback
    are always treated so."""
    docker_config: Path | None = None
    """Docker's ``config.json``; None = no credentials from there."""
    certificates: Path = CERTIFICATES


def parse_mirror(text: str) -> Mirror:
    """The mirror that ``REGISTRY=URL`` says. Raises BadMirror."""
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
    """Whether the text is a registry's ``HOST`` or ``HOST:PORT`` as references have it."""
    try:
        return parse_reference(f"{text}/name").registry == text
    except BadReference:
        return False
