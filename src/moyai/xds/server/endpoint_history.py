"""The addresses that each version of an endpoint resource contained.

The feed looks up the addresses to which a proxy may send, by the version that the proxy has acknowledged. The newest
versions of each resource are kept. An unknown version, older or from before a restart of the control plane, is assumed
to contain any address.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from moyai.mesh.ir import EndpointGroup

_MAX_VERSIONS = 32
"""The most versions of a resource. A connected proxy is behind by few versions, and only for milliseconds."""

Endpoint = tuple[str, int]
"""Address and port."""


Owner = TypeVar("Owner")


class EndpointIndex(Generic[Owner]):
    """Finds, for all owners, the endpoint resources whose newest version contains an address."""

    def __init__(self) -> None:
        self._resources: dict[Endpoint, set[tuple[Owner, str]]] = {}

    def resources_with(self, endpoint: Endpoint) -> AbstractSet[tuple[Owner, str]]:
        """The resources that contain this endpoint, as (owner, resource name)."""
        return self._resources.get(endpoint, frozenset())

    def add(self, endpoints: Iterable[Endpoint], owner: Owner, name: str) -> None:
        """Note that the resource contains these endpoints."""
        for endpoint in endpoints:
            self._resources.setdefault(endpoint, set()).add((owner, name))

    def remove(self, endpoints: Iterable[Endpoint], owner: Owner, name: str) -> None:
        """Note that the resource no longer contains these endpoints."""
        for endpoint in endpoints:
            resources = self._resources[endpoint]
            resources.discard((owner, name))
            if not resources:
                del self._resources[endpoint]


class EndpointHistory(Generic[Owner]):
    """The versions of one owner's endpoint resources with their addresses; keeps ``index`` up to date."""

    def __init__(self, index: EndpointIndex[Owner], owner: Owner) -> None:
        self._index = index
        self._owner = owner
        self._versions: dict[str, dict[str, frozenset[Endpoint]]] = {}
        """The endpoints by resource name and version; the newest version is the last."""

    def add(self, name: str, version: str, group: EndpointGroup) -> None:
        """Record ``group`` as the content of this version, which is now the newest."""
        versions = self._versions.setdefault(name, {})
        former = _newest(versions)
        current = versions.pop(version, None) or frozenset((member.address, member.port) for member in group.members)
        versions[version] = current
        if len(versions) > _MAX_VERSIONS:
            del versions[next(iter(versions))]
        self._index.remove(former - current, self._owner, name)
        self._index.add(current - former, self._owner, name)

    def forget(self, names: Iterable[str]) -> None:
        """Drop resources that no proxy of the owner can use any more."""
        for name in names:
            self._index.remove(_newest(self._versions.pop(name, {})), self._owner, name)

    def may_contain(self, name: str, version: str, endpoint: Endpoint) -> bool:
        """Whether a proxy that has this version may send to the endpoint."""
        versions = self._versions.get(name)
        if versions is None:
            return False
        members = versions.get(version)
        return members is None or endpoint in members


def _newest(versions: dict[str, frozenset[Endpoint]]) -> frozenset[Endpoint]:
    return versions[next(reversed(versions))] if versions else frozenset()
