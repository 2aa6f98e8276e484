"""The default VPC that every account has in every region.

It is a pure function of the scope: 172.31.0.0/16 with a /20 subnet in each of three zones, one default
security group, a main route table and an internet gateway. The VPCs of two scopes may overlap; each has
a router of its own. Nothing of it is stored before something in its scope is changed (see ``domain.queries.vpc``).
Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.vpc.gateway import InternetGateway
from moyai.domain.vpc.route_table import RouteTable, RouteTableAssociation, VpcRoute
from moyai.domain.vpc.security_group import (
    DEFAULT_NAME,
    GroupReference,
    SecurityGroup,
    default_egress_rule,
    group_ingress_rule,
)
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.kernel.ids import InternetGatewayId, RouteTableId, SecurityGroupId, SubnetId, VpcId
from moyai.kernel.scope import Scope

VPC_CIDR = IPv4Network("172.31.0.0/16")
ANYWHERE = "0.0.0.0/0"
DEFAULT_DESCRIPTION = "default VPC security group"
_ZONE_LETTERS = ("a", "b", "c")
_SUBNET_PREFIX = 20
_DIRECTIONS = MappingProxyType({"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"})
_RESOLVER = 2
_FIRST_REGION = "us-east-1"


class AvailabilityZone(NamedTuple):
    """An availability zone of a region."""

    name: str
    id: str
    region: str


class DefaultNetwork(NamedTuple):
    """A default VPC with everything in it."""

    vpc: Vpc
    subnets: tuple[Subnet, ...]
    security_groups: tuple[SecurityGroup, ...]
    route_table: RouteTable
    internet_gateway: InternetGateway

    @property
    def id(self) -> VpcId:
        """The id of the VPC."""
        return self.vpc.id

    @property
    def parts(self) -> tuple[Vpc | Subnet | SecurityGroup | RouteTable | InternetGateway, ...]:
        """All records, the VPC first."""
        return (self.vpc, *self.subnets, *self.security_groups, self.route_table, self.internet_gateway)


@lru_cache(maxsize=256)
def default_vpc(scope: Scope) -> DefaultNetwork:
    """The scope's default VPC, which always has the same ids."""
    vpc = VpcId(f"vpc-{_digest(scope, 'vpc', 'default')}")
    blocks = VPC_CIDR.subnets(new_prefix=_SUBNET_PREFIX)
    gateway = InternetGatewayId(f"igw-{_digest(scope, 'gateway', 'default')}")
    return DefaultNetwork(
        vpc=Vpc(vpc, scope, str(VPC_CIDR), is_default=True, dns_hostnames=True),
        subnets=tuple(
            _subnet(scope, vpc, zone, letter, block)
            for zone, letter, block in zip(availability_zones(scope), _ZONE_LETTERS, blocks, strict=False)
        ),
        security_groups=(_group(scope, vpc),),
        route_table=RouteTable(
            RouteTableId(f"rtb-{_digest(scope, 'routes', 'default')}"),
            vpc,
            scope,
            (VpcRoute(ANYWHERE, gateway),),
            (RouteTableAssociation(f"rtbassoc-{_digest(scope, 'association', 'default')}"),),
        ),
        internet_gateway=InternetGateway(gateway, scope, vpc),
    )


def availability_zones(scope: Scope) -> tuple[AvailabilityZone, ...]:
    """The region's three availability zones."""
    return tuple(
        AvailabilityZone(f"{scope.region}{letter}", f"{_zone_prefix(scope)}-az{number}", scope.region)
        for number, letter in enumerate(_ZONE_LETTERS, start=1)
    )


def resolver_address(vpc: IPv4Network) -> IPv4Address:
    """The address of a VPC's resolver: the base of its range plus two.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    return vpc.network_address + _RESOLVER


def _subnet(scope: Scope, vpc: VpcId, zone: AvailabilityZone, letter: str, block: IPv4Network) -> Subnet:
    return Subnet(
        SubnetId(f"subnet-{_digest(scope, 'subnet', letter)}"),
        vpc,
        scope,
        str(block),
        zone.name,
        zone.id,
        default_for_az=True,
        map_public_ip_on_launch=True,
    )


def _group(scope: Scope, vpc: VpcId) -> SecurityGroup:
    group = SecurityGroupId(f"sg-{_digest(scope, 'group', 'default')}")
    members = GroupReference(group, scope.account, vpc)
    rules = (
        group_ingress_rule(f"sgr-{_digest(scope, 'rule', 'ingress')}", members),
        default_egress_rule(f"sgr-{_digest(scope, 'rule', 'egress')}"),
    )
    return SecurityGroup(group, vpc, scope, DEFAULT_NAME, DEFAULT_DESCRIPTION, rules)


def _digest(scope: Scope, kind: str, name: str) -> str:
    """Seventeen hex digits, as EC2's ids have."""
    return sha256(f"{scope.account}/{scope.region}/{kind}/{name}".encode()).hexdigest()[:17]


def _zone_prefix(scope: Scope) -> str:
    """The beginning of the ids of a region's zones: ``use1`` for us-east-1."""
    area, *words = scope.region.split("-")
    *middle, number = words or [""]
    return area + "".join(_DIRECTIONS.get(word, word[:1]) for word in middle) + number


def internal_domain(region: str) -> str:
    """The domain of the host names of a region's private addresses."""
    return "ec2.internal" if region == _FIRST_REGION else f"{region}.compute.internal"
