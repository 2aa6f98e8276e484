"""Where an Express service runs: its subnets, and with them its VPC and the scheme of its load balancer.

Promise: a service without subnets of its own runs in those of the default VPC. Its load balancer is internet-facing
when all subnets have a route to an internet gateway, and internal when none has.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayServiceNetworkConfiguration.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from moyai.api.ecs.launch.network import check_network
from moyai.api.operation import Context
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.express import ExpressNetwork
from moyai.domain.ecs.ingress import AccessType
from moyai.domain.ecs.service import AwsVpcConfiguration, NetworkConfiguration
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.queries.vpc import (
    all_in_vpc,
    attached_internet_gateway,
    default_vpc_of,
    find_in_scope,
    route_table_of,
)
from moyai.domain.vpc.default import ANYWHERE
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.kernel.ids import SecurityGroupId, SubnetId

MOST_OWN_GROUPS: Final = 4
"""Security groups that a caller can add to the service's own."""
_LEAST_ZONES: Final = 2


class ServicePlace(NamedTuple):
    """The VPC of a service, its subnets, and who reaches its load balancer."""

    vpc: Vpc
    subnets: Sequence[Subnet]
    access: AccessType

    def network(self, groups: Sequence[SecurityGroupId]) -> NetworkConfiguration:
        """The network configuration of tasks with these security groups. They have a public address where the load
        balancer has one, so that they reach registries.
        """
        public = "ENABLED" if self.access is AccessType.PUBLIC else "DISABLED"
        subnets = tuple(subnet.id for subnet in self.subnets)
        return NetworkConfiguration(AwsVpcConfiguration(subnets, tuple(groups), public))


def place_of(ctx: Context, network: ExpressNetwork, definition: TaskDefinition) -> ServicePlace:
    """The place of a service. Raises InvalidParameter."""
    if len(network.security_groups) > MOST_OWN_GROUPS:
        raise InvalidParameter(f"networkConfiguration.securityGroups can have at most {MOST_OWN_GROUPS} items.")
    identities = tuple(dict.fromkeys(network.subnets)) or default_subnets(ctx)
    check_network(ctx, NetworkConfiguration(AwsVpcConfiguration(identities, network.security_groups)), definition)
    return place_in(ctx, identities)


def default_subnets(ctx: Context) -> tuple[SubnetId, ...]:
    """The subnets of the default VPC, one in each zone. Raises InvalidParameter if there is none."""
    vpc = default_vpc_of(ctx.store.world, ctx.scope)
    subnets = () if vpc is None else all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    identities = tuple(subnet.id for subnet in subnets if subnet.default_for_az)
    if not identities:
        raise InvalidParameter("There is no default VPC with default subnets. Name subnets in networkConfiguration.")
    return identities


def place_in(ctx: Context, identities: Sequence[SubnetId]) -> ServicePlace:
    """The place with these subnets, which must exist in one VPC. Raises InvalidParameter."""
    world = ctx.store.world
    subnets = [s for identity in identities if (s := find_in_scope(world, Subnet, ctx.scope, identity)) is not None]
    vpc = find_in_scope(world, Vpc, ctx.scope, subnets[0].vpc)
    zones = {subnet.zone for subnet in subnets}
    if vpc is None or len(zones) < _LEAST_ZONES:
        raise InvalidParameter(
            "networkConfiguration.subnets: a load balancer needs subnets in at least two Availability Zones, and these"
            f" are in {', '.join(sorted(zones))}."
        )
    public = {subnet.id for subnet in subnets if _is_public(ctx, subnet)}
    if public and len(public) < len(subnets):
        private = [subnet.id for subnet in subnets if subnet.id not in public]
        raise InvalidParameter(
            "networkConfiguration.subnets: a load balancer is in public subnets or in private ones, and these have no"
            f" route to an internet gateway: {', '.join(private)}."
        )
    return ServicePlace(vpc, subnets, AccessType.PUBLIC if public else AccessType.PRIVATE)


def one_of_each_zone(subnets: Sequence[Subnet]) -> list[Subnet]:
    """The first subnet of each zone."""
    return list({subnet.zone: subnet for subnet in reversed(subnets)}.values())


def _is_public(ctx: Context, subnet: Subnet) -> bool:
    """Whether the subnet has a route to the VPC's internet gateway."""
    world = ctx.store.world
    gateway = attached_internet_gateway(world, ctx.scope, subnet.vpc)
    table = route_table_of(world, ctx.scope, subnet.vpc, subnet.id)
    route = None if table is None else table.route(ANYWHERE)
    return gateway is not None and route is not None and route.target == gateway.id
