"""Answers a DNS query from the zones, without waiting.

Promise: every packet has an answer, except those that get none (responses, and packets shorter than a header). Names
are compared without regard to case and returned as they were asked for. A name that is not in the zones is returned as
``upstream``, for another resolver: the question's own name, or the target of a CNAME or an alias. So is a name that a
hosted zone delegates to other name servers, unless another zone here has it.

    not a query                             NOTIMP            in a zone, name unknown    NXDOMAIN with SOA
    can't be parsed, not just one question  FORMERR           name known, not the type   no answers, with SOA
    EDNS of another version                 BADVERS           ANY                        HINFO (RFC 8482)
    a class but IN, transfers, meta types   REFUSED           outside, no recursion      REFUSED
                                                              delegated, no recursion    a referral

Source: RFC 1035, 2308, 6604, 6891, 8020, 8482
"""

from __future__ import annotations

from typing import Final

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset
import msgspec
from dns.message import Message
from dns.name import Name
from dns.rdataclass import IN
from dns.rdatatype import AAAA, ANY, CNAME, DS, HINFO, NS, SOA, SRV, A, RdataType
from dns.rrset import RRset

from moyai.dns.hosted import HostedNames
from moyai.dns.index import Zones
from moyai.dns.records import Labels, ZoneRecord, to_labels
from moyai.dns.stand_ins import STAND_IN, STAND_IN_TTL
from moyai.dns.zone import AuthoritativeZone, ns, soa
from moyai.kernel.ids import VpcId

PAYLOAD: Final = 1232
"""The largest datagram that is sent or accepted; one of this size is not fragmented (DNS flag day 2020)."""
_SMALLEST: Final = 512
_MAX_BYTES: Final = 65535
_HEADER: Final = 12
_QR: Final = 0x80
_OPCODE: Final = 0x78
_RD: Final = 0x01
_NO_ADDRESS: Final = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL})
_HOPS: Final = 8
"""The maximum number of CNAMEs and aliases that are followed, which ends loops."""


class UpstreamQuestion(msgspec.Struct, frozen=True):
    """The question to another resolver that completes an answer. ``owner``: the name that gets the addresses of
    ``name``; None = the response's records are added unchanged.
    """

    name: Name
    type: RdataType
    owner: Name | None = None


class DnsAnswer(msgspec.Struct):
    """An answer. ``zone``: the only zone that it depends on; None = it can't be cached. ``rotations``: how many
    rotations of its values differ.
    """

    message: Message
    zone: AuthoritativeZone | None = None
    rotations: int = 1
    upstream: UpstreamQuestion | None = None


def parse(packet: bytes) -> Message | bytes | None:
    """The query in a packet, or the error response to it, or None when it gets no response."""
    if len(packet) < _HEADER or packet[2] & _QR:
        return None
    if packet[2] & _OPCODE:
        return _header_only(packet, dns.rcode.NOTIMP)
    try:
        query = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError):
        return _header_only(packet, dns.rcode.FORMERR)
    return query if len(query.question) == 1 else _header_only(packet, dns.rcode.FORMERR)


def answer(zones: Zones, vpc: VpcId | None, query: Message, rotation: int) -> DnsAnswer:
    """The answer of the zones that are visible from ``vpc`` (None = the host), with this rotation of their values."""
    message = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    (question,) = query.question
    if query.edns > 0:
        return _refusal(message, dns.rcode.BADVERS)
    if question.rdclass != IN or (dns.rdatatype.is_metatype(question.rdtype) and question.rdtype != ANY):
        return _refusal(message, dns.rcode.REFUSED)
    visible = zones.find(vpc, to_labels(question.name))
    zone, referral = _responsible(zones, vpc, visible, question.name, question.rdtype)
    if zone is not None and referral is None:
        message.flags |= dns.flags.AA
        partial = DnsAnswer(message, zone if zone is visible else None)
        return _Lookup(zones, vpc, question.rdtype, rotation, partial).follow(question.name, zone)
    if not query.flags & dns.flags.RD:
        if referral is None:
            return _refusal(message, dns.rcode.REFUSED)
        message.authority.append(referral)
        return DnsAnswer(message, zone)
    return DnsAnswer(message, upstream=UpstreamQuestion(question.name, question.rdtype))


def serialize(message: Message, query: Message, *, stream: bool) -> bytes:
    """The response's packet, truncated when it is too large for the client's datagrams."""
    size = _MAX_BYTES if stream else min(max(query.payload, _SMALLEST), PAYLOAD) if query.edns >= 0 else _SMALLEST
    return message.to_wire(max_size=size, prefer_truncation=True, want_shuffle=False)


def server_failure(query: Message) -> Message:
    """The response when no upstream resolver answers."""
    message = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    message.set_rcode(dns.rcode.SERVFAIL)
    return message


def bare_server_failure(packet: bytes) -> bytes:
    """The response to a query that can't be answered, without its question."""
    return _header_only(packet, dns.rcode.SERVFAIL)


def with_stand_in(message: Message, query: Message) -> Message:
    """The response for a name with a stand-in: the stand-in's address, unless ``message`` has an address."""
    (question,) = query.question
    if message.answer or message.rcode() not in _NO_ADDRESS or question.rdtype not in {A, AAAA}:
        return message
    if question.rdtype == AAAA and message.rcode() == dns.rcode.NOERROR:
        return message
    response = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    if question.rdtype == A:
        response.answer.append(dns.rrset.from_text(question.name, STAND_IN_TTL, IN, A, STAND_IN))
    return response


def complete(partial: DnsAnswer, response: Message) -> Message:
    """An answer with the upstream resolver's response to its ``upstream`` question."""
    message, upstream = partial.message, partial.upstream
    message.set_rcode(response.rcode())
    message.flags |= response.flags & dns.flags.TC
    if upstream is None or upstream.owner is None:
        message.answer += response.answer
        message.authority += response.authority
        return message
    for rrset in response.answer:
        if rrset.rdtype == upstream.type:
            message.answer.append(dns.rrset.from_rdata_list(upstream.owner, rrset.ttl, list(rrset)))
    return message


def _header_only(packet: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """An error response: a header, and nothing else."""
    message = Message(id=int.from_bytes(packet[:2], "big"))
    message.flags = dns.flags.QR | (packet[2] & (_OPCODE | _RD)) << 8
    message.set_rcode(rcode)
    return message.to_wire()


def _refusal(message: Message, rcode: dns.rcode.Rcode) -> DnsAnswer:
    message.set_rcode(rcode)
    return DnsAnswer(message)


class _Lookup:
    """Follows one question through the zones and fills its answer."""

    def __init__(self, zones: Zones, vpc: VpcId | None, kind: RdataType, rotation: int, partial: DnsAnswer) -> None:
        self._zones, self._vpc = zones, vpc
        self._kind, self._rotation = kind, rotation
        self._answer = partial

    def follow(self, name: Name, zone: AuthoritativeZone | None) -> DnsAnswer:
        """Answer for ``name`` and its targets. ``owner`` is the name in the answer, which an alias does not change."""
        owner = name
        referral: RRset | None = None
        for _ in range(_HOPS):
            if zone is None or referral is not None:
                renamed = None if owner is name else owner
                self._answer.upstream, self._answer.zone = UpstreamQuestion(name, self._kind, renamed), None
                return self._answer
            if zone is not self._answer.zone:
                self._answer.zone = None
            target = self._add(owner, name, zone)
            if target is None:
                return self._answer
            owner, name = target
            visible = self._zones.find(self._vpc, to_labels(name))
            zone, referral = _responsible(self._zones, self._vpc, visible, name, self._kind)
        self._answer.message.set_rcode(dns.rcode.SERVFAIL)
        return self._answer

    def _add(self, owner: Name, name: Name, zone: AuthoritativeZone) -> tuple[Name, Name] | None:
        """Add the zone's records of a name. Returns the owner and name to look up next, if any."""
        relative = _relative(zone, name)
        kinds = (self._kind,) if self._kind == CNAME else (self._kind, CNAME)
        sets = (zone.find(relative, kind) for kind in kinds)
        record_set = next((record_set for record_set in sets if record_set is not None), None)
        if record_set is None:
            self._add_without_records(name, zone, via_alias=owner is not name)
            return None
        values = record_set.values(self._rotation)
        self._answer.rotations = max(self._answer.rotations, record_set.rotations)
        if not record_set.rotations:
            self._answer.zone = None
        if values[0].alias is not None:
            return owner, values[0].alias
        rrset = _rrset(owner, values)
        self._answer.message.answer.append(rrset)
        if rrset.rdtype == SRV:
            self._add_targets(zone, rrset)
        if rrset.rdtype == CNAME and self._kind != CNAME:
            return rrset[0].target, rrset[0].target
        return None

    def _add_without_records(self, name: Name, zone: AuthoritativeZone, *, via_alias: bool) -> None:
        """Answer SOA, NS and ANY; otherwise add the SOA, which limits how long a negative answer is cached."""
        message, relative = self._answer.message, _relative(zone, name)
        if not relative and self._kind in {SOA, NS}:
            message.answer.append(soa(zone) if self._kind == SOA else ns(zone))
        elif self._kind == ANY and zone.exists(relative):
            message.answer.append(dns.rrset.from_text(name, zone.negative_ttl, IN, HINFO, 'RFC8482 ""'))
        else:
            message.authority.append(soa(zone))
            if not via_alias and not zone.exists(relative):
                message.set_rcode(dns.rcode.NXDOMAIN)

    def _add_targets(self, zone: AuthoritativeZone, services: RRset) -> None:
        for service in services:
            for kind in (A, AAAA):
                record_set = zone.find(_relative(zone, service.target), kind)
                if record_set is not None:
                    rrset = _rrset(service.target, record_set.values(self._rotation))
                    self._answer.message.additional.append(rrset)


def _relative(zone: AuthoritativeZone, name: Name) -> Labels:
    labels = to_labels(name)
    return labels[: len(labels) - len(zone.labels)]


def _responsible(
    zones: Zones, vpc: VpcId | None, zone: AuthoritativeZone | None, name: Name, kind: RdataType
) -> tuple[AuthoritativeZone | None, RRset | None]:
    """The zone to which ``zone`` delegates the name, or itself; and the delegation that leads out of all zones."""
    referral = None if zone is None else _referral(zone, name, kind)
    while referral is not None:
        below = zones.find_delegated(vpc, to_labels(name), to_labels(referral.name))
        if below is None:
            break
        zone, referral = below, _referral(below, name, kind)
    return zone, referral


def _referral(zone: AuthoritativeZone, name: Name, kind: RdataType) -> RRset | None:
    """The NS records by which the zone gives the name to other name servers (RFC 1034 § 4.3.2), if it does. A DS record
    is the zone's own (RFC 4035 § 3.1.4.1).
    """
    if not isinstance(zone, HostedNames):
        return None
    owner = _relative(zone, name)
    delegated = zone.delegation(owner[1:] if kind == DS else owner)
    servers = None if delegated is None else zone.find(delegated, NS)
    if delegated is None or servers is None:
        return None
    return _rrset(Name((*delegated, *zone.labels, b"")), servers.values(0))


def _rrset(owner: Name, records: list[ZoneRecord]) -> RRset:
    """The records' values at this owner, without duplicates, with the shortest of their TTLs (RFC 2181)."""
    values = [record.value for record in records if record.value is not None]
    return dns.rrset.from_rdata_list(owner, min(record.ttl for record in records), values)
