"""The effects of an IP preference on DNS, on the addresses of Cloud Map instances, on the application and on listeners.

Promise: a virtual node's own preference has precedence over the mesh's, for its proxy and for its callers; a gateway
has the mesh's. To have no preference is a separate choice: it equals none of the four values.
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
from moyai.mesh.ir import DnsLookupFamily

_ANY_IPV4, _ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104  (inside a task's own network namespace)
_V4, _V6 = INSTANCE_IPV4, INSTANCE_IPV6


class IpAddressing(NamedTuple):
    """The consequences of a preference. ``attributes``: the instance attributes with an address, the preferred one
    first; ``everywhere``: the listening address for other tasks; ``egress``: the one for the proxy's own application.
    """

    family: DnsLookupFamily = DnsLookupFamily.UNSET
    attributes: tuple[str, ...] = (_V4, _V6)
    everywhere: str = _ANY_IPV4
    egress: str = "127.0.0.1"


_NO_PREFERENCE: Final = IpAddressing()
_BY_PREFERENCE: Mapping[IpPreference, IpAddressing] = MappingProxyType(
    {
        IpPreference.IPV4_PREFERRED: IpAddressing(
            DnsLookupFamily.IPV4_PREFERRED, everywhere=_ANY_IPV6, egress=_ANY_IPV6
        ),
        IpPreference.IPV6_PREFERRED: IpAddressing(DnsLookupFamily.UNSET, (_V6, _V4), _ANY_IPV6, _ANY_IPV6),
        IpPreference.IPV4_ONLY: IpAddressing(DnsLookupFamily.IPV4_ONLY, (_V4,), everywhere=_ANY_IPV6, egress=_ANY_IPV6),
        IpPreference.IPV6_ONLY: IpAddressing(DnsLookupFamily.IPV6_ONLY, (_V6,), _ANY_IPV6, _ANY_IPV6),
    }
)


def ip_addressing(mesh: Mesh, node: VirtualNode | None = None) -> IpAddressing:
    """The IP addressing of a virtual node, or of the mesh's gateways."""
    preference = ip_preference(mesh, node)
    return _NO_PREFERENCE if preference is None else _BY_PREFERENCE[preference]
