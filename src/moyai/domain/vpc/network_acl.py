"""Network ACLs of subnets, and their entries.

Promise: the entry with the lowest number that matches a packet decides; a packet that none matches is dropped. Each
direction has its own entries, and responses are packets like any other.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.record import IdRecord
from moyai.domain.vpc.vpc import EVERYWHERE
from moyai.kernel.ids import NetworkAclId, SubnetId, VpcId
from moyai.kernel.scope import Scope

ALL: Final = "-1"
FIRST: Final = 100
"""The number of the entry that lets all IPv4 traffic through."""
FIRST_IPV6: Final = 101
LAST_NUMBER: Final = 32766
"""The greatest number that an entry can be given."""


class AclEntry(msgspec.Struct, frozen=True):
    """An entry. ``protocol``: a number, -1 = all. ``from_port`` and ``to_port``: of TCP and UDP; of the ICMPs type and
    code, -1 = all. ``cidr``: the other side, of IPv4 or IPv6.
    """

    number: int
    egress: bool
    allow: bool
    protocol: str
    cidr: str
    from_port: int | None = None
    to_port: int | None = None


class AclAssociation(msgspec.Struct, frozen=True):
    """The association of a subnet with a network ACL."""

    id: str
    subnet: SubnetId


class NetworkAcl(IdRecord, frozen=True, tag="network_acl"):
    """A network ACL. A VPC's default one (``is_default``) is stored only once it was changed; subnets without an
    association use it.
    """

    id: NetworkAclId
    scope: Scope
    vpc: VpcId
    entries: tuple[AclEntry, ...] = ()
    associations: tuple[AclAssociation, ...] = ()
    is_default: bool = False
    client_token: str | None = None
    tags: Mapping[str, str] = {}

    def entry(self, number: int, *, egress: bool) -> AclEntry | None:
        """The entry of this number and direction."""
        return next((one for one in self.entries if (one.number, one.egress) == (number, egress)), None)


def default_acl(vpc: VpcId, scope: Scope, *, ipv6: bool) -> NetworkAcl:
    """The ACL that a VPC has from the start, which lets everything through."""
    entries = [AclEntry(FIRST, egress, allow=True, protocol=ALL, cidr="0.0.0.0/0") for egress in (True, False)]
    if ipv6:
        entries += [AclEntry(FIRST_IPV6, egress, allow=True, protocol=ALL, cidr=EVERYWHERE) for egress in (True, False)]
    return NetworkAcl(NetworkAclId(vpc.replace("vpc-", "acl-")), scope, vpc, tuple(entries), is_default=True)


def with_entry(acl: NetworkAcl, entry: AclEntry) -> NetworkAcl:
    """The ACL with this entry, instead of the one of its number and direction if there is one."""
    others = without_entry(acl.entries, entry.number, egress=entry.egress)
    return replace(acl, entries=tuple(sorted((*others, entry), key=lambda one: (not one.egress, one.number))))


def without_entry(entries: Iterable[AclEntry], number: int, *, egress: bool) -> tuple[AclEntry, ...]:
    """The entries without the one of this number and direction."""
    return tuple(one for one in entries if (one.number, one.egress) != (number, egress))


def without_subnet(acl: NetworkAcl, subnet: SubnetId) -> NetworkAcl:
    """The ACL without its association with the subnet."""
    return replace(acl, associations=tuple(one for one in acl.associations if one.subnet != subnet))


def default_association(subnet: SubnetId) -> str:
    """The id of a subnet's association with its VPC's default ACL, before it was changed."""
    return subnet.replace("subnet-", "aclassoc-")
