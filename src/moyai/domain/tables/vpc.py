"""The tables of VPCs, subnets, gateways, routes, security groups and peerings."""

from __future__ import annotations

from moyai.domain.keys import client_token_keys, scope_key
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import optional, own_scope
from moyai.domain.vpc.gateway import ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import DefaultVpc, Subnet, Vpc


def _referenced_groups(group: SecurityGroup) -> tuple[str, ...]:
    references = (rule.group.id for rule in group.rules if rule.group is not None)
    return tuple(id_ for id_ in references if id_ != group.id)


def _unless_deleted(gateway: NatGateway, value: str) -> tuple[str, ...]:
    return () if gateway.deleted_at is not None else (value,)


class VpcTables:
    """VPCs, subnets, security groups, routes and gateways."""

    vpcs = TableSpec(Vpc, scope=own_scope)
    default_vpcs = TableSpec(DefaultVpc)
    subnets = TableSpec(Subnet, scope=own_scope, vpc=lambda s: (s.vpc,))
    security_groups = TableSpec(SecurityGroup, scope=own_scope, vpc=lambda g: (g.vpc,), referenced=_referenced_groups)
    """``referenced``: the other groups that the group's rules name."""
    vpc_peerings = TableSpec(
        VpcPeering,
        vpc=lambda p: tuple({side.vpc for side in p.sides}),
        scope=lambda p: tuple({scope_key(side.scope) for side in p.sides}),
    )
    """Found by the VPCs and the scopes of both sides."""
    route_tables = TableSpec(
        RouteTable,
        scope=own_scope,
        vpc=lambda t: (t.vpc,),
        subnet=lambda t: tuple(a.subnet for a in t.associations if a.subnet is not None),
        request=lambda t: client_token_keys(t.scope, t.client_token),
    )
    """``subnet``: the associated subnets; ``request``: ``scope/client token``."""
    internet_gateways = TableSpec(InternetGateway, scope=own_scope, vpc=lambda g: optional(g.vpc))
    nat_gateways = TableSpec(
        NatGateway,
        scope=own_scope,
        vpc=lambda g: _unless_deleted(g, g.vpc),
        subnet=lambda g: _unless_deleted(g, g.subnet),
        address=lambda g: _unless_deleted(g, f"{g.subnet}/{g.address}"),
        allocation=lambda g: _unless_deleted(g, g.allocation),
        request=lambda g: client_token_keys(g.scope, g.client_token),
    )
    """``address``: ``subnet/address``; ``request``: ``scope/client token``. A deleted gateway is found by scope and
    request only.
    """
    elastic_addresses = TableSpec(ElasticAddress, scope=own_scope, public_address=lambda a: (a.public_address,))
