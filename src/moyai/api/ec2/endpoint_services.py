"""The AWS services for which there are VPC endpoints, and AWS's prefix lists.

Promise: a prefix list has no entries, because moyai has no addresses of AWS.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpointServices.html,
API_DescribeManagedPrefixLists.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from moyai.api.ec2.select import DescribedKind, DescribePageRequest, PagedRequest, no_tags, select
from moyai.api.operation import Context
from moyai.domain.vpc.default import availability_zones
from moyai.domain.vpc.endpoint import EndpointService, EndpointType, endpoint_services, prefix_lists
from moyai.domain.vpc.errors import DryRunOperation, InvalidParameterValue, InvalidServiceName
from moyai.domain.vpc.not_found import NotFound, PrefixListNotFound
from moyai.kernel.arn import partition_of

_AMAZON, _AWS = "amazon", "AWS"


class DescribeVpcEndpointServicesRequest(PagedRequest, frozen=True):
    service_names: tuple[str, ...] = ()
    service_regions: tuple[str, ...] = ()


class DescribePrefixListsRequest(PagedRequest, frozen=True):
    prefix_list_ids: tuple[str, ...] = ()


class PrefixListEntriesRequest(DescribePageRequest, frozen=True):
    prefix_list_id: str
    target_version: int = 1


class PrefixList(NamedTuple):
    """A prefix list of AWS."""

    id: str
    name: str
    region: str

    @property
    def arn(self) -> str:
        """The list's ARN, which has ``aws`` instead of an account."""
        return f"arn:{partition_of(self.region)}:ec2:{self.region}:aws:prefix-list/{self.id}"


def describe_vpc_endpoint_services(ctx: Context, request: DescribeVpcEndpointServicesRequest) -> dict[str, object]:
    """The endpoint services of the region."""
    if set(request.service_regions) - {ctx.scope.region}:
        raise InvalidParameterValue(f"ServiceRegions can have {ctx.scope.region} here.")
    services = endpoint_services(ctx.scope.region)
    unknown = sorted(set(request.service_names) - {service.name for service in services})
    if unknown:
        raise InvalidServiceName(f"The Vpc Endpoint Service '{unknown[0][:200]}' does not exist")
    named = [service for service in services if not request.service_names or service.name in request.service_names]
    page = select(_SERVICES, named, (), request)
    return {
        "service_names": [service.name for service in page.items],
        "service_details": [_service(ctx, service) for service in page.items],
        "next_token": page.next_token,
    }


def describe_prefix_lists(ctx: Context, request: DescribePrefixListsRequest) -> dict[str, object]:
    """The prefix lists of AWS's services."""
    page = select(_LISTS, _lists(ctx), request.prefix_list_ids, request)
    return {
        "prefix_lists": [
            {"prefix_list_id": prefix_list.id, "prefix_list_name": prefix_list.name, "cidrs": []}
            for prefix_list in page.items
        ],
        "next_token": page.next_token,
    }


def describe_managed_prefix_lists(ctx: Context, request: DescribePrefixListsRequest) -> dict[str, object]:
    """The prefix lists of AWS's services, in the form of managed ones."""
    page = select(_LISTS, _lists(ctx), request.prefix_list_ids, request)
    return {
        "prefix_lists": [
            {
                "prefix_list_id": prefix_list.id,
                "prefix_list_name": prefix_list.name,
                "prefix_list_arn": prefix_list.arn,
                "address_family": "IPv4",
                "state": "create-complete",
                "owner_id": _AWS,
                "tags": [],
            }
            for prefix_list in page.items
        ],
        "next_token": page.next_token,
    }


def get_managed_prefix_list_entries(ctx: Context, request: PrefixListEntriesRequest) -> dict[str, object]:
    """The entries of a prefix list: none."""
    if request.prefix_list_id not in prefix_lists(ctx.scope.region):
        raise PrefixListNotFound([request.prefix_list_id])
    if request.dry_run:
        raise DryRunOperation
    return {"entries": []}


def _lists(ctx: Context) -> list[PrefixList]:
    return [PrefixList(identity, name, ctx.scope.region) for identity, name in prefix_lists(ctx.scope.region).items()]


def _service(ctx: Context, service: EndpointService) -> dict[str, object]:
    is_interface = EndpointType.INTERFACE in service.types
    names = [{"private_dns_name": service.host}] if is_interface else []
    return {
        "service_name": service.name,
        "service_id": service.id,
        "service_region": service.region,
        "service_type": [{"service_type": kind} for kind in service.types],
        "availability_zones": [zone.name for zone in availability_zones(ctx.scope)],
        "owner": _AMAZON,
        "base_endpoint_dns_names": [service.host],
        "private_dns_name": service.host if is_interface else None,
        "private_dns_names": names,
        "vpc_endpoint_policy_supported": True,
        "acceptance_required": False,
        "manages_vpc_endpoints": False,
        "supported_ip_address_types": ["ipv4"],
        "tags": [],
    }


_SERVICES = DescribedKind[EndpointService](
    "endpoint services",
    lambda service: service.name,
    MappingProxyType(
        {
            "service-name": lambda s: (s.name,),
            "service-type": lambda s: s.types,
            "owner": lambda _: (_AMAZON,),
            "supported-ip-address-types": lambda _: ("ipv4",),
        }
    ),
    NotFound,
    no_tags,
)
_LISTS = DescribedKind[PrefixList](
    "prefix lists",
    lambda prefix_list: prefix_list.id,
    MappingProxyType(
        {
            "prefix-list-id": lambda p: (p.id,),
            "prefix-list-name": lambda p: (p.name,),
            "owner-id": lambda _: (_AWS,),
        }
    ),
    PrefixListNotFound,
)
