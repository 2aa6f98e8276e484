"""Endpoint groups as ClusterLoadAssignments: by zone, in a fixed order; no members is an answer too."""

from __future__ import annotations

from itertools import groupby

from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from moyai.mesh.ir import EndpointGroup, Member
from moyai.xds.translate import names


def load_assignment(group: EndpointGroup) -> endpoint_pb2.ClusterLoadAssignment:
    """Who answers for the group."""
    members = sorted(group.members)
    return endpoint_pb2.ClusterLoadAssignment(
        cluster_name=names.endpoints(group.name),
        endpoints=[
            endpoint_components_pb2.LocalityLbEndpoints(
                locality=base_pb2.Locality(zone=zone), lb_endpoints=[_endpoint(m) for m in inside]
            )
            for zone, inside in groupby(members, key=lambda m: m.zone)
        ],
    )


def socket_address(address: str, port: int) -> address_pb2.Address:
    """An address with a port."""
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=address, port_value=port))


def bound(address: str, port: int) -> address_pb2.Address:
    """An address to listen at; one of IPv6 takes IPv4 as well where the machine can."""
    found = socket_address(address, port)
    found.socket_address.ipv4_compat = ":" in address
    return found


def _endpoint(member: Member) -> endpoint_components_pb2.LbEndpoint:
    address = socket_address(member.address, member.port)
    found = endpoint_components_pb2.LbEndpoint(endpoint=endpoint_components_pb2.Endpoint(address=address))
    if member.issuer:
        found.metadata.filter_metadata[names.MATCH][names.ISSUER] = member.issuer
    return found
