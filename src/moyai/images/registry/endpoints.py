"""The servers from which a registry's images are requested: its mirrors first, then the registry itself.

Promise: pure. As in Docker Engine, only a registry on loopback, or one that the user has configured as insecure, may
use plain HTTP or have a certificate that can't be verified.
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
    """The registry's name, for which credentials are looked up."""
    host: str
    """The ``HOST`` or ``HOST:PORT`` of the server's URLs."""
    schemes: tuple[str, ...] = ("https",)
    """The schemes that may be used, the preferred one first."""
    is_verified: bool = True
    """Whether the server's certificate is verified."""
    prefix: str = ""
    """The prefix for names of repositories, such as ``dockerhub/``."""

    @property
    def is_loopback(self) -> bool:
        """Whether the host's name or address is one of loopback."""
        return is_loopback(self.host)

    def path(self, repository: str, kind: str, name: str) -> str:
        """The path of a manifest or blob. ``kind``: ``manifests`` or ``blobs``."""
        return f"/v2/{self.prefix}{repository}/{kind}/{name}"

    def scope(self, repository: str) -> str:
        """The scope of a token that allows to pull from a repository."""
        return f"repository:{self.prefix}{repository}:pull"


def endpoints_of(registry: str, settings: RegistrySettings) -> tuple[RegistryEndpoint, ...]:
    """The servers for the registry's images, in the order in which they are asked."""
    mirrors = tuple(_mirror(url, settings) for url in settings.mirrors.get(registry, ()))
    host = _DOCKER_HUB_HOST if registry == DOCKER_HUB else registry
    is_insecure = is_loopback(host) or registry in settings.insecure
    schemes = ("https", "http") if is_insecure else ("https",)
    return (*mirrors, RegistryEndpoint(registry, host, schemes, not is_insecure))


def is_loopback(host: str) -> bool:
    """Whether ``HOST`` or ``HOST:PORT`` is localhost or a loopback address."""
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
    )
