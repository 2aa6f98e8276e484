"""Meshes whose callers reach services by their host names, in few words; made for the namespace of ``envoy_rig``.

The caller's connections to 10.10.10.0/24 and fd10::/64 are captured; a node is an application on 127.0.0.1, behind the
proxy that connections to its address of 10.99.0.0/24 are redirected to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Certificate,
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    InboundPort,
    Member,
    MeshIR,
    OriginalDestinationSource,
    OutboundPort,
    OutboundView,
    Protocol,
    RouteRule,
    TimeoutPolicy,
    VirtualHost,
    WeightedDestination,
    Workload,
)

CALLER, ONE, TWO, GATEWAY = (WorkloadId(name) for name in ("caller", "one", "two", "gateway"))
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
ANYWHERE, ANYWHERE_6 = "10.10.10.1", "fd10::1"
"""What every name stands for: nobody dials it."""
REDIRECTS = {"10.99.0.1:8081": 15101, "10.99.0.1:8083": 15101, "10.99.0.2:8082": 15102}
CAPTURED = {"10.10.10.0/24": 15001, "fd10::/64": 15001}
PLACES = {"one": Member("a", "10.99.0.1", 8081), "two": Member("a", "10.99.0.2", 8082)}
PASS = Destination("pass", OriginalDestinationSource(), Protocol.HTTP, 1, label="cds_egress_shop_mesh-allow-all")


def to(name: str, **settings: Any) -> Destination:
    """The group of this name."""
    return Destination(
        name, EndpointGroupSource(name), Protocol.HTTP, 1, label=f"cds_egress_shop_{name}_http_80", **settings
    )


def rule(*targets: str | WeightedDestination, **settings: Any) -> RouteRule:
    """Requests to these destinations, with some timeouts."""
    among = tuple(WeightedDestination(target) if isinstance(target, str) else target for target in targets)
    return RouteRule(among, **{"timeouts": TIMEOUTS, **settings})


def host(name: str, *rules: RouteRule) -> VirtualHost:
    """A service on port 80."""
    return VirtualHost(name, (name, f"{name}:80"), rules)


def http(*hosts: VirtualHost, port: int = 80) -> OutboundPort:
    """A port that requests go out by."""
    return OutboundPort(port, Protocol.HTTP, hosts, "egress", 300, f"rds_egress_http_{port}")


def caller(*ports: OutboundPort, **view: Any) -> Workload:
    """The virtual node that calls."""
    outbound_view = OutboundView(ports=ports, **view)
    return Workload(
        CALLER, "a", 15000, 15001, outbound=outbound_view, egress_label="lds_egress_0.0.0.0_15001", normal_paths=True
    )


def node(workload: WorkloadId, **settings: Any) -> Workload:
    """One of the two that answer, at 8081 and 8082."""
    number = 1 if workload is ONE else 2
    port = 8080 + number
    inbound = InboundPort(
        port, Protocol.HTTP, TIMEOUTS, 0.25, "ingress", cluster_label=f"cds_ingress_{workload}_http_{port}", **settings
    )
    return Workload(
        workload, "a", 15100 + number, 15990 + number, (inbound,), ingress_label=f"lds_ingress_0.0.0.0_{15100 + number}"
    )


def mesh(
    *workloads: Workload,
    destinations: Iterable[Destination],
    certificates: Iterable[Certificate] = (),
    groups: Mapping[str, tuple[Member, ...]] = MappingProxyType({}),
) -> MeshIR:
    """All of it; a destination's group is made of the node of its name where nothing else is said."""
    groups_by_name = {name: (place,) for name, place in PLACES.items()} | dict(groups)
    return MeshIR(
        workloads={w.id: w for w in workloads},
        destinations={d.name: d for d in destinations},
        groups={name: EndpointGroup(name, members) for name, members in groups_by_name.items()},
        certificates={c.name: c for c in certificates},
    )
