"""Puts moyai's networks into moto's tables, in moto's process. Its types say of its records that they are abstract."""

from __future__ import annotations

from typing import Any

from moyai.delegate.networks import Networks


def replace_networks(networks: Networks) -> None:
    """Make these the VPCs, subnets and security groups of their account and region."""
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 (moto is imported in its own process)
    from moto.ec2.models.availability_zones_and_regions import Zone  # noqa: PLC0415
    from moto.ec2.models.security_groups import SecurityGroup  # noqa: PLC0415
    from moto.ec2.models.subnets import Subnet  # noqa: PLC0415
    from moto.ec2.models.vpcs import VPC  # noqa: PLC0415

    backend: Any = ec2_backends[networks.scope.account][networks.scope.region]
    backend.vpcs.clear()
    backend.subnets.clear()
    backend.groups.clear()
    for vpc in networks.vpcs:
        backend.vpcs[vpc.id] = VPC(backend, vpc.id, vpc.cidr, vpc.is_default)  # type: ignore[abstract]
    defaults = {vpc.id for vpc in networks.vpcs if vpc.is_default}
    if defaults:
        backend.default_vpc = backend.vpcs[next(iter(defaults))]
    for subnet in networks.subnets:
        zone = Zone(subnet.zone, networks.scope.region, subnet.zone)  # moto does not know every region
        is_default = subnet.vpc in defaults
        backend.subnets[subnet.zone][subnet.id] = Subnet(  # type: ignore[abstract]
            backend, subnet.id, subnet.vpc, subnet.cidr, None, zone, is_default, map_public_ip_on_launch=is_default
        )
    for group in networks.groups:
        backend.groups[group.vpc][group.id] = SecurityGroup(  # type: ignore[abstract]
            backend, group.id, group.name, group.description, group.vpc, is_default=group.name == "default"
        )
