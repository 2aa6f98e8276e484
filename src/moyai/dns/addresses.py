"""The names that a VPC's own addresses have: ``ip-172-31-0-11.ec2.internal``, and the way back.

Promise: worked out from the address, whoever has it, as a VPC's resolver does; so a task's search domain is answered
here, and what was looked up in vain isn't told to others. Only in the VPC itself: two VPCs may have one range.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

import dns.name
import dns.rdata
from dns.rdataclass import IN
from dns.rdatatype import PTR, A, RdataType

from moyai.dns.records import Labels, Record, lowered
from moyai.dns.zone import RecordSet
from moyai.kernel.ids import VpcId

_TTL: Final = 60
_OCTET_BITS: Final = 8
_HOST: Final = re.compile(rb"ip-(\d+)-(\d+)-(\d+)-(\d+)")


class AddressNames:
    """One direction; ``address_names`` makes both. ``way_back``: addresses are owners, and names the values."""

    def __init__(self, vpc: VpcId, network: IPv4Network, domain: str, *, way_back: bool) -> None:
        self.apex = dns.name.from_text(_reverse(network) if way_back else domain)
        self.labels = lowered(self.apex)
        self.generation = 0
        self.negative_ttl = _TTL
        self.preference = (2, 0.0, domain)  # a namespace of the same name comes first
        self._vpc = vpc
        self._network = network
        self._domain = domain
        self._way_back = way_back

    def visible_from(self, vpc: VpcId | None) -> bool:
        """See ``Names.visible_from``."""
        return vpc == self._vpc

    def exists(self, owner: Labels) -> bool:
        """See ``Names.exists``; on the way back, the octets on the way to an address are there too."""
        return not owner or self._address(owner) is not None or (self._way_back and self._leads_on(owner))

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """See ``Names.find``."""
        address = self._address(owner)
        if address is None or kind is not (PTR if self._way_back else A):
            return None
        name = f"ip-{str(address).replace('.', '-')}.{self._domain}."
        value = dns.rdata.from_text(IN, kind, name if self._way_back else str(address))
        found = RecordSet(_TTL, 1, lambda _: 0)
        found.put("", Record(owner, kind, _TTL, 1, value), healthy=True)
        return found

    def _address(self, owner: Labels) -> IPv4Address | None:
        """The address of the VPC that a name is for."""
        if self._way_back:
            return self._within([*_octets(self._network), *(label.decode("latin-1") for label in reversed(owner))])
        match = _HOST.fullmatch(owner[0]) if len(owner) == 1 else None
        return None if match is None else self._within([octet.decode() for octet in match.groups()])

    def _leads_on(self, owner: Labels) -> bool:
        """Whether addresses begin with these octets."""
        missing = 4 - len(_octets(self._network)) - len(owner)
        return missing > 0 and self._address((b"0",) * missing + owner) is not None

    def _within(self, octets: Sequence[str]) -> IPv4Address | None:
        try:
            address = IPv4Address(".".join(octets))
        except AddressValueError:
            return None
        return address if address in self._network else None


def address_names(vpc: VpcId, network: IPv4Network, domain: str) -> tuple[AddressNames, AddressNames]:
    """Both directions. The way back begins at the octets that all addresses of the range share."""
    there, back = (AddressNames(vpc, network, domain, way_back=way_back) for way_back in (False, True))
    return there, back


def _octets(network: IPv4Network) -> Sequence[str]:
    return str(network.network_address).split(".")[: network.prefixlen // _OCTET_BITS]


def _reverse(network: IPv4Network) -> str:
    return ".".join((*reversed(_octets(network)), "in-addr.arpa"))
