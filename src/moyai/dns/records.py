"""The DNS records of one Cloud Map instance, as Route 53 would have them.

Promise: a pure function of the service and the instance. A service with SRV records also gives every instance a name of
its own, ``<instance id>.<service>.<namespace>``, which the SRV record points to. An alias record has no value of its
own but the addresses of another name. Values that are not an address or a name are left out, and so are instances whose
id is not a label (of 64 characters, for example).
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
    INSTANCE_PORT,
    SRV_PRIORITY,
    SRV_WEIGHT,
    VALUE_ATTRIBUTES,
    DiscoveryInstance,
    DiscoveryService,
    DnsRecord,
    RecordType,
    RoutingPolicy,
)

_KINDS: Mapping[RecordType, RdataType] = MappingProxyType({kind: RdataType[kind] for kind in RecordType})
_SOURCES: Mapping[RdataType, str] = MappingProxyType(
    {RdataType[kind]: attribute for kind, attribute in VALUE_ATTRIBUTES.items()}
)
"""The instance attribute with the value of each type."""

Labels = tuple[bytes, ...]
"""A name in lower case without the root label, the form in which names are compared."""

MULTIVALUE_ANSWERS: Final = 8
"""The number of values in a multivalue answer of Route 53."""


class ZoneRecord(NamedTuple):
    """One record. ``owner`` is its name, relative to the zone. Either ``value`` or ``alias`` is set."""

    owner: Labels
    type: RdataType
    ttl: int
    max_answers: int
    """The maximum number of values of its name and type in one answer."""
    value: Rdata | None = None
    alias: Name | None = None


def to_labels(name: Name) -> Labels:
    """An absolute name in the form in which names are compared."""
    return tuple(label.lower() for label in name.labels[:-1])


def records_of(service: DiscoveryService, instance: DiscoveryInstance, apex: Name) -> tuple[ZoneRecord, ...]:
    """The records of an instance; none when the service has no DNS configuration."""
    if service.dns is None:
        return ()
    max_answers = MULTIVALUE_ANSWERS if service.dns.routing_policy is RoutingPolicy.MULTIVALUE else 1
    owner = _relative(service.name)
    records: list[ZoneRecord] = []
    for config in service.dns.records:
        with suppress(dns.exception.DNSException, ValueError, KeyError):
            if config.type is RecordType.SRV:
                records += _srv(owner, config, max_answers, instance, apex)
            else:
                records.append(_plain(_lower(owner), config, max_answers, instance.attributes))
    return tuple(records)


def _plain(owner: Labels, config: DnsRecord, max_answers: int, attributes: Mapping[str, str]) -> ZoneRecord:
    kind = _KINDS[config.type]
    if config.type is not RecordType.CNAME and ALIAS_DNS_NAME in attributes:
        return ZoneRecord(owner, kind, config.ttl, max_answers, alias=dns.name.from_text(attributes[ALIAS_DNS_NAME]))
    return ZoneRecord(owner, kind, config.ttl, max_answers, _value(kind, attributes[_SOURCES[kind]]))


def _srv(
    owner: Labels, config: DnsRecord, max_answers: int, instance: DiscoveryInstance, apex: Name
) -> Iterator[ZoneRecord]:
    """The SRV record, then the addresses of the name that it points to."""
    labels = _relative(instance.id) + owner
    value = f"{SRV_PRIORITY} {SRV_WEIGHT} {int(instance.attributes[INSTANCE_PORT])} {Name(labels + apex.labels)}"
    yield ZoneRecord(_lower(owner), SRV, config.ttl, max_answers, dns.rdata.from_text(IN, SRV, value))
    for kind in (A, AAAA):
        if _SOURCES[kind] in instance.attributes:
            address = _value(kind, instance.attributes[_SOURCES[kind]])
            yield ZoneRecord(_lower(labels), kind, config.ttl, max_answers, address)


def _value(kind: RdataType, text: str) -> Rdata:
    """An attribute as a record's value. Addresses bypass the parser of zone files, since there may be 50,000."""
    if kind is CNAME:
        return dns.rdata.from_text(IN, CNAME, text, origin=dns.name.root, relativize=False)
    packed = dns.ipv4.inet_aton(text) if kind is A else dns.ipv6.inet_aton(text)
    return dns.rdata.from_wire(IN, kind, packed, 0, len(packed))


def _relative(name: str) -> Labels:
    """The labels of a service's or an instance's name; ``.`` is the namespace itself."""
    return () if name == "." else tuple(label.encode() for label in name.split("."))


def _lower(labels: Labels) -> Labels:
    return tuple(label.lower() for label in labels)
