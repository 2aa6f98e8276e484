"""DHCP options. They are only recorded: tasks resolve names with their VPC's resolver, whatever the options are.

Promise: every new VPC has the region's default set, as on AWS.
Refuses: name servers other than AmazonProvidedDNS, because tasks would not use them.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateDhcpOptions.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.errors import DependencyViolation, InvalidParameterValue, MissingParameter
from moyai.domain.vpc.not_found import DhcpOptionsNotFound, VpcNotFound
from moyai.domain.vpc.quotas import DHCP_OPTIONS, DhcpOptionsLimitExceeded
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.vpc.without_effect import AMAZON_DNS, DOMAIN, NAME_SERVERS, DhcpOptions, default_dhcp_options
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import DhcpOptionsId

_KEYS: Final = (
    DOMAIN,
    NAME_SERVERS,
    "ntp-servers",
    "netbios-name-servers",
    "netbios-node-type",
    "ipv6-address-preferred-lease-time",
)
_MOST_VALUES: Final = 4
_LONGEST: Final = 255
_DEFAULT: Final = "default"


class DhcpConfiguration(msgspec.Struct, frozen=True):
    """The values of one option."""

    key: str = ""
    values: tuple[str, ...] = ()


class CreateDhcpOptionsRequest(ChangeRequest, frozen=True):
    dhcp_configurations: tuple[DhcpConfiguration, ...]
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeDhcpOptionsRequest(PagedRequest, frozen=True):
    dhcp_options_ids: tuple[str, ...] = ()


class AssociateDhcpOptionsRequest(ChangeRequest, frozen=True):
    """A VPC, and the set that it gets; ``default`` means the region's default set."""

    dhcp_options_id: str
    vpc_id: str


class DeleteDhcpOptionsRequest(ChangeRequest, frozen=True):
    """The set to delete."""

    dhcp_options_id: str


def create_dhcp_options(ctx: Context, request: CreateDhcpOptionsRequest) -> dict[str, object]:
    """Create a set of options."""
    if not request.dhcp_configurations:
        raise MissingParameter("The request must contain the parameter DhcpConfiguration.")
    tags = new_tags(request.tag_specifications, "dhcp-options")
    if len(all_in_scope(ctx.store.world, DhcpOptions, ctx.scope)) >= DHCP_OPTIONS:
        raise DhcpOptionsLimitExceeded(DHCP_OPTIONS)
    values = {option.key: _checked_values(option) for option in request.dhcp_configurations}
    options = DhcpOptions(DhcpOptionsId(new_id(ctx, "dopt")), ctx.scope, values, tags)
    commit(ctx, request, Put(options))
    return {"dhcp_options": _view(options)}


def describe_dhcp_options(ctx: Context, request: DescribeDhcpOptionsRequest) -> dict[str, object]:
    """The sets of the scope, including the default one."""
    candidates = [default_dhcp_options(ctx.scope), *all_in_scope(ctx.store.world, DhcpOptions, ctx.scope)]
    page = select(_KIND, candidates, request.dhcp_options_ids, request)
    return {"dhcp_options": [_view(item) for item in page.items], "next_token": page.next_token}


def associate_dhcp_options(ctx: Context, request: AssociateDhcpOptionsRequest) -> None:
    """Associate a set with a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    identity: DhcpOptionsId | None = None
    if request.dhcp_options_id not in {_DEFAULT, default_dhcp_options(ctx.scope).id}:
        identity = _options_of(ctx, request.dhcp_options_id).id
    commit(ctx, request, Put(replace(vpc, dhcp_options=identity)))


def delete_dhcp_options(ctx: Context, request: DeleteDhcpOptionsRequest) -> None:
    """Delete a set that no VPC uses."""
    is_default = request.dhcp_options_id == default_dhcp_options(ctx.scope).id
    vpcs = [v.id for v in all_in_scope(ctx.store.world, Vpc, ctx.scope) if v.dhcp_options == request.dhcp_options_id]
    if vpcs or is_default:
        users = ", ".join(vpcs[:5]) if vpcs else "the region"
        raise DependencyViolation(
            f"The dhcpOptions '{request.dhcp_options_id}' has dependencies and cannot be deleted: it is the set of "
            f"{users}."
        )
    commit(ctx, request, Delete(DhcpOptions, _options_of(ctx, request.dhcp_options_id).id))


def _options_of(ctx: Context, identity: str) -> DhcpOptions:
    return resource_of(ctx, DhcpOptions, identity, DhcpOptionsNotFound, "DhcpOptionsId")


def _checked_values(option: DhcpConfiguration) -> tuple[str, ...]:
    if option.key not in _KEYS:
        raise InvalidParameterValue(f"Value ({option.key[:60]}) for parameter name is invalid. Unknown DHCP option")
    if not 0 < len(option.values) <= _MOST_VALUES or any(not 0 < len(value) <= _LONGEST for value in option.values):
        raise InvalidParameterValue(
            f"The option {option.key} has 1 to {_MOST_VALUES} values of at most {_LONGEST} characters."
        )
    if option.key == NAME_SERVERS and option.values != (AMAZON_DNS,):
        raise InvalidParameterValue(
            f"{NAME_SERVERS} is {AMAZON_DNS} here: tasks resolve names with their VPC's resolver."
        )
    return option.values


def _view(options: DhcpOptions) -> dict[str, object]:
    return {
        "dhcp_options_id": options.id,
        "owner_id": options.scope.account,
        "dhcp_configurations": [
            {"key": key, "values": [{"value": value} for value in values]} for key, values in options.values.items()
        ],
        "tags": tag_list(options.tags),
    }


_KIND = DescribedKind[DhcpOptions](
    "sets of DHCP options",
    lambda options: options.id,
    MappingProxyType(
        {
            "dhcp-options-id": lambda o: (o.id,),
            "owner-id": lambda o: (o.scope.account,),
            "key": lambda o: o.values,
            "value": lambda o: [value for values in o.values.values() for value in values],
        }
    ),
    DhcpOptionsNotFound,
    lambda options: options.tags,
)
