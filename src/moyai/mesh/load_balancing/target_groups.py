"""Target groups as destinations, with the health checks that decide which targets get requests.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html,
target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.elb.front import group_cluster
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.target_group import ProtocolVersion, TargetGroup, TargetProtocol
from moyai.kernel.ids import TargetGroupArn
from moyai.mesh.ir import (
    ActiveHealthCheck,
    ClientTls,
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Member,
    Protocol,
    Range,
)
from moyai.mesh.load_balancing.shard import FrontBuilder

_CONNECT_TIMEOUT: Final = 10.0
_HEALTH_CHECKER: Final = "ELB-HealthChecker/2.0"
_PROTOCOLS: Mapping[ProtocolVersion, Protocol] = MappingProxyType(
    {
        ProtocolVersion.HTTP1: Protocol.HTTP,
        ProtocolVersion.HTTP2: Protocol.HTTP2,
        ProtocolVersion.GRPC: Protocol.GRPC,
    }
)


def add_target_group(shard: FrontBuilder, balancer: LoadBalancer, arn: TargetGroupArn) -> str | None:
    """Add a target group, and return its name in the shard; None if it does not exist.

    Its targets are called from the load balancer's first node.
    """
    group = shard.world.target_groups.get(arn)
    if group is None or not balancer.nodes:
        shard.report(arn, "requests to it fail: it does not exist")
        return None
    name = group_cluster(arn)
    if not shard.has_destination(name):
        destination = Destination(
            name=name,
            label=name,
            stat_name=group.dimension,
            source=EndpointGroupSource(name),
            protocol=_PROTOCOLS[group.protocol_version or ProtocolVersion.HTTP1],
            connect_timeout=_CONNECT_TIMEOUT,
            tls=ClientTls() if group.protocol is TargetProtocol.HTTPS else None,
            health_check=_health_check(shard, group),
            source_address=balancer.nodes[0].interface.address,
            fail_open=True,
        )
        shard.add_destination(destination, _endpoints(shard, name, arn))
    return name


def _endpoints(shard: FrontBuilder, name: str, group: TargetGroupArn) -> EndpointGroup:
    members = (
        Member(target.zone, target.address, target.port, draining=target.deregistered_at is not None)
        for target in shard.world.targets.by("group", group)
    )
    return EndpointGroup(name, tuple(sorted(members)), checked_by_address=True)


def _health_check(shard: FrontBuilder, group: TargetGroup) -> ActiveHealthCheck:
    check = group.health_check
    return ActiveHealthCheck(
        protocol=_PROTOCOLS[group.protocol_version or ProtocolVersion.HTTP1],
        interval=check.interval,
        timeout=check.timeout,
        healthy_threshold=check.healthy_threshold,
        unhealthy_threshold=check.unhealthy_threshold,
        path=check.path or "/",
        port=check.port,
        statuses=tuple(_ranges(check.matcher or "200")),
        user_agent=_HEALTH_CHECKER,
        reuses_connections=False,
        log=shard.health_events,
    )


def _ranges(matcher: str) -> list[Range]:
    """The ranges of a matcher: ``200``, ``200,202`` or ``200-299``."""
    ends = (part.partition("-") for part in matcher.split(","))
    return [Range(int(low), int(high or low) + 1) for low, _, high in ends]
