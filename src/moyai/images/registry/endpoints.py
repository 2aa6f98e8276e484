"""Where a registry's images are asked for: its mirrors first, then itself.

Promise: pure. As in Docker Engine, only a registry on loopback, or one that the user calls insecure, may speak plain
HTTP or have a certificate that nobody vouches for.
Source: https://docs.docker.com/reference/cli/dockerd/#insecure-registries
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import msgspec

from moyai.images.reference import DOCKER_HUB
from moyai.images.registry.settings import RegistrySettings

_DOCKER_HUB_HOST: Final = "registry-1.docker.io"


class RegistryEndpoint(msgspec.Struct, frozen=True):
    """A server of the registry protocol."""

    registry: str
    """The name that its credentials are kept under."""
    host: str
    """``HOST`` or ``HOST:PORT`` of its URLs."""
    schemes: tuple[str, ...] = ("https",)
    """The schemes that it may be spoken to with, the preferred one first."""
    is_verified: bool = True
    """Whether its certificate is verified."""
    prefix: str = ""
    """The prefix of a repository's name: ``dockerhub/``."""
    is_mirror: bool = False

    @property
    def is_loopback(self) -> bool:
        """Whether its host is this machine, by its name."""
        return is_loopback(self.host)

    def path(self, repository: str, kind: str, name: str) -> str:
        """The path of a manifest or blob (``kind``: ``manifests``, ``blobs``)."""
        return f"/v2/{self.prefix}{repository}/{kind}/{name}"

    def scope(self, repository: str) -> str:
        """The scope of a token with which a repository can be read."""
        return f"repository:{self.prefix}{repository}:pull"


def endpoints_of(registry: str, settings: RegistrySettings) -> tuple[RegistryEndpoint, ...]:
    """The servers to ask for the registry's images, in this order."""
    mirrors = tuple(_mirror(url, settings) for url in settings.mirrors.get(registry, ()))
    host = _DOCKER_HUB_HOST if registry == DOCKER_HUB else registry
    is_insecure = is_loopback(host) or registry in settings.insecure
    schemes = ("https", "http") if is_insecure else ("https",)
    return (*mirrors, RegistryEndpoint(registry, host, schemes, not is_insecure))


def is_loopback(host: str) -> bool:
    """Whether ``HOST`` or ``HOST:PORT`` is this machine, by its name."""
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def _mirror(url: str, settings: RegistrySettings) -> RegistryEndpoint:
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    is_insecure = is_loopback(parts.netloc) or parts.netloc in settings.insecure
    return RegistryEndpoint(
        registry=parts.netloc,
        host=parts.netloc,
        schemes=(parts.scheme,),
        is_verified=not is_insecure,
        prefix=f"{prefix}/" if prefix else "",
        is_mirror=True,
    )
