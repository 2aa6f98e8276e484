"""The application load balancers that ingress paths share: one is found, or made, for a path of a pool.

Promise: a load balancer is made with the first path of its pool, with its security group, one HTTPS listener and one
node in each zone; another one when each of the pool's has PATHS_PER_LOAD_BALANCER paths. Requests for a host name
without a path get 404.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/express-service-work.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.ingress import MANAGED_TAGS, PATHS_PER_LOAD_BALANCER
from moyai.domain.elb.errors import TooManyLoadBalancers
from moyai.domain.elb.load_balancer import IPV4, LoadBalancer, LoadBalancerType, Scheme
from moyai.domain.elb.quotas import LOAD_BALANCERS
from moyai.domain.elb.rule import FixedResponseAction, Listener, ListenerProtocol, PresentedTls, Rule
from moyai.domain.keys import scope_key
from moyai.domain.vpc.default import ANYWHERE
from moyai.domain.vpc.security_group import (
    SecurityGroup,
    SecurityGroupRule,
    default_egress_rules,
    new_group_id,
    new_rule_id,
)
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ManagedCertificateArn, SecurityGroupId
from moyai.kernel.scope import Scope
from moyai.plan.elb.new_records import Creation, new_listener, new_load_balancer, new_rule_arn
from moyai.plan.network.load_balancer_nodes import NodePlacement, new_nodes

HTTPS: Final = 443
SSL_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_NAME_DIGITS: Final = 8
_NOT_FOUND: Final = FixedResponseAction(404, "text/plain", "No service has this host name.\n")


class BalancerTemplate(NamedTuple):
    """How the load balancers of a pool are made."""

    pool: str
    name: str
    """The beginning of the load balancers' names."""
    scheme: Scheme
    vpc: Vpc
    subnets: Sequence[Subnet]
    """A subnet of each zone, of two zones or more."""
    limit: int = LOAD_BALANCERS
    """The most load balancers that the pool may have."""
    inbound_group: SecurityGroupId | None = None
    """The user's security group, which decides who may send; without it everybody who reaches the nodes may."""
    ip_address_type: str = IPV4
    attributes: Mapping[str, str] = MappingProxyType({})


class SharedBalancer(NamedTuple):
    """A load balancer with room for another path, its listener, and the security group that was made for it."""

    balancer: LoadBalancer
    listener: Listener
    group: SecurityGroupId


def managed_creation(scope: Scope, now: Instant, ids: Ids) -> Creation:
    """The creation of resources that ECS manages."""
    return Creation(scope, now, ids, {**MANAGED_TAGS})


def share_balancer(
    world: World, creation: Creation, template: BalancerTemplate, certificate: ManagedCertificateArn
) -> tuple[SharedBalancer, tuple[Put, ...]]:
    """The load balancer of a new path, whose listener has the certificate, and the changes that store both. Raises
    TooManyLoadBalancers, and InvalidSubnet where a subnet has no address left.
    """
    paths = world.ingress_paths.by("pool", template.pool)
    for arn, path in {path.load_balancer: path for path in paths}.items():
        balancer, listener = world.load_balancers.get(arn), world.listeners.get(path.listener)
        is_full = world.ingress_paths.count("load_balancer", arn) >= PATHS_PER_LOAD_BALANCER
        if balancer is not None and listener is not None and not is_full:
            listener = replace(listener, certificates=(*listener.certificates, certificate))
            return SharedBalancer(balancer, listener, path.balancer_group), (Put(listener),)
    if len({path.load_balancer for path in paths}) >= template.limit:
        raise TooManyLoadBalancers(
            f"The {template.limit} load balancers that are allowed have {PATHS_PER_LOAD_BALANCER} services each"
        )
    return _new_balancer(world, creation, template, certificate)


def _new_balancer(
    world: World, creation: Creation, template: BalancerTemplate, certificate: ManagedCertificateArn
) -> tuple[SharedBalancer, tuple[Put, ...]]:
    balancers = world.load_balancers.each("scope", scope_key(creation.scope))
    if sum(balancer.type is LoadBalancerType.APPLICATION for balancer in balancers) >= LOAD_BALANCERS:
        raise TooManyLoadBalancers(f"There are {LOAD_BALANCERS} application load balancers in the region")
    group = _balancer_group(creation, template)
    groups = tuple(key for key in (group.id, template.inbound_group) if key is not None)
    placements = [NodePlacement(subnet) for subnet in sorted(template.subnets, key=lambda subnet: subnet.zone)]
    nodes = new_nodes(world, placements, groups, template.scheme, creation.ids, template.ip_address_type)
    name = f"{template.name}-{creation.ids.hex(_NAME_DIGITS)}"
    kind, domain = LoadBalancerType.APPLICATION, world.defaults.elb_domain
    balancer = new_load_balancer(creation, name, kind, template.scheme, nodes, domain)
    balancer = replace(balancer, attributes={**template.attributes})
    tls = PresentedTls(SSL_POLICY, (certificate,))
    listener = new_listener(creation, balancer, HTTPS, ListenerProtocol.HTTPS, tls)
    default = Rule(new_rule_arn(listener.arn, creation.ids), listener.arn, _NOT_FOUND, tags=creation.tags)
    return SharedBalancer(balancer, listener, group.id), (Put(group), Put(balancer), Put(listener), Put(default))


def _balancer_group(creation: Creation, template: BalancerTemplate) -> SecurityGroup:
    """The security group of a load balancer, which lets clients in unless the user has given a group for that."""
    identity = new_group_id(creation.ids)
    return SecurityGroup(
        id=identity,
        vpc=template.vpc.id,
        scope=creation.scope,
        name=f"{template.name}-{identity}",
        description="Clients of the load balancer that Amazon ECS manages",
        rules=balancer_rules(creation, template.vpc, template.scheme, closed=template.inbound_group is not None),
        tags=creation.tags,
    )


def balancer_rules(creation: Creation, vpc: Vpc, scheme: Scheme, *, closed: bool) -> tuple[SecurityGroupRule, ...]:
    """The rules of a load balancer's security group: it lets everybody in who can reach it, unless it is ``closed``."""
    rules = default_egress_rules(vpc, creation.ids)
    clients = (ANYWHERE,) if scheme is Scheme.INTERNET_FACING else vpc.cidrs
    clients = clients if vpc.ipv6 is None else (*clients, vpc.ipv6.cidr)
    inbound = SecurityGroupRule("", egress=False, protocol="tcp", from_port=HTTPS, to_port=HTTPS)
    open_to = (replace(inbound, id=new_rule_id(creation.ids), cidr=cidr) for cidr in clients)
    return rules if closed else (*open_to, *rules)
