"""The connections of a service to the gateways of its cluster.

Promise: a deployment of a service with a connector is connected to every gateway that is associated with the cluster,
is in the service's VPC and covers its zones. A route that exists stays the same, with its URL. The tasks' first
security group lets the load balancers in.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/gateway-connect-service.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.gateway import GatewayAssociationStatus, GatewayConnector, ServiceGateway
from moyai.domain.ecs.ingress import MANAGED_TAGS, IngressPath, path_key
from moyai.domain.ecs.load_balancer import AdvancedConfiguration, ServiceLoadBalancer
from moyai.domain.ecs.service import NetworkConfiguration, Service
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping, TaskDefinition
from moyai.domain.elb.attributes import DELETION_PROTECTION
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import HeaderCondition
from moyai.domain.keys import scope_of
from moyai.domain.pca.authority import CertificateAuthority
from moyai.domain.queries.vpc import default_security_group, find_in_scope, store_default_vpc
from moyai.domain.table import Table
from moyai.domain.vpc.security_group import GroupReference, SecurityGroup, SecurityGroupRule, new_rule_id
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import TABLES, Change, Put, World, table_name
from moyai.kernel.arn import arn
from moyai.kernel.ids import ServiceRouteArn
from moyai.plan.elb.new_records import Creation
from moyai.plan.ingress.connector_checks import check_version, delay_of, group_health_check, named_port, version_of
from moyai.plan.ingress.paths import PathTemplate, open_path
from moyai.plan.ingress.shared_balancer import BalancerTemplate

_ROUTE_DIGITS: Final = 21
_BALANCER_NAME: Final = "ecs-gateway-alb"


class ConnectionRequest(NamedTuple):
    """A service, and the parts of its next deployment that determine its connections."""

    service: Service
    definition: TaskDefinition
    network: NetworkConfiguration | None
    connectors: tuple[GatewayConnector, ...]


class Connections(NamedTuple):
    """The target groups of the connections, and the changes that make them."""

    load_balancers: tuple[ServiceLoadBalancer, ...] = ()
    changes: tuple[Change, ...] = ()


def connect_service(world: World, creation: Creation, request: ConnectionRequest, *, required: bool) -> Connections:
    """The connections of a service's next deployment. Raises InvalidParameter for a connector that is not valid, and
    where there has to be a connection (``required``) and no gateway fits; TooManyLoadBalancers and InvalidSubnet.
    """
    if not request.connectors:
        return Connections()
    [connector] = request.connectors
    name, mapping = named_port(request.definition, connector)
    gateways = list(_fitting_gateways(world, request, connector))
    if required and not gateways:
        raise InvalidParameter(
            "gatewayConnectors: no gateway is associated with the cluster that is in the service's VPC, covers all of"
            " its Availability Zones and has an access type of the connector. Use AssociateGatewayWithCluster."
        )
    balancers: list[ServiceLoadBalancer] = []
    changes: list[Change] = [*store_default_vpc(world, creation.scope)] if gateways else []
    paths: list[IngressPath] = []
    for gateway in gateways:
        path, path_changes = _path(_with_balancers(world, changes), creation, gateway, request, mapping)
        changes += path_changes
        paths.append(path)
        balancers.append(_balancer(request.service, path, gateway, (name, mapping.container_port), world))
    changes += _admit(world, creation, request, paths)
    return Connections(tuple(balancers), tuple(changes))


def _with_balancers(world: World, changes: Sequence[Change]) -> World:
    """The world with the load balancers and authorities of these changes, so that no address is given twice and no
    second authority is made.
    """
    tables: dict[str, Table[Any]] = {}
    for record_type in (LoadBalancer, CertificateAuthority):
        records = [c.record for c in changes if isinstance(c, Put) and isinstance(c.record, record_type)]
        if records:
            table = tables[table_name(record_type)] = TABLES[record_type].create_table()
            for record in (*world.table(record_type), *records):
                table.put(record)
    return world.with_tables(tables.get) if tables else world


def gateway_tags(gateway: ServiceGateway) -> dict[str, str]:
    """The tags of the resources that ECS makes for a gateway."""
    return {**(gateway.tags if gateway.propagates_tags else {}), **MANAGED_TAGS}


def header_condition(gateway: ServiceGateway) -> HeaderCondition | None:
    """The condition that a request of test traffic meets; None where the gateway has no test header."""
    header = gateway.test_header
    return None if header is None else HeaderCondition(header.name, header.values)


def balancer_attributes(gateway: ServiceGateway) -> dict[str, str]:
    """The attributes that the gateway sets on its load balancers."""
    return {**gateway.attributes, DELETION_PROTECTION.key: "true" if gateway.deletion_protection else "false"}


def _fitting_gateways(
    world: World, request: ConnectionRequest, connector: GatewayConnector
) -> Iterator[ServiceGateway]:
    if request.definition.network_mode is not NetworkMode.AWSVPC or request.network is None:
        raise InvalidParameter("gatewayConnectors are for task definitions with the network mode awsvpc.")
    scope = scope_of(request.service.arn)
    identities = request.network.awsvpc_configuration.subnets
    subnets = [subnet for i in identities if (subnet := find_in_scope(world, Subnet, scope, i)) is not None]
    zones, vpcs = {subnet.zone for subnet in subnets}, {subnet.vpc for subnet in subnets}
    access_types = connector.filters.access_types if connector.filters is not None else ()
    for association in world.gateway_associations.by("cluster", request.service.cluster):
        gateway = world.service_gateways.get(association.gateway)
        if gateway is None or association.status is not GatewayAssociationStatus.ACTIVE:
            continue
        own = (find_in_scope(world, Subnet, scope, identity) for identity in gateway.subnets)
        covers = zones <= {subnet.zone for subnet in own if subnet is not None}
        if covers and vpcs == {gateway.vpc} and (not access_types or gateway.access in access_types):
            yield gateway


def _path(
    world: World, creation: Creation, gateway: ServiceGateway, request: ConnectionRequest, mapping: PortMapping
) -> tuple[IngressPath, tuple[Change, ...]]:
    """The service's path through the gateway: the existing one, or a new one with the connector's health check. Raises
    InvalidParameter where the port speaks another version of HTTP than the target groups of the existing path.
    """
    [connector] = request.connectors
    check = group_health_check(connector, mapping)
    existing = world.ingress_paths.get(path_key(request.service.arn, gateway.arn))
    if existing is not None:
        check_version(world, existing, mapping)
        path = replace(existing, port_name=connector.port_name)
        return path, (Put(path),)
    identity = f"gateway-route/{gateway.name}/{creation.ids.alphanumeric(_ROUTE_DIGITS)}"
    template = PathTemplate(
        service=request.service,
        access=gateway.access,
        port=mapping.container_port,
        health_check=check,
        test_header=header_condition(gateway),
        deregistration_delay=delay_of(connector),
        version=version_of(mapping),
        route=ServiceRouteArn(arn("ecs", creation.scope, identity)),
        port_name=connector.port_name,
    )
    tagged = creation._replace(tags=gateway_tags(gateway))
    return open_path(world, tagged, _balancer_template(world, creation, gateway), template)


def _balancer_template(world: World, creation: Creation, gateway: ServiceGateway) -> BalancerTemplate:
    vpc = find_in_scope(world, Vpc, creation.scope, gateway.vpc)
    subnets = [find_in_scope(world, Subnet, creation.scope, identity) for identity in gateway.subnets]
    present = [subnet for subnet in subnets if subnet is not None]
    if vpc is None:
        raise InvalidParameter(f"The VPC {gateway.vpc} of the gateway {gateway.name} does not exist any more.")
    return BalancerTemplate(
        pool=gateway.arn,
        name=_BALANCER_NAME,
        scheme=gateway.access.scheme,
        vpc=vpc,
        subnets=list({subnet.zone: subnet for subnet in reversed(present)}.values()),
        limit=gateway.max_balancers,
        inbound_group=gateway.inbound_group,
        ip_address_type=gateway.ip_address_type,
        attributes=balancer_attributes(gateway),
    )


def _balancer(
    service: Service, path: IngressPath, gateway: ServiceGateway, place: tuple[str, int], world: World
) -> ServiceLoadBalancer:
    """The load balancer entry by which the deployment's tasks get a path's requests. A new path's rule sends to its
    first group, which becomes the alternate one where the service's tasks are in alternate groups.
    """
    former = next((b for d in service.deployments for b in d.connections if _is_of(b, path)), None)
    groups = path.target_groups
    if former is not None and former.advanced_configuration is not None:
        groups = (former.target_group_arn, former.advanced_configuration.alternate_target_group_arn)
    elif path.key not in world.ingress_paths and service.deployments and service.primary.uses_alternate_groups:
        groups = (groups[1], groups[0])
    advanced = AdvancedConfiguration(groups[1], path.rule, path.test_rule, gateway.infrastructure_role)
    return ServiceLoadBalancer(groups[0], *place, advanced)


def _is_of(balancer: ServiceLoadBalancer, path: IngressPath) -> bool:
    return balancer.target_group_arn in path.target_groups


def _admit(
    world: World, creation: Creation, request: ConnectionRequest, paths: Sequence[IngressPath]
) -> Iterator[Change]:
    """Changes that make the tasks' first security group let the load balancers in, and the paths name that group."""
    if not paths or request.network is None:
        return
    vpc = next(gateway.vpc for path in paths if (gateway := world.service_gateways.get(path.pool)) is not None)
    named = request.network.awsvpc_configuration.security_groups
    default = default_security_group(world, creation.scope, vpc)
    group = find_in_scope(world, SecurityGroup, creation.scope, named[0]) if named else default
    if group is None:
        raise InvalidParameter("gatewayConnectors: the service has no security group that could let a gateway in.")
    own = {rule.traffic for rule in group.rules}
    rules = [_inbound(creation, path, group) for path in paths]
    yield Put(replace(group, rules=(*group.rules, *(rule for rule in rules if rule.traffic not in own))))
    for path in paths:
        if group.id not in path.service_groups:
            yield Put(replace(path, service_groups=(*path.service_groups, group.id)))


def _inbound(creation: Creation, path: IngressPath, group: SecurityGroup) -> SecurityGroupRule:
    """The rule that lets the load balancer of a path in at all TCP ports."""
    peer = GroupReference(path.balancer_group, creation.scope.account, group.vpc)
    description = "Amazon ECS gateway"
    return SecurityGroupRule(
        new_rule_id(creation.ids), egress=False, protocol="tcp", group=peer, description=description
    )
