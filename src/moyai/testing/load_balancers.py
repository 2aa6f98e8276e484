"""Load balancers of test worlds, as Elastic Load Balancing's calls would have recorded them, in the default VPC."""

from __future__ import annotations

from ipaddress import IPv4Network

from msgspec.structs import replace

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.rule import ForwardAction, Listener, ListenerProtocol, Rule, WeightedGroup
from moyai.domain.elb.target_group import (
    ProtocolVersion,
    Target,
    TargetGroup,
    TargetHealthCheck,
    TargetProtocol,
    TargetType,
)
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.vpc.default import default_vpc
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    ListenerArn,
    ListenerRuleArn,
    LoadBalancerArn,
    NetworkInterfaceId,
    SecurityGroupId,
    TargetGroupArn,
    TaskArn,
)
from moyai.kernel.scope import Scope
from moyai.plan.network.interfaces import new_interface
from moyai.testing.world import SCOPE, Builder

CHECK = TargetHealthCheck(TargetProtocol.HTTP, 30, 5, 5, 2, path="/", matcher="200")
"""AWS's default health check of an HTTP target group."""
BALANCER = "app/web/0123456789abcdef"
ZONES = 2
"""The number of nodes of each load balancer."""


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
        protocol_version=ProtocolVersion.HTTP1,
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


class BalancerBuilder:
    """Adds load balancers, listeners, target groups and targets to the world of a builder."""

    def __init__(self, build: Builder) -> None:
        self.build = build
        if default_vpc(SCOPE).id not in {vpc.id for vpc in self.world.vpcs}:
            build.book.apply(store_default_vpc(self.world, SCOPE))

    @property
    def world(self) -> World:
        """The world with all records so far."""
        return self.build.world

    def subnets(self) -> tuple[Subnet, ...]:
        """The subnets in which load balancers have their nodes."""
        return tuple(default_vpc(SCOPE).subnets[:ZONES])

    def balancer(
        self,
        name: str = "web",
        *,
        public: bool = False,
        kind: LoadBalancerType = LoadBalancerType.APPLICATION,
        groups: tuple[SecurityGroupId, ...] = (),
    ) -> LoadBalancer:
        """A load balancer with a node in each subnet. ``groups``: its security groups."""
        ids, nodes = self.build.ids, []
        for subnet in self.subnets():
            interface = new_interface(self.world, subnet, groups, ids, public=public)
            if interface is None:
                raise ValueError(f"{subnet.id} has no free address")
            nodes.append(LoadBalancerNode(subnet.id, subnet.zone, interface))
        path = f"loadbalancer/{'app' if kind is LoadBalancerType.APPLICATION else 'net'}/{name}/{ids.hex(16)}"
        balancer = LoadBalancer(
            arn=LoadBalancerArn(arn("elasticloadbalancing", SCOPE, path)),
            name=name,
            type=kind,
            scheme=Scheme.INTERNET_FACING if public else Scheme.INTERNAL,
            vpc=default_vpc(SCOPE).id,
            nodes=tuple(nodes),
            dns_name=f"{name}.{SCOPE.region}.elb.localhost",
            created_at=self._now(),
            security_groups=groups,
        )
        self._put(balancer)
        return balancer

    def group(self, name: str = "web", *, check: TargetHealthCheck = CHECK) -> TargetGroup:
        """A target group for HTTP."""
        group = replace(target_group(SCOPE, name), health_check=check, created_at=self._now())
        self._put(group)
        return group

    def listener(self, balancer: LoadBalancer, group: TargetGroup, port: int = 80) -> Listener:
        """An HTTP listener that forwards everything to the group."""
        key = f"{balancer.dimension}/{port:0>16}"
        of_port = replace(
            listener(SCOPE, port),
            arn=ListenerArn(arn("elasticloadbalancing", SCOPE, f"listener/{key}")),
            load_balancer=balancer.arn,
        )
        self._put(of_port, rule(of_port, group.arn))
        return of_port

    def target(self, group: TargetGroup, address: str, port: int = 8080, task: TaskArn | None = None) -> Target:
        """A registered target."""
        target = Target(group.arn, address, port, address, self.subnets()[0].zone, self._now(), task=task)
        self._put(target)
        return target

    def deregister(self, target: Target) -> Target:
        """The target, which drains from now on."""
        leaving = replace(self.world.targets[target.key], deregistered_at=self._now())
        self._put(leaving)
        return leaving

    def _now(self) -> Instant:
        return self.build.clock.now()

    def _put(self, *records: LoadBalancer | TargetGroup | Listener | Rule | Target) -> None:
        self.build.book.apply([Put(record) for record in records])
