"""IPv4 or IPv6: what a preference means for DNS, for Cloud Map's addresses, for the application and for listeners.

Promise: a virtual node's own word counts before the mesh's, for its proxy and for those that call it; a gateway has the
mesh's. Not to say anything is a choice of its own.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_MeshServiceDiscovery.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.appmesh.discovery import IpPreference
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_IPV6
from moyai.domain.queries.app_mesh import ip_preference
from moyai.mesh.ir import Family

EVERYWHERE, _EVERYWHERE6 = "0.0.0.0", "::"  # noqa: S104  (inside a task's own network namespace)
_FOUR, _SIX = INSTANCE_IPV4, INSTANCE_IPV6


class Addresses(NamedTuple):
    """What a preference comes to. ``attributes``: those of an instance that have its address, the better first;
    ``egress``: where a proxy takes connections from its own application.
    """

    family: Family = Family.UNSET
    attributes: tuple[str, ...] = (_FOUR, _SIX)
    everywhere: str = EVERYWHERE
    egress: str = "127.0.0.1"


_UNSAID: Final = Addresses()
_BY_PREFERENCE: Mapping[IpPreference, Addresses] = MappingProxyType(
    {
        IpPreference.IPV4_PREFERRED: Addresses(Family.IPV4_PREFERRED, everywhere=_EVERYWHERE6, egress=_EVERYWHERE6),
        IpPreference.IPV6_PREFERRED: Addresses(Family.UNSET, (_SIX, _FOUR), _EVERYWHERE6, _EVERYWHERE6),
        IpPreference.IPV4_ONLY: Addresses(Family.IPV4_ONLY, (_FOUR,), everywhere=_EVERYWHERE6, egress=_EVERYWHERE6),
        IpPreference.IPV6_ONLY: Addresses(Family.IPV6_ONLY, (_SIX,), _EVERYWHERE6, _EVERYWHERE6),
    }
)


def addresses(mesh: Mesh, node: VirtualNode | None = None) -> Addresses:
    """Of a virtual node; of a gateway without one."""
    preference = ip_preference(mesh, node)
    return _UNSAID if preference is None else _BY_PREFERENCE[preference]
