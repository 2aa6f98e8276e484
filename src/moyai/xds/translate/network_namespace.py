"""Network namespaces of workloads in Envoy's messages, for an Envoy that serves several workloads."""

from __future__ import annotations

from envoy.config.core.v3 import address_pb2

from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.placement import WorkloadPlace

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 (the kernel chooses the address that the route has)


def enter(address: address_pb2.Address, place: WorkloadPlace | None) -> None:
    """Make an address one of the workload's namespace."""
    if place is not None:
        address.socket_address.network_namespace_filepath = place.namespace


def bind_inside(place: WorkloadPlace, address: str) -> address_pb2.BindConfig:
    """The source of connections that are made in the workload's namespace, from this address."""
    source = socket_address(address, 0)
    enter(source, place)
    return address_pb2.BindConfig(source_address=source.socket_address)
