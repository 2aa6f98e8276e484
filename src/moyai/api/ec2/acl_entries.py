"""The entries of network ACLs: create, replace, delete.

Promise: an entry has a number from 1 to 32766 and a direction, and matches a protocol, ports and an address range of
the peer. ``plan/network/acl_rules.py`` turns entries into rules.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkAclEntry.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.acls import acl_of
from moyai.api.ec2.change import ChangeRequest, commit
from moyai.api.ec2.ranges import network, network_of_ipv6
from moyai.api.operation import Context
from moyai.domain.vpc.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    NetworkAclEntryAlreadyExists,
)
from moyai.domain.vpc.network_acl import ALL, LAST_NUMBER, AclEntry, with_entry, without_entry
from moyai.domain.vpc.not_found import NetworkAclEntryNotFound
from moyai.domain.vpc.quotas import ACL_ENTRIES, NetworkAclEntryLimitExceeded
from moyai.domain.world import Put

_NUMBERS: Final[Mapping[str, str]] = MappingProxyType(
    {"all": ALL, "tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58"}
)
_WITH_PORTS: Final = ("6", "17")
_ICMP, _ICMPV6 = "1", "58"
_LAST_PROTOCOL: Final = 255
_LAST_PORT: Final = 65535
_EVERY_TYPE: Final = -1


class PortRange(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """A range of TCP or UDP ports, with its first and last port."""

    first: int = 0
    last: int = _LAST_PORT


class IcmpTypeCode(msgspec.Struct, frozen=True):
    """The type and the code of ICMP; -1 means all."""

    type: int = _EVERY_TYPE
    code: int = _EVERY_TYPE


class NetworkAclEntryRequest(ChangeRequest, frozen=True):
    """The entry to create, or to replace the one with its number and direction."""

    network_acl_id: str
    rule_number: int
    protocol: str
    rule_action: str
    egress: bool
    cidr_block: str | None = None
    ipv6_cidr_block: str | None = None
    port_range: PortRange | None = None
    icmp_type_code: IcmpTypeCode | None = None


class DeleteNetworkAclEntryRequest(ChangeRequest, frozen=True):
    """The entry to delete, by its number and direction."""

    network_acl_id: str
    rule_number: int
    egress: bool


def create_network_acl_entry(ctx: Context, request: NetworkAclEntryRequest) -> None:
    """Add an entry to an ACL."""
    acl = acl_of(ctx, request.network_acl_id).record
    entry = _entry(request)
    if acl.entry(entry.number, egress=entry.egress) is not None:
        raise NetworkAclEntryAlreadyExists(f"The network acl entry identified by {entry.number} already exists.")
    if sum(other.egress is entry.egress for other in acl.entries) >= ACL_ENTRIES:
        raise NetworkAclEntryLimitExceeded(ACL_ENTRIES)
    commit(ctx, request, Put(with_entry(acl, entry)))


def replace_network_acl_entry(ctx: Context, request: NetworkAclEntryRequest) -> None:
    """Replace an entry of an ACL."""
    acl = acl_of(ctx, request.network_acl_id).record
    entry = _entry(request)
    if acl.entry(entry.number, egress=entry.egress) is None:
        raise NetworkAclEntryNotFound([str(entry.number)])
    commit(ctx, request, Put(with_entry(acl, entry)))


def delete_network_acl_entry(ctx: Context, request: DeleteNetworkAclEntryRequest) -> None:
    """Delete an entry of an ACL."""
    acl = acl_of(ctx, request.network_acl_id).record
    number, egress = request.rule_number, request.egress
    if acl.entry(number, egress=egress) is None:
        raise NetworkAclEntryNotFound([str(number)])
    commit(ctx, request, Put(replace(acl, entries=without_entry(acl.entries, number, egress=egress))))


def _entry(request: NetworkAclEntryRequest) -> AclEntry:
    if not 0 < request.rule_number <= LAST_NUMBER:
        raise InvalidParameterValue(
            f"Value ({request.rule_number}) for parameter ruleNumber is invalid. It must be from 1 to {LAST_NUMBER}."
        )
    if request.rule_action not in {"allow", "deny"}:
        raise InvalidParameterValue(f"Value ({request.rule_action[:60]}) for parameter ruleAction is invalid.")
    protocol = _protocol(request.protocol)
    first, last = _ports(request, protocol)
    return AclEntry(
        request.rule_number, request.egress, request.rule_action == "allow", protocol, _cidr(request), first, last
    )


def _protocol(text: str) -> str:
    number = _NUMBERS.get(text.lower(), text)
    if number != ALL and not (number.isdecimal() and len(number) <= len("255") and int(number) <= _LAST_PROTOCOL):
        raise InvalidParameterValue(f"Value ({text[:60]}) for parameter protocol is invalid. Unknown protocol")
    return number if number == ALL else str(int(number))


def _cidr(request: NetworkAclEntryRequest) -> str:
    if request.cidr_block and request.ipv6_cidr_block:
        raise InvalidParameterCombination("CidrBlock and Ipv6CidrBlock can't be used together.")
    if request.ipv6_cidr_block:
        return str(network_of_ipv6(request.ipv6_cidr_block, "ipv6CidrBlock"))
    if not request.cidr_block:
        raise MissingParameter("The request must contain the parameter cidrBlock or ipv6CidrBlock")
    return str(network(request.cidr_block, "cidrBlock"))


def _ports(request: NetworkAclEntryRequest, protocol: str) -> tuple[int | None, int | None]:
    """The first and last port of TCP or UDP, or the type and code of ICMP or ICMPv6. For other protocols they are
    ignored, as on AWS.
    """
    if protocol in _WITH_PORTS:
        if request.port_range is None:
            raise MissingParameter("The request must contain the parameter PortRange.From and PortRange.To")
        first, last = request.port_range.first, request.port_range.last
        if not 0 <= first <= last <= _LAST_PORT:
            raise InvalidParameterValue(f"Value ({first}-{last}) for parameter portRange is invalid.")
        return first, last
    if protocol in {_ICMP, _ICMPV6}:
        if request.icmp_type_code is None:
            raise MissingParameter("The request must contain the parameter Icmp.Type and Icmp.Code")
        kind, code = request.icmp_type_code.type, request.icmp_type_code.code
        if not (_EVERY_TYPE <= kind <= _LAST_PROTOCOL and _EVERY_TYPE <= code <= _LAST_PROTOCOL):
            raise InvalidParameterValue(f"Value ({kind}/{code}) for parameter icmpTypeCode is invalid.")
        return kind, code
    return None, None
