"""The tables of VPCs, subnets, gateways, routes, security groups and peerings."""

from __future__ import annotations

from moyai.domain.keys import client_token_keys, scope_key
from moyai.domain.table import TableSpec
from moyai.domain.tables.indexes import optional, own_scope
from moyai.domain.vpc.endpoint import VpcEndpoint
from moyai.domain.vpc.gateway import EgressOnlyGateway, ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.launch_template import LaunchTemplate
from moyai.domain.vpc.network_acl import NetworkAcl
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import DefaultVpc, Subnet, Vpc
from moyai.domain.vpc.without_effect import DhcpOptions, FlowLog


def _referenced_groups(group: SecurityGroup) -> tuple[str, ...]:
    references = (rule.group.id for rule in group.rules if rule.group is not None)
    return tuple(id_ for id_ in references if id_ != group.id)


def _unless_deleted(gateway: NatGateway, *values: str) -> tuple[str, ...]:
    return () if gateway.deleted_at is not None else values


def _addresses(gateway: NatGateway) -> tuple[str, ...]:
    return _unless_deleted(gateway, *(f"{gateway.subnet}/{one.address}" for one in gateway.addresses))


def _allocations(gateway: NatGateway) -> tuple[str, ...]:
    return _unless_deleted(gateway, *(one.allocation for one in gateway.addresses))


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
        address=_addresses,
        allocation=_allocations,
        request=lambda g: client_token_keys(g.scope, g.client_token),
    )
    """``address``: ``subnet/address``, for all of its addresses; ``request``: ``scope/client token``. A deleted gateway
    is found by scope and request only.
    """
    elastic_addresses = TableSpec(ElasticAddress, scope=own_scope, public_address=lambda a: (a.public_address,))
    egress_only_gateways = TableSpec(
        EgressOnlyGateway,
        scope=own_scope,
        vpc=lambda g: (g.vpc,),
        request=lambda g: client_token_keys(g.scope, g.client_token),
    )
    network_acls = TableSpec(
        NetworkAcl,
        scope=own_scope,
        vpc=lambda a: (a.vpc,),
        subnet=lambda a: tuple(association.subnet for association in a.associations),
        request=lambda a: client_token_keys(a.scope, a.client_token),
    )
    """``subnet``: those with an association of their own, not those that use a default ACL."""
    vpc_endpoints = TableSpec(
        VpcEndpoint,
        scope=own_scope,
        vpc=lambda e: (e.vpc,),
        request=lambda e: client_token_keys(e.scope, e.client_token),
    )
    dhcp_options = TableSpec(DhcpOptions, scope=own_scope)
    launch_templates = TableSpec(LaunchTemplate, scope=own_scope)
    flow_logs = TableSpec(FlowLog, scope=own_scope, request=lambda f: client_token_keys(f.scope, f.client_token))
