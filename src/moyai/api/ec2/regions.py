"""AWS's regions by partition, and the attributes of an account in a region.

Promise: every region of the caller's partition is enabled, because moyai answers for each of them, and for any other
valid name of a region.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html,
API_DescribeAccountAttributes.html,
https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.api.ec2.change import ChangeRequest
from moyai.api.ec2.select import DescribedKind, Filter, passing
from moyai.api.operation import Context
from moyai.domain.queries.vpc import default_vpc_of
from moyai.domain.vpc.errors import DryRunOperation, InvalidParameterValue
from moyai.domain.vpc.not_found import NotFound
from moyai.domain.vpc.quotas import ADDRESSES, GROUPS_OF_INTERFACE
from moyai.kernel.arn import partition_of
from moyai.kernel.ids import Region

ENABLED_BY_DEFAULT: Final = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
"""The regions of the partition ``aws`` that are enabled in every account."""
_OPTED_IN: Final = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1",
)  # fmt: skip
_OTHERS: Final = ("cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-gov-east-1", "us-gov-west-1")


def regions_with(region: Region) -> tuple[str, ...]:
    """The regions of a region's partition, including itself, ordered by name."""
    partition = partition_of(region)
    known = (name for name in (*ENABLED_BY_DEFAULT, *_OPTED_IN, *_OTHERS) if partition_of(Region(name)) == partition)
    return tuple(sorted({region, *known}))


class DescribeRegionsRequest(ChangeRequest, frozen=True):
    """The regions to describe. All are enabled, so ``all_regions`` adds none."""

    region_names: tuple[str, ...] = ()
    all_regions: bool = False
    filters: tuple[Filter, ...] = ()


class DescribeAccountAttributesRequest(ChangeRequest, frozen=True):
    attribute_names: tuple[str, ...] = ()


class RegionDescription(NamedTuple):
    """A region, and its opt-in status: whether accounts have to enable it on AWS."""

    name: str
    opt_in_status: str

    @property
    def endpoint(self) -> str:
        """The host name of EC2's endpoint in the region on AWS."""
        return f"ec2.{self.name}.amazonaws.com"


def describe_regions(ctx: Context, request: DescribeRegionsRequest) -> dict[str, object]:
    """The regions of the caller's partition."""
    regions = [_region(name) for name in regions_with(ctx.scope.region)]
    unknown = sorted(set(request.region_names) - {region.name for region in regions})
    if unknown:
        raise InvalidParameterValue(f"Invalid region names: [{', '.join(name[:60] for name in unknown)}]")
    named = [region for region in regions if not request.region_names or region.name in request.region_names]
    matching = passing(_REGIONS, named, request.filters)
    if request.dry_run:
        raise DryRunOperation
    return {
        "regions": [
            {"region_name": region.name, "endpoint": region.endpoint, "opt_in_status": region.opt_in_status}
            for region in matching
        ]
    }


def describe_account_attributes(ctx: Context, request: DescribeAccountAttributesRequest) -> dict[str, object]:
    """The attributes of an account: its default VPC, and its limits."""
    default = default_vpc_of(ctx.store.world, ctx.scope)
    attributes = {
        "supported-platforms": "VPC",
        "default-vpc": "none" if default is None else default.id,
        "max-instances": "0",
        "vpc-max-security-groups-per-interface": str(GROUPS_OF_INTERFACE),
        "max-elastic-ips": str(ADDRESSES),
        "vpc-max-elastic-ips": str(ADDRESSES),
    }
    unknown = [name for name in request.attribute_names if name not in attributes]
    if unknown:
        raise InvalidParameterValue(f"Attribute name '{unknown[0][:60]}' is none of {', '.join(attributes)}.")
    if request.dry_run:
        raise DryRunOperation
    return {
        "account_attributes": [
            {"attribute_name": name, "attribute_values": [{"attribute_value": value}]}
            for name, value in attributes.items()
            if not request.attribute_names or name in request.attribute_names
        ]
    }


def _region(name: str) -> RegionDescription:
    return RegionDescription(name, "opt-in-not-required" if name in ENABLED_BY_DEFAULT else "opted-in")


_REGIONS = DescribedKind[RegionDescription](
    "regions",
    lambda region: region.name,
    MappingProxyType(
        {
            "region-name": lambda r: (r.name,),
            "endpoint": lambda r: (r.endpoint,),
            "opt-in-status": lambda r: (r.opt_in_status,),
        }
    ),
    NotFound,
)
