"""Which addresses each version of an endpoint resource stood for.

So that a proxy's word "I have version v" becomes "I may send to these addresses". The last versions of
each name are remembered; about an older one, or one from before a restart of the control plane, the
answer is the careful one: it may contain anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

from moyai.mesh.ir import EndpointGroup

_KEPT = 32
"""Versions a name. A proxy is one version behind for milliseconds; many behind means it is cut off."""

Endpoint = tuple[str, int]
"""Address and port."""


Owner = TypeVar("Owner")


class Places(Generic[Owner]):
    """Which resources have an endpoint in their newest version, whoever's they are: an owner's and its name."""

    def __init__(self) -> None:
        self._found: dict[Endpoint, set[tuple[Owner, str]]] = {}

    def at(self, endpoint: Endpoint) -> AbstractSet[tuple[Owner, str]]:
        """Those that have it."""
        return self._found.get(endpoint, frozenset())

    def enter(self, endpoints: Iterable[Endpoint], owner: Owner, name: str) -> None:
        """The resource has these now."""
        for endpoint in endpoints:
            self._found.setdefault(endpoint, set()).add((owner, name))

    def leave(self, endpoints: Iterable[Endpoint], owner: Owner, name: str) -> None:
        """The resource has these no more."""
        for endpoint in endpoints:
            resources = self._found[endpoint]
            resources.discard((owner, name))
            if not resources:
                del self._found[endpoint]


class EndpointHistory(Generic[Owner]):
    """Versions of an owner's endpoint resources, and what was in them. What is newest is told to ``places``."""

    def __init__(self, places: Places[Owner], owner: Owner) -> None:
        self._places = places
        self._owner = owner
        self._versions: dict[str, dict[str, frozenset[Endpoint]]] = {}
        """By name, the newest last."""

    def add(self, name: str, version: str, group: EndpointGroup) -> None:
        """``group`` is what this version, now the newest, was made from."""
        versions = self._versions.setdefault(name, {})
        before = _last(versions)
        now = versions.pop(version, None) or frozenset((member.address, member.port) for member in group.members)
        versions[version] = now
        if len(versions) > _KEPT:
            del versions[next(iter(versions))]
        self._places.leave(before - now, self._owner, name)
        self._places.enter(now - before, self._owner, name)

    def forget(self, names: Iterable[str]) -> None:
        """Nobody can call these any more."""
        for name in names:
            self._places.leave(_last(self._versions.pop(name, {})), self._owner, name)

    def may_contain(self, name: str, version: str, endpoint: Endpoint) -> bool:
        """Whether a proxy that has this version may send to the endpoint."""
        versions = self._versions.get(name)
        if versions is None:
            return False
        members = versions.get(version)
        return members is None or endpoint in members


def _last(versions: dict[str, frozenset[Endpoint]]) -> frozenset[Endpoint]:
    return versions[next(reversed(versions))] if versions else frozenset()
