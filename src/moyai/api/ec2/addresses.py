"""Elastic IP addresses, for NAT gateways and network load balancers.

Promise: an address belongs to the account until it is released. Traffic through a NAT gateway nevertheless leaves from
this machine's own address, because moyai has no public addresses.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, DescribePageRequest, Filter, filter_page, passing, with_ids
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import address_user, all_in_scope
from moyai.domain.vpc.errors import (
    AddressInUse,
    AddressNotFound,
    DryRunOperation,
    InsufficientAddresses,
    InvalidParameterCombination,
    InvalidParameterValue,
)
from moyai.domain.vpc.gateway import ElasticAddress
from moyai.domain.vpc.not_found import AllocationNotFound
from moyai.domain.vpc.quotas import ADDRESSES, AddressLimitExceeded
from moyai.domain.world import Delete, Put, World
from moyai.kernel.ids import AllocationId
from moyai.plan.network.interfaces import public_address


class AllocateAddressRequest(ChangeRequest, frozen=True):
    domain: str = "vpc"
    network_border_group: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class ReleaseAddressRequest(ChangeRequest, frozen=True):
    allocation_id: str | None = None
    public_ip: str | None = None
    network_border_group: str | None = None


class DescribeAddressesRequest(ChangeRequest, frozen=True):
    allocation_ids: tuple[str, ...] = ()
    public_ips: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()


class DescribeAddressesAttributeRequest(DescribePageRequest, frozen=True):
    allocation_ids: tuple[str, ...] = ()
    attribute: str = "domain-name"


def allocate_address(ctx: Context, request: AllocateAddressRequest) -> dict[str, object]:
    """Allocate an elastic address."""
    if request.domain != "vpc":
        raise InvalidParameterValue("Domain must be vpc.")
    _check_border(ctx, request.network_border_group)
    tags = new_tags(request.tag_specifications, "elastic-ip")
    if len(all_in_scope(ctx.store.world, ElasticAddress, ctx.scope)) >= ADDRESSES:
        raise AddressLimitExceeded(ADDRESSES)
    address = public_address(ctx.store.world, (), ctx.ids)
    if address is None:
        raise InsufficientAddresses("There is no public address left.")
    elastic_address = ElasticAddress(AllocationId(new_id(ctx, "eipalloc")), ctx.scope, address, tags)
    commit(ctx, request, Put(elastic_address))
    return {
        "allocation_id": elastic_address.id,
        "public_ip": address,
        "domain": "vpc",
        "public_ipv4_pool": "amazon",
        "network_border_group": ctx.scope.region,
    }


def release_address(ctx: Context, request: ReleaseAddressRequest) -> None:
    """Release an unused address."""
    _check_border(ctx, request.network_border_group)
    if request.allocation_id and request.public_ip:
        raise InvalidParameterCombination("AllocationId and PublicIp can't be used together.")
    address = elastic_address(ctx, request.allocation_id, request.public_ip)
    user = address_user(ctx.store.world, address)
    if user is not None:
        raise AddressInUse(f"Address {address.id} is in use by {user.owner}.")
    commit(ctx, request, Delete(ElasticAddress, address.id))


def describe_addresses(ctx: Context, request: DescribeAddressesRequest) -> dict[str, object]:
    """The addresses of the scope."""
    world = ctx.store.world
    candidates = _with_public(ctx, request.public_ips)
    kind = _KIND._replace(filters={**_KIND.filters, "association-id": lambda a: _association(world, a)})
    addresses = passing(kind, with_ids(kind, candidates, request.allocation_ids), request.filters)
    if request.dry_run:
        raise DryRunOperation
    return {"addresses": [_address(world, address) for address in addresses]}


def describe_addresses_attribute(ctx: Context, request: DescribeAddressesAttributeRequest) -> dict[str, object]:
    """The domain names of addresses in the reverse DNS."""
    if request.attribute != "domain-name":
        raise InvalidParameterValue("Attribute must be domain-name.")
    candidates = all_in_scope(ctx.store.world, ElasticAddress, ctx.scope)
    addresses = filter_page(_KIND, candidates, request.allocation_ids, request, ())
    return {
        "addresses": [attributes_of(item) for item in addresses.items],
        "next_token": addresses.next_token,
    }


def attributes_of(address: ElasticAddress) -> dict[str, object]:
    """The attributes of an address as responses have them."""
    return {
        "allocation_id": address.id,
        "public_ip": address.public_address,
        "ptr_record": None if address.domain_name is None else f"{address.domain_name}.",
    }


def elastic_address(ctx: Context, allocation: str | None, public: str | None) -> ElasticAddress:
    """The elastic address with this public address, if one is given, or with this allocation id.

    Raises AddressNotFound, AllocationNotFound.
    """
    if public:
        return _with_public(ctx, (public,))[0]
    return resource_of(ctx, ElasticAddress, allocation, AllocationNotFound, "AllocationId")


def _check_border(ctx: Context, group: str | None) -> None:
    if group not in {None, ctx.scope.region}:
        raise InvalidParameterValue(f"NetworkBorderGroup must be {ctx.scope.region} here.")


def _with_public(ctx: Context, addresses: tuple[str, ...]) -> list[ElasticAddress]:
    elastic_addresses = {
        address.public_address: address for address in all_in_scope(ctx.store.world, ElasticAddress, ctx.scope)
    }
    unknown = [address for address in addresses if address not in elastic_addresses]
    if unknown:
        raise AddressNotFound(f"Address '{unknown[0][:60]}' not found.")
    return [elastic_addresses[address] for address in addresses] if addresses else list(elastic_addresses.values())


def _association(world: World, address: ElasticAddress) -> Iterator[str]:
    user = address_user(world, address)
    if user is not None:
        yield user.association


def _address(world: World, address: ElasticAddress) -> dict[str, object]:
    form: dict[str, object] = {
        "allocation_id": address.id,
        "public_ip": address.public_address,
        "domain": "vpc",
        "public_ipv4_pool": "amazon",
        "network_border_group": address.scope.region,
        "tags": tag_list(address.tags),
    }
    user = address_user(world, address)
    if user is None:
        return form
    return form | {
        "association_id": user.association,
        "network_interface_id": user.interface,
        "network_interface_owner_id": address.scope.account,
        "private_ip_address": user.private_address,
    }


_KIND = DescribedKind[ElasticAddress](
    "elastic addresses",
    lambda address: address.id,
    MappingProxyType(
        {
            "allocation-id": lambda a: (a.id,),
            "domain": lambda _: ("vpc",),
            "network-border-group": lambda a: (a.scope.region,),
            "public-ip": lambda a: (a.public_address,),
        }
    ),
    AllocationNotFound,
    lambda address: address.tags,
)
