"""The sources of a proxy's resources and of a cluster's endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, config_source_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from moyai.mesh.ir import (
    DnsLookupFamily,
    DnsSource,
    EndpointGroupSource,
    FixedSource,
    OriginalDestinationSource,
    Source,
)
from moyai.xds.translate import names
from moyai.xds.translate.endpoint import socket_address

_FAMILIES: Mapping[DnsLookupFamily, cluster_pb2.Cluster.DnsLookupFamily] = MappingProxyType(
    {
        DnsLookupFamily.UNSET: cluster_pb2.Cluster.AUTO,
        DnsLookupFamily.IPV4_PREFERRED: cluster_pb2.Cluster.V4_PREFERRED,
        DnsLookupFamily.IPV4_ONLY: cluster_pb2.Cluster.V4_ONLY,
        DnsLookupFamily.IPV6_ONLY: cluster_pb2.Cluster.V6_ONLY,
    }
)


def ads_source() -> config_source_pb2.ConfigSource:
    """The configuration source for resources from the proxy's ADS stream."""
    return config_source_pb2.ConfigSource(
        ads=config_source_pb2.AggregatedConfigSource(), resource_api_version=config_source_pb2.ApiVersion.V3
    )


def set_endpoint_source(cluster: cluster_pb2.Cluster, source: Source) -> None:
    """Configure the discovery of a cluster's endpoints."""
    match source:
        case EndpointGroupSource(group):
            cluster.type = cluster_pb2.Cluster.EDS
            cluster.eds_cluster_config.eds_config.CopyFrom(ads_source())
            cluster.eds_cluster_config.service_name = names.endpoints(group)
        case DnsSource(hostname, port, each_address, family):
            cluster.type = cluster_pb2.Cluster.STRICT_DNS if each_address else cluster_pb2.Cluster.LOGICAL_DNS
            cluster.dns_lookup_family = _FAMILIES[family]
            cluster.load_assignment.CopyFrom(single_endpoint(cluster.name, socket_address(hostname, port)))
        case FixedSource(address, port):
            cluster.type = cluster_pb2.Cluster.STATIC
            cluster.load_assignment.CopyFrom(single_endpoint(cluster.name, socket_address(address, port)))
        case OriginalDestinationSource():
            cluster.type = cluster_pb2.Cluster.ORIGINAL_DST
            cluster.lb_policy = cluster_pb2.Cluster.CLUSTER_PROVIDED


def single_endpoint(name: str, address: address_pb2.Address) -> endpoint_pb2.ClusterLoadAssignment:
    """An assignment with one endpoint."""
    endpoint = endpoint_components_pb2.Endpoint(address=address)
    host = endpoint_components_pb2.LbEndpoint(endpoint=endpoint)
    locality = endpoint_components_pb2.LocalityLbEndpoints(lb_endpoints=[host])
    return endpoint_pb2.ClusterLoadAssignment(cluster_name=name, endpoints=[locality])
