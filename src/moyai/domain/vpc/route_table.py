"""Route tables of subnets, for traffic that leaves the VPC.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.ids import (
    EgressOnlyGatewayId,
    InternetGatewayId,
    NatGatewayId,
    RouteTableId,
    SubnetId,
    VpcId,
    VpcPeeringId,
)
from moyai.kernel.scope import Scope

RouteTarget = InternetGatewayId | EgressOnlyGatewayId | NatGatewayId | VpcPeeringId
"""The id of a route's target, whose prefix tells its type."""


class VpcRoute(msgspec.Struct, frozen=True):
    """A route to a range, through a gateway or a peering. The VPC's own range needs none."""

    destination: str
    target: RouteTarget

    @property
    def is_ipv6(self) -> bool:
        """Whether the range is one of IPv6. Such a route is a record: IPv6 stays within its VPC."""
        return ":" in self.destination


class RouteTableAssociation(msgspec.Struct, frozen=True):
    """The association of a subnet with the table; ``subnet`` None: all subnets without a table of their own."""

    id: str
    subnet: SubnetId | None = None


class RouteTable(IdRecord, frozen=True, tag="route_table"):
    """A route table. Each VPC has one main table."""

    id: RouteTableId
    vpc: VpcId
    scope: Scope
    routes: tuple[VpcRoute, ...] = ()
    associations: tuple[RouteTableAssociation, ...] = ()
    client_token: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def ipv4_routes(self) -> tuple[VpcRoute, ...]:
        """The routes that carry traffic."""
        return tuple(route for route in self.routes if not route.is_ipv6)

    @property
    def is_main(self) -> bool:
        """Whether the table applies to subnets without one of their own."""
        return any(association.subnet is None for association in self.associations)

    def route(self, destination: str) -> VpcRoute | None:
        """The route to exactly this range."""
        return next((route for route in self.routes if route.destination == destination), None)
