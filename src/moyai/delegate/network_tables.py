"""Puts moyai's networks into moto's tables, in moto's process. By their types, moto's records are abstract classes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moyai.delegate.networks import Networks, NetworkTemplate


def replace_networks(networks: Networks) -> None:
    """Replace the VPCs, subnets, security groups and launch templates of an account and region.

    Each table is replaced as a whole, so that a request that looks something up meanwhile still has the former table.
    """
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 (moto is imported in its own process)
    from moto.ec2.models.availability_zones_and_regions import Zone  # noqa: PLC0415
    from moto.ec2.models.security_groups import SecurityGroup  # noqa: PLC0415
    from moto.ec2.models.subnets import Subnet  # noqa: PLC0415
    from moto.ec2.models.vpcs import VPC  # noqa: PLC0415

    backend: Any = ec2_backends[networks.scope.account][networks.scope.region]
    vpcs = {vpc.id: VPC(backend, vpc.id, vpc.cidr, vpc.is_default) for vpc in networks.vpcs}  # type: ignore[abstract]
    backend.vpcs = vpcs  # first, because a security group looks up its VPC there
    defaults = {vpc.id for vpc in networks.vpcs if vpc.is_default}
    if defaults:
        backend.default_vpc = vpcs[next(iter(defaults))]
    subnets: dict[str, dict[str, Subnet]] = defaultdict(dict)
    for subnet in networks.subnets:
        zone = Zone(subnet.zone, networks.scope.region, subnet.zone)  # moto does not know every region
        is_default = subnet.vpc in defaults
        subnets[subnet.zone][subnet.id] = Subnet(  # type: ignore[abstract]
            backend, subnet.id, subnet.vpc, subnet.cidr, None, zone, is_default, map_public_ip_on_launch=is_default
        )
    backend.subnets = subnets
    groups: dict[str, dict[str, SecurityGroup]] = defaultdict(dict)
    for group in networks.groups:
        groups[group.vpc][group.id] = SecurityGroup(  # type: ignore[abstract]
            backend, group.id, group.name, group.description, group.vpc, is_default=group.name == "default"
        )
    backend.groups = groups
    backend.launch_templates = {each.id: _launch_template(backend, each) for each in networks.templates}
    backend.launch_template_name_to_ids = {each.name: each.id for each in networks.templates}


def _launch_template(backend: Any, template: NetworkTemplate) -> Any:  # noqa: ANN401 (moto's)
    """The record of a launch template in moto, which finds a version by its position: deleted versions are empty."""
    from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion  # noqa: PLC0415

    record: Any = LaunchTemplate(backend, template.name, {}, "", {})  # type: ignore[abstract]
    record.id, record.default_version_number = template.id, template.default
    versions = [template.versions.get(number, ("", "")) for number in range(1, max(template.versions) + 1)]
    record.versions = [
        LaunchTemplateVersion(record, number, {"ImageId": image, "InstanceType": kind}, "")
        for number, (image, kind) in enumerate(versions, 1)
    ]
    return record
