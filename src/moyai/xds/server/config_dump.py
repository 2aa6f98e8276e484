"""The configuration of a workload's proxies, in the form of Envoy's own ``/config_dump``.

Promise: the dump has the dynamic resources only, and only the names of secrets.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/admin/v3/config_dump.proto
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
from google.protobuf import json_format

from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot

_SECTIONS: Mapping[ResourceType, tuple[str, str]] = MappingProxyType(
    {
        ResourceType.LISTENER: ("dynamic_listeners", "listener"),
        ResourceType.ROUTE: ("dynamic_route_configs", "route_config"),
        ResourceType.CLUSTER: ("dynamic_active_clusters", "cluster"),
        ResourceType.ENDPOINT: ("dynamic_endpoint_configs", "endpoint_config"),
    }
)


def config_dump(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot as a config dump."""
    configs: list[dict[str, Any]] = []
    for type_, (section, member) in _SECTIONS.items():
        resources = [resource for _, resource in sorted(snapshot[type_].items())]
        configs.append({section: [_entry(type_, member, resource) for resource in resources]})
    configs.append({"dynamic_active_secrets": [{"name": name} for name in sorted(snapshot[ResourceType.SECRET])]})
    return {"configs": configs}


def _entry(type_: ResourceType, member: str, resource: EncodedResource) -> dict[str, Any]:
    state = {"version_info": resource.version, member: _decode(resource)}
    return {"name": resource.name, "active_state": state} if type_ is ResourceType.LISTENER else state


def _decode(resource: EncodedResource) -> dict[str, Any]:
    envelope = DeltaDiscoveryResponse.FromString(resource.delta_frame).resources[0]
    body: dict[str, Any] = json_format.MessageToDict(envelope.resource, preserving_proto_field_name=True)
    return body
