"""Target groups as destinations, with the health checks that decide which targets get requests.

Promise: a check of gRPC's health service is Envoy's gRPC check if 0 is a healthy status. Any other gRPC method is
called by an HTTP/2 check, and a target is healthy when it answers, whatever the gRPC status: such a check reads none.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html,
target-group-health-checks.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.elb import attributes
from moyai.domain.elb.front import group_cluster
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode
from moyai.domain.elb.target_group import IPV4, ProtocolVersion, TargetGroup, TargetProtocol
from moyai.kernel.ids import TargetGroupArn
from moyai.mesh.ir import (
    ActiveHealthCheck,
    ClientTls,
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    Failure,
    LoadBalancingPolicy,
    OutlierPolicy,
    Protocol,
    Range,
    SessionCookie,
)
from moyai.mesh.load_balancing.shard import FrontBuilder

ALL_ZONES: Final = "all"
"""The zone of a target outside of the VPC."""
_CONNECT_TIMEOUT: Final = 10.0
_NOBODY: Final = "nobody"
_WEEK: Final = 604_800
"""Seconds."""
_PROTOCOLS: Mapping[ProtocolVersion, Protocol] = MappingProxyType(
    {
        ProtocolVersion.HTTP1: Protocol.HTTP,
        ProtocolVersion.HTTP2: Protocol.HTTP2,
        ProtocolVersion.GRPC: Protocol.GRPC,
    }
)
_ALGORITHMS: Mapping[str, LoadBalancingPolicy] = MappingProxyType(
    {
        "round_robin": LoadBalancingPolicy.ROUND_ROBIN,
        "least_outstanding_requests": LoadBalancingPolicy.FEWEST_REQUESTS,
        "weighted_random": LoadBalancingPolicy.RANDOM,
    }
)
_ANY_HEALTHY: Final = 1.0
"""Per cent: one healthy target is enough."""
_ANOMALIES: Final = OutlierPolicy(
    consecutive_failures=5,
    interval=10,
    base_ejection=30,
    max_ejection=300,
    max_ejection_percent=50,
    counted_failures=Failure.SERVER_ERROR,
)
"""How targets with anomalous errors are avoided; AWS publishes no numbers."""
_USER_AGENT: Final = ("user-agent", "ELB-HealthChecker/2.0")
_GRPC_HEADERS: Final = (("content-type", "application/grpc"), ("te", "trailers"))
_GRPC_HEALTH: Final = "/grpc.health.v1.Health/Check"
_ENCRYPTED: Final = frozenset({TargetProtocol.HTTPS, TargetProtocol.TLS})


def add_target_group(
    shard: FrontBuilder, balancer: LoadBalancer, arn: TargetGroupArn, zone: str = ""
) -> TargetGroup | None:
    """Add a target group, or its targets in one ``zone``, under the name of its cluster, and return the group; None if
    it does not exist.

    Targets are called from the load balancer's node in the zone, else from its first.
    """
    group = shard.world.target_groups.get(arn)
    if group is None or not balancer.nodes:
        shard.report(arn, "requests to it fail: it does not exist")
        return None
    name = group_cluster(arn, zone)
    if not shard.has_destination(name):
        destination = Destination(
            name=name,
            label=name,
            stat_name=_stat_name(balancer, group, zone),
            source=EndpointGroupSource(name),
            protocol=_PROTOCOLS[group.protocol_version] if group.protocol_version else Protocol.TCP,
            connect_timeout=_CONNECT_TIMEOUT,
            tls=ClientTls() if group.protocol in {TargetProtocol.HTTPS, TargetProtocol.TLS} else None,
            health_check=_health_check(group, shard.health_events),
            source_address=_source_address(_node(balancer, zone), group),
            load_balancing=_algorithm(group),
            outlier=_ANOMALIES if attributes.ANOMALY_MITIGATION.of(group) == "on" else None,
            fail_open_below=_fail_open_below(group),
            slow_start=attributes.SLOW_START.of(group),
            proxy_header=not group.protocol.is_http and attributes.PROXY_PROTOCOL.of(group),
            closes_unhealthy=not group.protocol.is_http and attributes.UNHEALTHY_TERMINATION.of(group),
        )
        shard.add_destination(destination, _endpoints(shard, name, arn, zone))
    return group


def _stat_name(balancer: LoadBalancer, group: TargetGroup, zone: str) -> str:
    """The name marks groups with the version GRPC, so that gRPC requests are counted without reading any."""
    grpc = "+grpc" if group.protocol_version is ProtocolVersion.GRPC else ""
    return f"{balancer.dimension}+{group.dimension}{grpc}{'@' if zone else ''}{zone}"


def is_group_draining(shard: FrontBuilder, group: TargetGroup) -> bool:
    """Whether a group has targets, and all of them are draining."""
    members = shard.members(group.arn)
    return bool(members) and all(member.draining for member in members)


def add_nobody(shard: FrontBuilder) -> str:
    """Add a destination without endpoints, and return its name: requests to it find no target."""
    shard.add_destination(
        Destination(_NOBODY, EndpointGroupSource(_NOBODY), Protocol.HTTP, _CONNECT_TIMEOUT, label=_NOBODY),
        EndpointGroup(_NOBODY),
    )
    return _NOBODY


def session_cookie(group: TargetGroup) -> SessionCookie | None:
    """The cookie that keeps a client with its target; None unless the group is sticky."""
    if not attributes.STICKINESS.of(group):
        return None
    if attributes.APPLICATION_STICKINESS.of(group) == "app_cookie":
        return SessionCookie("AWSALBAPP", _WEEK, attributes.APP_COOKIE_NAME.of(group))
    return SessionCookie("AWSALB", attributes.LB_COOKIE_DURATION.of(group))


def _fail_open_below(group: TargetGroup) -> float:
    percentage = attributes.FAIL_OPEN_PERCENTAGE.of(group)
    return _ANY_HEALTHY if percentage == "off" else float(percentage)


def _algorithm(group: TargetGroup) -> LoadBalancingPolicy:
    if not group.protocol.is_http and attributes.STICKINESS.of(group):
        return LoadBalancingPolicy.CONSISTENT_HASH
    return _ALGORITHMS[attributes.ALGORITHM.of(group)]


def _node(balancer: LoadBalancer, zone: str) -> LoadBalancerNode:
    return next((node for node in balancer.nodes if node.zone == zone), balancer.nodes[0])


def _source_address(node: LoadBalancerNode, group: TargetGroup) -> str:
    """The node's address of the group's family; only load balancers with both use groups of IPv6."""
    interface = node.interface
    return interface.address if group.ip_address_type == IPV4 else interface.ipv6_address or interface.address


def _endpoints(shard: FrontBuilder, name: str, group: TargetGroupArn, zone: str) -> EndpointGroup:
    """The targets in the zone, and those for all zones; without a zone, all targets."""
    members = shard.members(group)
    zones = {zone, ALL_ZONES} if zone else {member.zone for member in members}
    return EndpointGroup(name, tuple(sorted(m for m in members if m.zone in zones)), checked_by_address=True)


def _health_check(group: TargetGroup, log: str) -> ActiveHealthCheck | None:
    """The check of each target; None if the group has none. ``log``: the path of the file for its events."""
    check = group.health_check
    if not check.enabled:
        return None
    is_grpc = group.protocol_version is ProtocolVersion.GRPC
    codes = tuple(_ranges(check.matcher or ("12" if is_grpc else "200")))
    protocol = _protocol(group, codes)
    is_grpc_call = is_grpc and protocol is Protocol.HTTP2
    return ActiveHealthCheck(
        protocol=protocol,
        interval=check.interval,
        timeout=check.timeout,
        healthy_threshold=check.healthy_threshold,
        unhealthy_threshold=check.unhealthy_threshold,
        path=check.path or "/",
        port=check.port,
        statuses=() if is_grpc or protocol is Protocol.TCP else codes,
        method="POST" if is_grpc_call else "GET",
        headers=(_USER_AGENT, *(_GRPC_HEADERS if is_grpc_call else ())),
        reuses_connections=False,
        differs_in_tls=(check.protocol in _ENCRYPTED) != (group.protocol in _ENCRYPTED),
        log=log,
    )


def _protocol(group: TargetGroup, codes: tuple[Range, ...]) -> Protocol:
    if not group.health_check.protocol.is_http:
        return Protocol.TCP
    match group.protocol_version:
        case ProtocolVersion.GRPC:
            is_health_service = group.health_check.path == _GRPC_HEALTH and any(r.start == 0 for r in codes)
            return Protocol.GRPC if is_health_service else Protocol.HTTP2
        case ProtocolVersion.HTTP2:
            return Protocol.HTTP2
        case _:
            return Protocol.HTTP


def _ranges(matcher: str) -> Iterator[Range]:
    """The ranges of a matcher: ``200``, ``200,202`` or ``200-299``."""
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        yield Range(int(low), int(high or low) + 1)
