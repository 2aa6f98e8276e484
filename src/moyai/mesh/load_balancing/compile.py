"""Compiles the front proxy of a VPC: the listeners of all its load balancers, and the target groups that they use.

Promise: a VPC without load balancers has no workload. A target group that no rule uses is left out, so that its targets
are neither called nor checked. A changed rule changes the routes of its listener, and a target the endpoints of its
group. Each load balancer is compiled for itself, as target groups belong to one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec.structs import replace

from moyai.domain.elb.front import HEALTH_EVENTS, front_workload
from moyai.domain.sandbox.open_files import MOST, OpenLimits, equal_part
from moyai.domain.world import World
from moyai.kernel.ids import LoadBalancerArn, VpcId
from moyai.mesh.ir import (
    ConnectionLimits,
    Destination,
    FrontListener,
    MeshIR,
    Protocol,
    StreamFront,
    StreamSplit,
    Transport,
    Workload,
)
from moyai.mesh.load_balancing.listeners import add_listener
from moyai.mesh.load_balancing.shard import FrontBuilder

_SMALLER: Final = 8
"""How much smaller the part of a target group is whose connections carry many requests at a time: it needs about one
for each target, unless targets allow few requests in each.
"""


def compile_front(world: World, vpc: VpcId, health_events: str = HEALTH_EVENTS, limits: OpenLimits = MOST) -> MeshIR:
    """The shard of a VPC's front proxy; empty without load balancers. ``health_events``: the path of the file, in the
    proxy's file system, for the events of its health checks; ``limits``: what the proxy may have open.
    """
    balancers = sorted(balancer.arn for balancer in world.load_balancers.by("vpc", vpc))
    parts = [compile_load_balancer(world, arn, health_events, limits) for arn in balancers]
    return join_parts(vpc, parts, limits, MeshIR())


def compile_load_balancer(
    world: World, arn: LoadBalancerArn, health_events: str = HEALTH_EVENTS, limits: OpenLimits = MOST
) -> MeshIR:
    """The part of one load balancer in the shard of its VPC; empty if it does not exist."""
    balancer = world.load_balancers.get(arn)
    if balancer is None:
        return MeshIR()
    shard = FrontBuilder(world, health_events, limits)
    for listener in sorted(world.listeners.by("load_balancer", arn), key=lambda one: one.arn):
        add_listener(shard, balancer, listener)
    return shard.build(_workload(balancer.vpc, shard.listeners))


def join_parts(vpc: VpcId, parts: Iterable[MeshIR], limits: OpenLimits, before: MeshIR) -> MeshIR:
    """The shard of a VPC that has these load balancers; empty without any. The target groups of all listeners for
    datagrams share the sessions that the proxy may have, and those that speak HTTP its connections to servers. Of
    ``before``, the former shard, destinations are kept that have not changed.
    """
    every = [part for part in parts if part.workloads]
    if not every:
        return MeshIR()
    listeners = (listener for part in every for workload in part.workloads.values() for listener in workload.listeners)
    workload = _workload(vpc, listeners)
    destinations = {name: destination for part in every for name, destination in part.destinations.items()}
    datagrams = {name for part in every for name in _datagram_destinations(part) if name in destinations}
    flows = equal_part(limits.sessions, len(datagrams))
    for name, part in (*((name, flows) for name in datagrams), *_pooled_parts(destinations.values(), limits.pooled)):
        limited = replace(destinations[name], limits=ConnectionLimits(connections=part))
        former = before.destinations.get(name)
        destinations[name] = former if former == limited else limited
    return MeshIR(
        workloads={workload.id: workload},
        services={name: service for part in every for name, service in part.services.items()},
        destinations=destinations,
        groups={name: group for part in every for name, group in part.groups.items()},
        certificates={name: certificate for part in every for name, certificate in part.certificates.items()},
        diagnostics=tuple(diagnostic for part in every for diagnostic in part.diagnostics),
    )


def _pooled_parts(destinations: Iterable[Destination], pooled: int) -> Iterator[tuple[str, int]]:
    """The connections that each destination of HTTP may have, by its name."""
    by_protocol: dict[Protocol, list[str]] = {}
    for destination in destinations:
        by_protocol.setdefault(destination.protocol, []).append(destination.name)
    one_request = by_protocol.get(Protocol.HTTP, ())
    many_requests = (*by_protocol.get(Protocol.HTTP2, ()), *by_protocol.get(Protocol.GRPC, ()))
    part = equal_part(pooled, len(one_request) + -(-len(many_requests) // _SMALLER))
    yield from ((name, part) for name in one_request)
    yield from ((name, max(part // _SMALLER, 1)) for name in many_requests)


def _datagram_destinations(part: MeshIR) -> Iterator[str]:
    """The destinations that get datagrams."""
    for listener in (listener for workload in part.workloads.values() for listener in workload.listeners):
        if isinstance(listener.routing, StreamFront) and listener.routing.transport is Transport.UDP:
            split = part.services[listener.routing.service].routing
            if isinstance(split, StreamSplit):
                yield from (target.destination for target in split.targets)


def _workload(vpc: VpcId, listeners: Iterable[FrontListener]) -> Workload:
    return Workload(
        id=front_workload(vpc),
        zone="",
        ingress_port=0,
        egress_port=0,
        is_front=True,
        listeners=tuple(listeners),
    )
