"""Compiles the front proxy of a VPC: the listeners of all its load balancers, and the target groups that they use.

Promise: a VPC without load balancers has no workload. A target group that no rule uses is left out, so that its targets
are neither called nor checked. A changed rule changes the routes of its listener, and a target the endpoints of its
group.
"""

from __future__ import annotations

from moyai.domain.elb.front import HEALTH_EVENTS, front_workload
from moyai.domain.world import World
from moyai.kernel.ids import VpcId
from moyai.mesh.ir import MeshIR, Workload
from moyai.mesh.load_balancing.listeners import add_listener
from moyai.mesh.load_balancing.shard import FrontBuilder


def compile_front(world: World, vpc: VpcId, health_events: str = HEALTH_EVENTS) -> MeshIR:
    """The shard of a VPC's front proxy; empty without load balancers. ``health_events``: the path of the file, in the
    proxy's file system, for the events of its health checks.
    """
    balancers = sorted(world.load_balancers.by("vpc", vpc), key=lambda balancer: balancer.arn)
    if not balancers:
        return MeshIR()
    shard = FrontBuilder(world, health_events)
    for balancer in balancers:
        for listener in sorted(world.listeners.by("load_balancer", balancer.arn), key=lambda one: one.arn):
            add_listener(shard, balancer, listener)
    workload = front_workload(vpc)
    return shard.build(
        Workload(id=workload, zone="", ingress_port=0, egress_port=0, is_front=True, listeners=tuple(shard.listeners))
    )
