"""The zones of a VPC's own addresses: ``ip-172-31-0-11.ec2.internal``, and the reverse zone.

Promise: a name is computed from the address, whether a task has it or not, as by a VPC's resolver on AWS. So names in a
task's search domain are answered here and not forwarded. The zones are visible only in the VPC itself, since two VPCs
may have the same range.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Final

import dns.name
import dns.rdata
from dns.rdataclass import IN
from dns.rdatatype import PTR, A, RdataType

from moyai.dns.records import Labels, ZoneRecord, to_labels
from moyai.dns.zone import RecordSet
from moyai.kernel.ids import AccountId, VpcId

_TTL: Final = 60
_OCTET_BITS: Final = 8
_HOST: Final = re.compile(rb"ip-(\d+)-(\d+)-(\d+)-(\d+)")


class AddressZone:
    """The forward zone of a VPC's addresses, or the reverse zone of one of its ranges (``reverse``).

    ``networks``: the VPC's ranges, which may change.
    """

    def __init__(
        self, vpc: VpcId, networks: Sequence[IPv4Network], domain: str, reverse: IPv4Network | None = None
    ) -> None:
        self.apex = dns.name.from_text(domain if reverse is None else _reverse_apex(reverse))
        self.labels = to_labels(self.apex)
        self.account: AccountId | None = None
        self.generation = 0
        self.negative_ttl = _TTL
        self.preference = (2, 0.0, domain)  # a namespace of the same name comes first
        self._vpc = vpc
        self._networks = networks
        self._domain = domain
        self._reverse = reverse

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether it is the zone's own VPC."""
        return vpc == self._vpc

    def exists(self, owner: Labels) -> bool:
        """Whether the name is one of an address; in a reverse zone, the prefixes of addresses exist as well."""
        return not owner or self._address(owner) is not None or self._is_prefix(owner)

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """The one address of a name, or in the reverse zone the one name of an address."""
        address = self._address(owner)
        if address is None or kind is not (A if self._reverse is None else PTR):
            return None
        name = f"ip-{str(address).replace('.', '-')}.{self._domain}."
        value = dns.rdata.from_text(IN, kind, str(address) if self._reverse is None else name)
        record_set = RecordSet(_TTL, 1, lambda _: 0)
        record_set.put("", ZoneRecord(owner, kind, _TTL, 1, value), healthy=True)
        return record_set

    def _address(self, owner: Labels) -> IPv4Address | None:
        """The address of the VPC that a name encodes."""
        if self._reverse is not None:
            return self._in_network([*_octets(self._reverse), *(label.decode("latin-1") for label in reversed(owner))])
        match = _HOST.fullmatch(owner[0]) if len(owner) == 1 else None
        return None if match is None else self._in_network([octet.decode() for octet in match.groups()])

    def _is_prefix(self, owner: Labels) -> bool:
        """Whether addresses of the reverse zone begin with these octets."""
        if self._reverse is None:
            return False
        missing = 4 - len(_octets(self._reverse)) - len(owner)
        return missing > 0 and self._address((b"0",) * missing + owner) is not None

    def _in_network(self, octets: Sequence[str]) -> IPv4Address | None:
        try:
            address = IPv4Address(".".join(octets))
        except AddressValueError:
            return None
        return address if any(address in network for network in self._networks) else None


def address_zones(vpc: VpcId, networks: Sequence[IPv4Network], domain: str) -> Iterator[AddressZone]:
    """The forward zone, and the reverse zone of each range. A reverse zone's apex has the octets that all addresses of
    the range have in common.
    """
    yield AddressZone(vpc, networks, domain)
    yield from (AddressZone(vpc, networks, domain, network) for network in networks)


def _octets(network: IPv4Network) -> Sequence[str]:
    return str(network.network_address).split(".")[: network.prefixlen // _OCTET_BITS]


def _reverse_apex(network: IPv4Network) -> str:
    return ".".join((*reversed(_octets(network)), "in-addr.arpa"))
