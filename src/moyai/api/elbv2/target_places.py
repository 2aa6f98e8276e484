"""Where a target is: its address and its availability zone, by the target type of its group.

Refuses: addresses that are neither in the VPC nor private ones of IPv4; with HTTP and HTTPS, addresses of application
load balancers in the VPC, because a request could go round in circles; instances that are not container instances of
the VPC; and load balancers without a listener on the port.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetDescription.html
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, NamedTuple

from moyai.api.elbv2.lookup import LOAD_BALANCER, find
from moyai.api.operation import Context
from moyai.domain.elb.errors import InvalidTarget
from moyai.domain.elb.load_balancer import LoadBalancerType
from moyai.domain.elb.target_group import IPV6, TargetGroup, TargetType
from moyai.domain.keys import scope_of
from moyai.domain.queries.load_balancing import EVERY_ZONE
from moyai.domain.queries.vpc import all_in_vpc, find_in_scope
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.kernel.errors import InvalidInput

_PRIVATE: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))

Address = IPv4Address | IPv6Address


class TargetPlace(NamedTuple):
    """The address at which a target is called, and its zone, or ``all``."""

    address: str
    zone: str


def registered_id(group: TargetGroup, identity: str) -> str:
    """The id of a target as it is on record: an address in its shortest form. Raises InvalidTarget, and as AWS
    InvalidInput for an address, where it is not of the group's target type.
    """
    if group.target_type is TargetType.IP:
        return str(_address(group, identity))
    if group.target_type is TargetType.INSTANCE and not identity.startswith(("i-", "mi-")):
        raise InvalidTarget(f"'{identity[:200]}' is not a valid instance ID")
    if group.target_type is TargetType.ALB and not identity.startswith("arn:"):
        raise InvalidTarget(f"'{identity[:200]}' is not a valid load balancer ARN")
    return identity


def place_of(ctx: Context, group: TargetGroup, identity: str, port: int | None, zone: str | None) -> TargetPlace:
    """The place of a target that is to be registered. Raises InvalidTarget, InvalidInput."""
    identity = registered_id(group, identity)
    if zone is not None and group.target_type is not TargetType.IP:
        raise InvalidInput(
            f"You cannot specify an Availability Zone for targets of a target group of the type '{group.target_type}'"
        )
    match group.target_type:
        case TargetType.IP:
            return _place_of_address(ctx, group, _address(group, identity), zone)
        case TargetType.INSTANCE:
            return _place_of_instance(ctx, group, identity)
        case TargetType.ALB:
            return _place_of_load_balancer(ctx, group, identity, group.port if port is None else port)


def _place_of_address(ctx: Context, group: TargetGroup, address: Address, zone: str | None) -> TargetPlace:
    vpc = find_in_scope(ctx.store.world, Vpc, ctx.scope, group.vpc)
    subnets = all_in_vpc(ctx.store.world, Subnet, ctx.scope, group.vpc)
    subnet = next((subnet for subnet in subnets if _is_in(address, subnet)), None)
    if subnet is not None:
        if zone not in {None, EVERY_ZONE, subnet.zone}:
            raise InvalidTarget(f"The IP address '{address}' is in Availability Zone '{subnet.zone}', not '{zone}'")
        balancers = ctx.store.world.load_balancers.by("address", f"{subnet.id}/{address}")
        if group.protocol.is_http and any(balancer.type is LoadBalancerType.APPLICATION for balancer in balancers):
            raise InvalidTarget(f"The IP address '{address}' belongs to an application load balancer in the same VPC")
        return TargetPlace(str(address), subnet.zone)
    if isinstance(address, IPv6Address):
        raise InvalidTarget(f"The IP address '{address}' is not in a subnet of VPC '{group.vpc}'")
    in_vpc = vpc is not None and any(address in IPv4Network(cidr) for cidr in vpc.cidrs)
    if in_vpc or not any(address in network for network in _PRIVATE):
        raise InvalidTarget(
            f"The IP address '{address}' is not in a subnet of VPC '{group.vpc}', nor in a private range outside of it"
        )
    if zone is None:
        raise InvalidInput(f"An Availability Zone must be specified for the IP address '{address}' outside of the VPC")
    if zone not in {EVERY_ZONE, *(subnet.zone for subnet in subnets)}:
        raise InvalidTarget(f"'{zone[:100]}' is neither '{EVERY_ZONE}' nor an Availability Zone of VPC '{group.vpc}'")
    return TargetPlace(str(address), zone)


def _place_of_instance(ctx: Context, group: TargetGroup, identity: str) -> TargetPlace:
    instances = ctx.store.world.container_instances.by("ec2_instance", identity)
    instance = next((instance for instance in instances if scope_of(instance.arn) == ctx.scope), None)
    if instance is None or instance.interface.vpc != group.vpc:
        raise InvalidTarget(f"The instance '{identity[:100]}' is not a container instance in VPC '{group.vpc}'")
    return TargetPlace(instance.interface.address, instance.availability_zone)


def _place_of_load_balancer(ctx: Context, group: TargetGroup, identity: str, port: int) -> TargetPlace:
    balancer = find(ctx, LOAD_BALANCER, identity)
    is_valid = balancer is not None and balancer.type is LoadBalancerType.APPLICATION and balancer.vpc == group.vpc
    if balancer is None or not is_valid:
        raise InvalidTarget(f"'{identity[:300]}' is not an application load balancer in VPC '{group.vpc}'")
    listeners = ctx.store.world.listeners.each("load_balancer", balancer.arn)
    if port != group.port or all(listener.port != port for listener in listeners):
        raise InvalidTarget(f"The load balancer '{identity}' must have a listener on the target group's port {port}")
    return TargetPlace(balancer.nodes[0].interface.address, balancer.nodes[0].zone)


def _is_in(address: Address, subnet: Subnet) -> bool:
    if isinstance(address, IPv4Address):
        return address in IPv4Network(subnet.cidr)
    return subnet.ipv6 is not None and address in IPv6Network(subnet.ipv6.cidr)


def _address(group: TargetGroup, text: str) -> Address:
    is_ipv6 = group.ip_address_type == IPV6
    # Python's addresses keep a zone id, with any characters
    with suppress(ValueError):
        if "%" not in text:
            return IPv6Address(text) if is_ipv6 else IPv4Address(text)
    version = "IPv6" if is_ipv6 else "IPv4"
    raise InvalidInput(f"The IP address '{text[:200]}' is not a valid {version} address")
