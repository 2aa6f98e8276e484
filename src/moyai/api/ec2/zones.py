"""Availability zones: three in each region.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
"""

from __future__ import annotations

from types import MappingProxyType

from moyai.api.ec2.change import ChangeRequest
from moyai.api.ec2.select import DescribedKind, Filter, passing
from moyai.api.operation import Context
from moyai.domain.vpc.default import AvailabilityZone, availability_zones
from moyai.domain.vpc.errors import DryRunOperation, InvalidParameterValue
from moyai.domain.vpc.not_found import NotFound


class DescribeAvailabilityZonesRequest(ChangeRequest, frozen=True):
    zone_names: tuple[str, ...] = ()
    zone_ids: tuple[str, ...] = ()
    all_availability_zones: bool = False
    filters: tuple[Filter, ...] = ()


def describe_availability_zones(ctx: Context, request: DescribeAvailabilityZonesRequest) -> dict[str, object]:
    """The region's zones. All are enabled, so ``all_availability_zones`` adds none."""
    all_zones = availability_zones(ctx.scope)
    unknown = sorted(set(request.zone_names) - {z.name for z in all_zones}) or sorted(
        set(request.zone_ids) - {z.id for z in all_zones}
    )
    if unknown:
        raise InvalidParameterValue(f"Invalid availability zone: [{', '.join(unknown)}]")
    zones = [
        zone
        for zone in all_zones
        if (not request.zone_names or zone.name in request.zone_names)
        and (not request.zone_ids or zone.id in request.zone_ids)
    ]
    matching = passing(_ZONES, zones, request.filters)
    if request.dry_run:
        raise DryRunOperation
    return {"availability_zones": [_zone(zone) for zone in matching]}


def _zone(zone: AvailabilityZone) -> dict[str, object]:
    return {
        "zone_name": zone.name,
        "zone_id": zone.id,
        "region_name": zone.region,
        "group_name": f"{zone.region}-zg-1",
        "network_border_group": zone.region,
        "zone_type": "availability-zone",
        "opt_in_status": "opt-in-not-required",
        "state": "available",
    }


_ZONES = DescribedKind[AvailabilityZone](
    "availability zones",
    lambda zone: zone.name,
    MappingProxyType(
        {
            "zone-name": lambda z: (z.name,),
            "zone-id": lambda z: (z.id,),
            "region-name": lambda z: (z.region,),
            "group-name": lambda z: (f"{z.region}-zg-1",),
            "opt-in-status": lambda _: ("opt-in-not-required",),
            "zone-type": lambda _: ("availability-zone",),
            "state": lambda _: ("available",),
        }
    ),
    NotFound,
)
