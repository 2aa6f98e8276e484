"""New load balancers, listeners, rules and target groups: their ARNs, names and initial states.

Promise: resources that ECS creates for its services and those that users create are made by the same functions.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.elb.load_balancer import DUAL_STACK, IPV4, LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.rule import Listener, ListenerProtocol, PresentedTls
from moyai.domain.keys import scope_of
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ListenerArn, ListenerRuleArn, LoadBalancerArn, TargetGroupArn
from moyai.kernel.scope import Scope

SERVICE: Final = "elasticloadbalancing"
INTERNAL: Final = "internal-"
"""How the DNS names of internal application load balancers begin."""
LOCALHOST: Final = "localhost"
"""The domain of load balancers' names: programs resolve it to this machine without asking a name server."""

_DNS_DIGITS: Final = 10
_ID_DIGITS: Final = 16
_ARN_TYPES: Final[Mapping[LoadBalancerType, str]] = MappingProxyType(
    {LoadBalancerType.APPLICATION: "app", LoadBalancerType.NETWORK: "net"}
)


class Creation(NamedTuple):
    """Where, when and with which tags a resource is made."""

    scope: Scope
    now: Instant
    ids: Ids
    tags: Mapping[str, str] = MappingProxyType({})


def new_load_balancer(
    creation: Creation,
    name: str,
    kind: LoadBalancerType,
    scheme: Scheme,
    nodes: tuple[LoadBalancerNode, ...],
    domain: str,
) -> LoadBalancer:
    """A load balancer with these nodes, whose interfaces have its security groups, and a DNS name in the domain."""
    scope, ids, interface = creation.scope, creation.ids, nodes[0].interface
    internal = INTERNAL if scheme is Scheme.INTERNAL and kind is LoadBalancerType.APPLICATION else ""
    label = f"{internal}{name.lower()}-{ids.decimal(_DNS_DIGITS)}"
    return LoadBalancer(
        arn=LoadBalancerArn(arn(SERVICE, scope, f"loadbalancer/{_ARN_TYPES[kind]}/{name}/{ids.hex(_ID_DIGITS)}")),
        name=name,
        type=kind,
        scheme=scheme,
        vpc=interface.vpc,
        nodes=nodes,
        dns_name=f"{label}.{scope.region}.{domain}",
        created_at=creation.now,
        security_groups=interface.security_groups,
        ip_address_type=IPV4 if interface.ipv6_address is None else DUAL_STACK,
        tags=creation.tags,
    )


def new_listener(
    creation: Creation, balancer: LoadBalancer, port: int, protocol: ListenerProtocol, tls: PresentedTls
) -> Listener:
    """A listener of the load balancer."""
    identity = creation.ids.hex(_ID_DIGITS)
    return Listener(
        arn=ListenerArn(arn(SERVICE, creation.scope, f"listener/{balancer.dimension}/{identity}")),
        load_balancer=balancer.arn,
        port=port,
        protocol=protocol,
        created_at=creation.now,
        ssl_policy=tls.policy,
        certificates=tls.certificates,
        alpn_policy=tls.alpn_policy,
        tags=creation.tags,
    )


def new_rule_arn(listener: ListenerArn, ids: Ids) -> ListenerRuleArn:
    """The ARN of a new rule of the listener."""
    path = listener.partition(":listener/")[2]
    return ListenerRuleArn(arn(SERVICE, scope_of(listener), f"listener-rule/{path}/{ids.hex(_ID_DIGITS)}"))


def new_target_group_arn(scope: Scope, name: str, ids: Ids) -> TargetGroupArn:
    """The ARN of a new target group."""
    return TargetGroupArn(arn(SERVICE, scope, f"targetgroup/{name}/{ids.hex(_ID_DIGITS)}"))
