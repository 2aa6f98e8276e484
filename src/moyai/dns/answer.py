"""From a question to its answer, without waiting for anybody.

Promise: whatever the packet, there is an answer, or none where none is due (to an answer, or to what is shorter than a
header). Names are compared without regard to case and given back as they were asked. What our zones don't hold is not
answered but said to be ``elsewhere``: the whole question, or the name that a CNAME or an alias leads to.

    not a query                             NOTIMP            in a zone, name unknown    NXDOMAIN with SOA
    can't be parsed, not just one question  FORMERR           name known, not the type   no answers, with SOA
    EDNS of another version                 BADVERS           ANY                        HINFO (RFC 8482)
    a class but IN, transfers, meta types   REFUSED           outside, no recursion      REFUSED

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
from dns.rdatatype import AAAA, ANY, CNAME, HINFO, NS, SOA, SRV, A, RdataType
from dns.rrset import RRset

from moyai.dns.index import Zones
from moyai.dns.records import Labels, Record, lowered
from moyai.dns.stand_ins import STAND_IN, STAND_IN_TTL
from moyai.dns.zone import Names, RecordSet, ns, soa
from moyai.kernel.ids import VpcId

PAYLOAD: Final = 1232
"""The largest datagram we send and take: what passes every network whole (DNS flag day 2020)."""
_SMALLEST: Final = 512
_LARGEST: Final = 65535
_HEADER: Final = 12
_QR: Final = 0x80
_OPCODE: Final = 0x78
_RD: Final = 0x01
_NO_ADDRESS: Final = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN, dns.rcode.SERVFAIL})
_HOPS: Final = 8
"""CNAMEs and aliases that are followed; a loop ends there."""


class Elsewhere(msgspec.Struct, frozen=True):
    """What must be asked of others to complete an answer. ``owner``: who is to have the addresses that
    ``name`` has; None to add what is found as it is.
    """

    name: Name
    type: RdataType
    owner: Name | None = None


class Answer(msgspec.Struct):
    """``zone`` is all that it depends on; None = it can't be kept. ``turns``: how many turns differ."""

    message: Message
    zone: Names | None = None
    turns: int = 1
    elsewhere: Elsewhere | None = None


def read(packet: bytes) -> Message | bytes | None:
    """The query in a packet, or what to say to it at once, or None where nothing is due."""
    if len(packet) < _HEADER or packet[2] & _QR:
        return None
    if packet[2] & _OPCODE:
        return _bare(packet, dns.rcode.NOTIMP)
    try:
        query = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError):
        return _bare(packet, dns.rcode.FORMERR)
    return query if len(query.question) == 1 else _bare(packet, dns.rcode.FORMERR)


def answer(zones: Zones, vpc: VpcId | None, query: Message, turn: int) -> Answer:
    """What the zones that are seen from ``vpc`` (None = the host) say, in this turn of their values' order."""
    message = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    (question,) = query.question
    if query.edns > 0:
        return _refused(message, dns.rcode.BADVERS)
    if question.rdclass != IN or (dns.rdatatype.is_metatype(question.rdtype) and question.rdtype != ANY):
        return _refused(message, dns.rcode.REFUSED)
    zone = zones.find(vpc, lowered(question.name))
    if zone is not None:
        message.flags |= dns.flags.AA
        return _Search(zones, vpc, question.rdtype, turn, Answer(message, zone)).follow(question.name, zone)
    if not query.flags & dns.flags.RD:
        return _refused(message, dns.rcode.REFUSED)
    return Answer(message, elsewhere=Elsewhere(question.name, question.rdtype))


def write(message: Message, query: Message, *, stream: bool) -> bytes:
    """The packet; what is too large for the asker's datagrams is cut, and says so."""
    room = _LARGEST if stream else min(max(query.payload, _SMALLEST), PAYLOAD) if query.edns >= 0 else _SMALLEST
    return message.to_wire(max_size=room, prefer_truncation=True, want_shuffle=False)


def failed(query: Message) -> Message:
    """Others should have known, and don't answer."""
    message = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    message.set_rcode(dns.rcode.SERVFAIL)
    return message


def stood_in(message: Message, query: Message) -> Message:
    """The answer for a name that has a stand-in: the stand-in's where there is no other."""
    (question,) = query.question
    if message.answer or message.rcode() not in _NO_ADDRESS or question.rdtype not in {A, AAAA}:
        return message
    if question.rdtype == AAAA and message.rcode() == dns.rcode.NOERROR:
        return message
    made = dns.message.make_response(query, recursion_available=True, our_payload=PAYLOAD, pad=0)
    if question.rdtype == A:
        made.answer.append(dns.rrset.from_text(question.name, STAND_IN_TTL, IN, A, STAND_IN))
    return made


def _bare(packet: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """An answer to what can't be read: the header, and nothing else."""
    message = Message(id=int.from_bytes(packet[:2], "big"))
    message.flags = dns.flags.QR | (packet[2] & (_OPCODE | _RD)) << 8
    message.set_rcode(rcode)
    return message.to_wire()


def _refused(message: Message, rcode: dns.rcode.Rcode) -> Answer:
    message.set_rcode(rcode)
    return Answer(message)


class _Search:
    """Follows one question through the zones and fills its answer."""

    def __init__(self, zones: Zones, vpc: VpcId | None, kind: RdataType, turn: int, found: Answer) -> None:
        self._zones, self._vpc = zones, vpc
        self._kind, self._turn = kind, turn
        self._found = found

    def follow(self, name: Name, zone: Names | None) -> Answer:
        """Answer for ``name`` and for what it leads to. ``owner`` keeps its name while aliases are followed."""
        owner = name
        for _ in range(_HOPS):
            if zone is None:
                named = None if owner is name else owner
                self._found.elsewhere, self._found.zone = Elsewhere(name, self._kind, named), None
                return self._found
            if zone is not self._found.zone:
                self._found.zone = None
            step = self._look(owner, name, zone)
            if step is None:
                return self._found
            owner, name = step
            zone = self._zones.find(self._vpc, lowered(name))
        self._found.message.set_rcode(dns.rcode.SERVFAIL)
        return self._found

    def _look(self, owner: Name, name: Name, zone: Names) -> tuple[Name, Name] | None:
        """Add what the zone has. What to look for next, if anything: under which owner, and which name."""
        here = _within(zone, name)
        kinds = (self._kind,) if self._kind == CNAME else (self._kind, CNAME)
        records = next((found for kind in kinds if (found := zone.find(here, kind)) is not None), None)
        if records is None:
            self._add_other(name, zone, aliased=owner is not name)
            return None
        chosen = records.chosen(self._turn)
        self._found.turns = max(self._found.turns, records.turns)
        if chosen[0].alias is not None:
            return owner, chosen[0].alias
        rrset = _rrset(owner, records, chosen)
        self._found.message.answer.append(rrset)
        if rrset.rdtype == SRV:
            self._add_targets(zone, rrset)
        if rrset.rdtype == CNAME and self._kind != CNAME:
            return rrset[0].target, rrset[0].target
        return None

    def _add_other(self, name: Name, zone: Names, *, aliased: bool) -> None:
        """What every name can be asked for; where there is no answer, the SOA says for how long to believe it."""
        message, here = self._found.message, _within(zone, name)
        if not here and self._kind in {SOA, NS}:
            message.answer.append(soa(zone) if self._kind == SOA else ns(zone))
        elif self._kind == ANY and zone.exists(here):
            message.answer.append(dns.rrset.from_text(name, zone.negative_ttl, IN, HINFO, 'RFC8482 ""'))
        else:
            message.authority.append(soa(zone))
            if not aliased and not zone.exists(here):
                message.set_rcode(dns.rcode.NXDOMAIN)

    def _add_targets(self, zone: Names, services: RRset) -> None:
        for service in services:
            for kind in (A, AAAA):
                records = zone.find(_within(zone, service.target), kind)
                if records is not None:
                    self._found.message.additional.append(_rrset(service.target, records, records.chosen(self._turn)))


def _within(zone: Names, name: Name) -> Labels:
    labels = lowered(name)
    return labels[: len(labels) - len(zone.labels)]


def _rrset(owner: Name, records: RecordSet, chosen: list[Record]) -> RRset:
    """The values at this owner; of equal ones, one."""
    return dns.rrset.from_rdata_list(
        owner, records.ttl, [record.value for record in chosen if record.value is not None]
    )


def complete(found: Answer, told: Message) -> Message:
    """The answer with what others said about its ``elsewhere``."""
    message, elsewhere = found.message, found.elsewhere
    message.set_rcode(told.rcode())
    message.flags |= told.flags & dns.flags.TC
    if elsewhere is None or elsewhere.owner is None:
        message.answer += told.answer
        message.authority += told.authority
        return message
    for rrset in told.answer:
        if rrset.rdtype == elsewhere.type:
            message.answer.append(dns.rrset.from_rdata_list(elsewhere.owner, rrset.ttl, list(rrset)))
    return message
