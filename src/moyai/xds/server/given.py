"""What proxies that are led as one workload were given lately, whole, by its version.

One that comes back on a new state-of-the-world stream says no more than the version that it took last; what was in it
is known from here, as long as this process lives. Secrets are not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.xds.server.resource import Kind, Resource

_KEPT: Final = 16
"""Versions a type. Nothing is sent to a proxy that is away, so the last one that it took is among the newest."""


class Given:
    """The last versions of each type."""

    def __init__(self) -> None:
        self._versions: dict[Kind, dict[str, Mapping[str, Resource]]] = {kind: {} for kind in Kind}
        """The newest last."""

    def add(self, kind: Kind, version: str, whole: Mapping[str, Resource]) -> None:
        """A proxy that takes this version of a type has all of this."""
        versions = self._versions[kind]
        versions.pop(version, None)
        versions[version] = whole
        if len(versions) > _KEPT:
            del versions[next(iter(versions))]

    def find(self, kind: Kind, version: str) -> Mapping[str, Resource]:
        """What a proxy has of a type, at least, that took this version last; nothing when that isn't known."""
        return self._versions[kind].get(version, {})
