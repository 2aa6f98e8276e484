"""What one Cloud Map instance is in DNS: the records that Route 53 would hold for it.

Promise: a pure function of the service and the instance. A service of type SRV also gives every instance a name of
its own, ``<instance id>.<service>.<namespace>``, which the SRV record points to. An alias has no value here: it stands
for the addresses of another name. Refuses, by leaving them out: values that are no address or no name, and instance
ids that are no labels (64 characters, say).
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsRecord.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, NamedTuple

import dns.exception
import dns.ipv4
import dns.ipv6
import dns.name
import dns.rdata
from dns.name import Name
from dns.rdata import Rdata
from dns.rdataclass import IN
from dns.rdatatype import AAAA, CNAME, SRV, A, RdataType

from moyai.domain.cloudmap.service import (
    ALIAS_DNS_NAME,
    INSTANCE_CNAME,
    INSTANCE_IPV4,
    INSTANCE_IPV6,
    INSTANCE_PORT,
    DiscoveryInstance,
    DiscoveryService,
    DnsRecord,
    RecordType,
    RoutingPolicy,
)

_KINDS: Mapping[RecordType, RdataType] = MappingProxyType({kind: RdataType[kind] for kind in RecordType})
_SOURCES: Mapping[RdataType, str] = MappingProxyType({A: INSTANCE_IPV4, AAAA: INSTANCE_IPV6, CNAME: INSTANCE_CNAME})
"""Where a type's value is among an instance's attributes."""

Labels = tuple[bytes, ...]
"""A name in lower case, without the root; what DNS compares."""

MULTIVALUE_ANSWERS: Final = 8
"""Route 53 gives up to eight values."""
_PRIORITY: Final = 1
_WEIGHT: Final = 1
"""Cloud Map's SRV records have 1 and 1, and it can't be changed."""


class Record(NamedTuple):
    """One value at one name. ``owner`` is relative to the zone. Either ``value`` or ``alias`` is set."""

    owner: Labels
    type: RdataType
    ttl: int
    most: int
    """How many values of its name and type one answer has."""
    value: Rdata | None = None
    alias: Name | None = None


def lowered(name: Name) -> Labels:
    """An absolute name as it is compared."""
    return tuple(label.lower() for label in name.labels[:-1])


def records_of(service: DiscoveryService, instance: DiscoveryInstance, apex: Name) -> tuple[Record, ...]:
    """Every record of the instance; none when the service isn't found by DNS."""
    if service.dns is None:
        return ()
    most = MULTIVALUE_ANSWERS if service.dns.routing_policy is RoutingPolicy.MULTIVALUE else 1
    owner = _relative(service.name)
    found: list[Record] = []
    for wanted in service.dns.records:
        with suppress(dns.exception.DNSException, ValueError, KeyError):
            if wanted.type is RecordType.SRV:
                found += _srv(owner, wanted, most, instance, apex)
            else:
                found.append(_plain(_lower(owner), wanted, most, instance.attributes))
    return tuple(found)


def _plain(owner: Labels, wanted: DnsRecord, most: int, attributes: Mapping[str, str]) -> Record:
    kind = _KINDS[wanted.type]
    if wanted.type is not RecordType.CNAME and ALIAS_DNS_NAME in attributes:
        return Record(owner, kind, wanted.ttl, most, alias=dns.name.from_text(attributes[ALIAS_DNS_NAME]))
    return Record(owner, kind, wanted.ttl, most, _value(kind, attributes[_SOURCES[kind]]))


def _srv(owner: Labels, wanted: DnsRecord, most: int, instance: DiscoveryInstance, apex: Name) -> Iterator[Record]:
    """The SRV record, then the addresses of the name that it points to."""
    labels = _relative(instance.id) + owner
    value = f"{_PRIORITY} {_WEIGHT} {int(instance.attributes[INSTANCE_PORT])} {Name(labels + apex.labels)}"
    yield Record(_lower(owner), SRV, wanted.ttl, most, dns.rdata.from_text(IN, SRV, value))
    for kind in (A, AAAA):
        if _SOURCES[kind] in instance.attributes:
            address = _value(kind, instance.attributes[_SOURCES[kind]])
            yield Record(_lower(labels), kind, wanted.ttl, most, address)


def _value(kind: RdataType, text: str) -> Rdata:
    """An attribute as a record's value. Addresses don't pass the parser of zone files: there may be 50,000."""
    if kind is CNAME:
        return dns.rdata.from_text(IN, CNAME, text, origin=dns.name.root, relativize=False)
    packed = dns.ipv4.inet_aton(text) if kind is A else dns.ipv6.inet_aton(text)
    return dns.rdata.from_wire(IN, kind, packed, 0, len(packed))


def _relative(name: str) -> Labels:
    """The labels of a service's or an instance's name; ``.`` is the namespace itself."""
    return () if name == "." else tuple(label.encode() for label in name.split("."))


def _lower(labels: Labels) -> Labels:
    return tuple(label.lower() for label in labels)
