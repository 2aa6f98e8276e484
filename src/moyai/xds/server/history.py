"""Which addresses each version of an endpoint resource stood for.

So that a proxy's word "I have version v" becomes "I may send to these addresses". The last versions of
each name are remembered; about an older one, or one from before a restart of the control plane, the
answer is the careful one: it may contain anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from moyai.mesh.ir import EndpointGroup

_KEPT = 32
"""Versions a name. A proxy is one version behind for milliseconds; many behind means it is cut off."""

Endpoint = tuple[str, int]
"""Address and port."""


class EndpointHistory:
    """Versions of endpoint resources, and what was in them."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, frozenset[Endpoint]]] = {}
        """By name, the newest last."""
        self._newest: dict[Endpoint, set[str]] = {}
        """The names whose newest version has an endpoint."""

    def add(self, name: str, version: str, group: EndpointGroup) -> None:
        """``group`` is what this version, now the newest, was made from."""
        versions = self._versions.setdefault(name, {})
        before = _last(versions)
        now = versions.pop(version, None) or frozenset((member.address, member.port) for member in group.members)
        versions[version] = now
        if len(versions) > _KEPT:
            del versions[next(iter(versions))]
        self._leave(name, before - now)
        for endpoint in now - before:
            self._newest.setdefault(endpoint, set()).add(name)

    def forget(self, names: Iterable[str]) -> None:
        """Nobody can call these any more."""
        for name in names:
            self._leave(name, _last(self._versions.pop(name, {})))

    def names_with(self, endpoint: Endpoint) -> AbstractSet[str]:
        """The resources whose newest version has the endpoint."""
        return self._newest.get(endpoint, frozenset())

    def may_contain(self, name: str, version: str, endpoint: Endpoint) -> bool:
        """Whether a proxy that has this version may send to the endpoint."""
        versions = self._versions.get(name)
        if versions is None:
            return False
        members = versions.get(version)
        return members is None or endpoint in members

    def _leave(self, name: str, endpoints: frozenset[Endpoint]) -> None:
        for endpoint in endpoints:
            names = self._newest[endpoint]
            names.discard(name)
            if not names:
                del self._newest[endpoint]


def _last(versions: dict[str, frozenset[Endpoint]]) -> frozenset[Endpoint]:
    return versions[next(reversed(versions))] if versions else frozenset()
