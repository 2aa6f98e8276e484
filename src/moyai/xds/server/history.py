"""Which addresses each version of an endpoint resource stood for.

So that a proxy's word "I have version v" becomes "I may send to these addresses". The last versions of
each name are remembered; about an older one, or one from before a restart of the control plane, the
answer is the careful one: it may contain anything.
"""

from __future__ import annotations

from moyai.mesh.ir import EndpointGroup

_KEPT = 32
"""Versions a name. A proxy is one version behind for milliseconds; many behind means it is cut off."""

Endpoint = tuple[str, int]
"""Address and port."""


class EndpointHistory:
    """Versions of endpoint resources, and what was in them."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, frozenset[Endpoint]]] = {}

    def add(self, name: str, version: str, group: EndpointGroup) -> None:
        """``group`` is what this version was made from."""
        versions = self._versions.setdefault(name, {})
        if version not in versions:
            versions[version] = frozenset((member.address, member.port) for member in group.members)
            if len(versions) > _KEPT:
                del versions[next(iter(versions))]

    def keep_only(self, names: set[str]) -> None:
        """Forget every other name: nobody can call it any more."""
        for name in self._versions.keys() - names:
            del self._versions[name]

    def may_contain(self, name: str, version: str | None, endpoint: Endpoint) -> bool:
        """Whether a proxy that has this version (None = an uncertain one) may send to the endpoint."""
        versions = self._versions.get(name)
        if versions is None:
            return False
        members = None if version is None else versions.get(version)
        return members is None or endpoint in members
