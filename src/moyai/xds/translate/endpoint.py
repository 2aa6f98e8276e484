"""Addresses, and endpoint groups as ClusterLoadAssignments: by zone, in a fixed order.

In a host's Envoy, the address of an endpoint on this host is the internal listener of its workload's port.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import groupby
from typing import Final

from envoy.config.core.v3 import address_pb2, base_pb2, health_check_pb2
from envoy.config.endpoint.v3 import endpoint_components_pb2, endpoint_pb2

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import EndpointGroup, Member
from moyai.xds.translate import names
from moyai.xds.translate.placement import Placement, WorkloadPlace
from moyai.xds.translate.target_counts import name_target

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (the kernel chooses the address)

_KEPT_ENDPOINTS: Final = 2048
_KEPT_ZONES: Final = 64


def load_assignment(group: EndpointGroup, placement: Placement | None = None) -> endpoint_pb2.ClusterLoadAssignment:
    """The endpoints of a group. A group without members has an assignment too, so that its cluster is ready."""
    assignment = endpoint_pb2.ClusterLoadAssignment(cluster_name=names.endpoints(group.name))
    weights = dict(group.weights)
    for name, inside in groupby(sorted(group.members), key=lambda m: m.zone):
        members = tuple((member, _place(member, placement)) for member in inside)
        zone = assignment.endpoints.add()
        zone.CopyFrom(_zone(name, members, group.checked_by_address))
        if weights:  # a zone without one has a lower priority
            zone.load_balancing_weight.value = weights.get(name, len(members))
            zone.priority = 0 if name in weights else 1
    return assignment


def empty_assignment(name: str) -> endpoint_pb2.ClusterLoadAssignment:
    """An assignment without endpoints: requests to the cluster fail at once."""
    return endpoint_pb2.ClusterLoadAssignment(cluster_name=name)


def socket_address(address: str, port: int) -> address_pb2.Address:
    """An address with a TCP port."""
    return address_pb2.Address(socket_address=address_pb2.SocketAddress(address=address, port_value=port))


def listen_address(address: str, port: int) -> address_pb2.Address:
    """An address to listen on; an IPv6 address accepts IPv4 connections as well where the machine allows it."""
    listen = socket_address(address, port)
    listen.socket_address.ipv4_compat = ":" in address
    return listen


@lru_cache(_KEPT_ZONES)
def _zone(
    name: str,
    members: tuple[tuple[Member, WorkloadPlace | None], ...],
    checked_by_address: bool,  # noqa: FBT001 (private)
) -> endpoint_components_pb2.LocalityLbEndpoints:
    """The endpoints of a zone, without a weight. It is kept, because the variants of a group have the same zones, and
    copying a zone is much faster than adding endpoints to it.
    """
    return endpoint_components_pb2.LocalityLbEndpoints(
        locality=base_pb2.Locality(zone=name),
        lb_endpoints=[_endpoint(member, place, checked_by_address) for member, place in members],
    )


def _place(member: Member, placement: Placement | None) -> WorkloadPlace | None:
    return None if placement is None else placement.get(WorkloadId(member.workload))


@lru_cache(_KEPT_ENDPOINTS)
def _endpoint(
    member: Member,
    place: WorkloadPlace | None,
    checked_by_address: bool,  # noqa: FBT001 (private)
) -> endpoint_components_pb2.LbEndpoint:
    """An endpoint, which the messages that contain it copy. It is kept, because most of a zone's endpoints stay when
    one comes or goes.
    """
    address = socket_address(member.address, member.port) if place is None else _internal_address(member)
    endpoint = endpoint_components_pb2.LbEndpoint(endpoint=endpoint_components_pb2.Endpoint(address=address))
    if place is not None:
        endpoint.metadata.filter_metadata[names.MATCH][names.LOCAL] = True
        name_target(endpoint.metadata, member.stat_name, place)
    elif member.issuer:
        endpoint.metadata.filter_metadata[names.MATCH][names.ISSUER] = member.issuer
    if member.draining:
        endpoint.health_status = health_check_pb2.DRAINING
    if checked_by_address:
        host = f"[{member.address}]" if ":" in member.address else member.address
        endpoint.endpoint.health_check_config.hostname = f"{host}:{member.port}"
    return endpoint


def _internal_address(member: Member) -> address_pb2.Address:
    """The internal listener of a member. Its id, which logs show, is the member's address and port."""
    internal = address_pb2.EnvoyInternalAddress(
        server_listener_name=names.pass_listener(member.workload, member.workload_port),
        endpoint_id=f"{member.address}:{member.port}",
    )
    return address_pb2.Address(envoy_internal_address=internal)


def enter(address: address_pb2.Address, place: WorkloadPlace | None) -> None:
    """Bind an address to the workload's network namespace."""
    if place is not None:
        address.socket_address.network_namespace_filepath = place.namespace


def bind_inside(place: WorkloadPlace, address: str) -> address_pb2.BindConfig:
    """The source of connections that are made in the workload's namespace, from this address."""
    source = socket_address(address, 0)
    enter(source, place)
    return address_pb2.BindConfig(source_address=source.socket_address)
