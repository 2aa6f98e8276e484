"""Load balancers of test worlds."""

from __future__ import annotations

from ipaddress import IPv4Network

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.rule import (
    ForwardAction,
    Listener,
    ListenerProtocol,
    Rule,
    WeightedGroup,
)
from moyai.domain.elb.target_group import TargetGroup, TargetHealthCheck, TargetProtocol, TargetType
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ListenerArn, ListenerRuleArn, LoadBalancerArn, NetworkInterfaceId, TargetGroupArn
from moyai.kernel.scope import Scope

CHECK = TargetHealthCheck(TargetProtocol.HTTP, 30, 5, 5, 2, path="/", matcher="200")
"""AWS's default health check of an HTTP target group."""
BALANCER = "app/web/0123456789abcdef"


def target_group(scope: Scope, name: str, target_type: TargetType = TargetType.IP) -> TargetGroup:
    """An HTTP target group in the default VPC."""
    return TargetGroup(
        arn=TargetGroupArn(arn("elasticloadbalancing", scope, f"targetgroup/{name}/{name:0>16}")),
        name=name,
        target_type=target_type,
        protocol=TargetProtocol.HTTP,
        port=80,
        vpc=default_vpc(scope).id,
        health_check=CHECK,
        created_at=Instant(0),
    )


def load_balancer(scope: Scope) -> LoadBalancer:
    """The application load balancer of the other records, internal, with a node in each of two default subnets."""
    network = default_vpc(scope)
    nodes = tuple(
        LoadBalancerNode(
            subnet.id,
            subnet.zone,
            NetworkInterface(
                id=NetworkInterfaceId(f"eni-{number:0>17}"),
                attachment=f"{number}",
                vpc=network.id,
                subnet=subnet.id,
                address=str(IPv4Network(subnet.cidr)[100]),
                mac=f"02:00:00:00:00:{number:0>2}",
                private_dns_name="node",
            ),
        )
        for number, subnet in enumerate(network.subnets[:2])
    )
    return LoadBalancer(
        arn=LoadBalancerArn(arn("elasticloadbalancing", scope, f"loadbalancer/{BALANCER}")),
        name="web",
        type=LoadBalancerType.APPLICATION,
        scheme=Scheme.INTERNAL,
        vpc=network.id,
        nodes=nodes,
        dns_name=f"internal-web-1.{scope.region}.elb.localhost",
        created_at=Instant(0),
        security_groups=(network.security_groups[0].id,),
    )


def listener(scope: Scope, port: int = 80) -> Listener:
    """An HTTP listener of a load balancer that need not exist."""
    key = f"{BALANCER}/{port:0>16}"
    return Listener(
        arn=ListenerArn(arn("elasticloadbalancing", scope, f"listener/{key}")),
        load_balancer=LoadBalancerArn(arn("elasticloadbalancing", scope, f"loadbalancer/{BALANCER}")),
        port=port,
        protocol=ListenerProtocol.HTTP,
        created_at=Instant(0),
    )


def rule(of: Listener, *groups: TargetGroupArn, priority: int | None = None) -> Rule:
    """A rule that forwards to these groups, or the default rule; the first group has the whole weight."""
    number = 0 if priority is None else priority
    shares = tuple(WeightedGroup(group, 0 if place else 100) for place, group in enumerate(groups))
    key = of.arn.replace(":listener/", ":listener-rule/")
    return Rule(
        arn=ListenerRuleArn(f"{key}/{number:0>16}"),
        listener=of.arn,
        action=ForwardAction(shares),
        priority=priority,
    )


def put_group_behind_listener(scope: Scope, name: str) -> tuple[Put, ...]:
    """Changes that make a target group, and a listener whose default rule forwards to it."""
    group, at = target_group(scope, name), listener(scope)
    return Put(group), Put(at), Put(rule(at, group.arn))
