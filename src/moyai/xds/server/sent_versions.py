"""The contents of the response versions that were sent lately to external proxies of one workload.

A proxy that reconnects on a state-of-the-world stream reports only the version that it accepted last. As long as this
process lives, the contents of that version can be looked up here, and the proxy is not sent what it already has.
Secrets are not recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.xds.server.resource import EncodedResource, ResourceType

_MAX_VERSIONS: Final = 16
"""The most versions of each type. A disconnected proxy is sent nothing, so the version that it accepted last is among
the newest.
"""


class SentVersions:
    """The newest versions of each resource type, with all resources that a proxy has once it accepts them."""

    def __init__(self) -> None:
        self._versions: dict[ResourceType, dict[str, Mapping[str, EncodedResource]]] = {t: {} for t in ResourceType}
        """The resources by type and version; the newest version is the last."""

    def add(self, type_: ResourceType, version: str, resources: Mapping[str, EncodedResource]) -> None:
        """Record that a proxy which accepts this version has all of these resources."""
        versions = self._versions[type_]
        versions.pop(version, None)
        versions[version] = resources
        if len(versions) > _MAX_VERSIONS:
            del versions[next(iter(versions))]

    def find(self, type_: ResourceType, version: str) -> Mapping[str, EncodedResource]:
        """The resources that a proxy which accepted this version has at least; none when the version is unknown."""
        return self._versions[type_].get(version, {})
