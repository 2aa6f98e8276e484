"""What a workload's proxies are given, as Envoy's own ``/config_dump`` has it.

Promise: what is dynamic in a dump, and nothing else; of a secret only its name.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/admin/v3/config_dump.proto
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from google.protobuf.json_format import MessageToDict

from moyai.xds.server.resource import Kind, Resource, Snapshot

_SECTIONS: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.LISTENER: ("dynamic_listeners", "listener"),
        Kind.ROUTE: ("dynamic_route_configs", "route_config"),
        Kind.CLUSTER: ("dynamic_active_clusters", "cluster"),
        Kind.ENDPOINT: ("dynamic_endpoint_configs", "endpoint_config"),
    }
)


def config_dump(snapshot: Snapshot) -> dict[str, Any]:
    """The dump of a snapshot."""
    found: list[dict[str, Any]] = []
    for kind, (section, member) in _SECTIONS.items():
        found.append({section: [_entry(kind, member, resource) for _, resource in sorted(snapshot[kind].items())]})
    found.append({"dynamic_active_secrets": [{"name": name} for name in sorted(snapshot[Kind.SECRET])]})
    return {"configs": found}


def _entry(kind: Kind, member: str, resource: Resource) -> dict[str, Any]:
    state = {"version_info": resource.version, member: _plain(resource)}
    return {"name": resource.name, "active_state": state} if kind is Kind.LISTENER else state


def _plain(resource: Resource) -> dict[str, Any]:
    envelope = DeltaDiscoveryResponse.FromString(resource.frame).resources[0]
    plain: dict[str, Any] = MessageToDict(envelope.resource, preserving_proto_field_name=True)
    return plain
