"""The zone of one hosted zone of Route 53.

Promise: a change costs what it touches: the record sets of one name and type. A name without records of its own gets
those of the wildcard at its closest encloser (RFC 4592). An alias is answered with the records of its target. Of
weighted record sets each answer takes one, as often as its weight says; with weights of 0 alone, all equally often. So
it does of latency record sets: from one machine, all regions are equally near.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from dns.name import Name
from dns.rdatatype import NS, SOA, RdataType

from moyai.dns.records import MULTIVALUE_ANSWERS, Labels, ZoneRecord
from moyai.dns.zone import AnswerSet, RandomBelow, RecordSet, ancestry
from moyai.domain.route53.names import DomainNameProblem, labels_of
from moyai.domain.route53.values import RecordValueProblem, rdata_of
from moyai.domain.route53.zone import HostedZone, ResourceRecordSet
from moyai.domain.world import World
from moyai.kernel.ids import AccountId, HostedZoneId, VpcId

_NEGATIVE_TTL: Final = 900
"""Seconds for a zone without an SOA record, which Route 53 does not allow."""
_WILDCARD: Final = b"*"


class PublishedRecordSet(NamedTuple):
    """The records of a record set in a zone. ``weight``: None where each answer takes all sets of the name and type."""

    zone: HostedZoneId
    owner: Name
    type: RdataType
    records: tuple[ZoneRecord, ...]
    weight: int | None


class WeightedAnswers:
    """Record sets of which each answer takes one. Its answers have no order, so none is kept for another query."""

    rotations = 0

    def __init__(self, choices: Iterable[tuple[int, RecordSet]], random_below: RandomBelow) -> None:
        pairs = list(choices)
        total = sum(weight for weight, _ in pairs)
        self._choices = pairs if total else [(1, record_set) for _, record_set in pairs]
        self._total = total or len(pairs)
        self._random_below = random_below

    def values(self, rotation: int) -> list[ZoneRecord]:
        """The values of one of the record sets."""
        drawn = self._random_below(self._total)
        for weight, record_set in self._choices:
            if drawn < weight:
                return record_set.values(rotation)
            drawn -= weight
        raise AssertionError("the weights add up to their total")


class HostedNames:
    """The names of one hosted zone. ``zone`` is its record, of the version that is answered."""

    def __init__(self, zone: HostedZone, random_below: RandomBelow) -> None:
        self.labels: Labels = labels_of(zone.name)
        self.apex = Name((*self.labels, b""))
        self.zone = zone
        self.account: AccountId | None = zone.account
        self.generation = 0
        self._random_below = random_below
        self._published: defaultdict[tuple[Labels, RdataType], dict[str, PublishedRecordSet]] = defaultdict(dict)
        self._answers: dict[tuple[Labels, RdataType], AnswerSet] = {}
        self._below: Counter[Labels] = Counter()

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether the zone answers in this VPC; None is the host, which sees every zone."""
        return vpc is None or not self.zone.private or any(other.id == vpc for other in self.zone.vpcs)

    def update(self, zone: HostedZone) -> None:
        """Replace the zone's record."""
        self.zone = zone
        self.generation += 1

    def put(self, key: str, published: PublishedRecordSet) -> None:
        """Add or replace a record set."""
        owner = self._owner(published)
        if key not in self._published[owner, published.type]:
            self._below.update(ancestry(owner))
        self._published[owner, published.type][key] = published
        self._forget_answers(owner, published.type)

    def remove(self, key: str, published: PublishedRecordSet) -> None:
        """Remove a record set."""
        owner = self._owner(published)
        if self._published[owner, published.type].pop(key, None) is not None:
            for name in ancestry(owner):
                self._below[name] -= 1
                if not self._below[name]:
                    del self._below[name]
        self._forget_answers(owner, published.type)

    def exists(self, owner: Labels) -> bool:
        """Whether there is any name at or below this one, or a wildcard that stands for it."""
        return not owner or owner in self._below or self._wildcard(owner) is not None

    def find(self, owner: Labels, kind: RdataType) -> AnswerSet | None:
        """The values of one type at one name."""
        if owner and owner not in self._below:
            wildcard = self._wildcard(owner)
            return None if wildcard is None else self._answer_set(wildcard, kind)
        return self._answer_set(owner, kind)

    def delegation(self, owner: Labels) -> Labels | None:
        """The name at or above this one that the zone's NS records give to other name servers, if there is one. Only
        public zones delegate names.
        """
        if self.zone.private:
            return None
        names = (owner[above:] for above in reversed(range(len(owner))))
        return next((name for name in names if (name, NS) in self._published), None)

    @property
    def negative_ttl(self) -> int:
        """Seconds for which a resolver may cache that a name does not exist (RFC 2308)."""
        start = self._answer_set((), SOA)
        if start is None:
            return _NEGATIVE_TTL
        record = start.values(0)[0]
        return min(record.ttl, int(record.value.minimum))  # type: ignore[union-attr]  # the value of an SOA record

    @property
    def preference(self) -> tuple[int, float, str]:
        """A private zone before a public one, then the zone that was created first."""
        return (not self.zone.private, self.zone.created_at, self.zone.id)

    def _owner(self, published: PublishedRecordSet) -> Labels:
        labels = published.owner.labels[:-1]
        return labels[: len(labels) - len(self.labels)]

    def _wildcard(self, owner: Labels) -> Labels | None:
        """The wildcard at the closest name above that exists, if there is one."""
        for above in range(1, len(owner) + 1):
            encloser = owner[above:]
            if not encloser or encloser in self._below:
                wildcard = (_WILDCARD, *encloser)
                return wildcard if wildcard in self._below else None
        return None

    def _forget_answers(self, owner: Labels, kind: RdataType) -> None:
        self.generation += 1
        self._answers.pop((owner, kind), None)
        if not self._published[owner, kind]:
            del self._published[owner, kind]

    def _answer_set(self, owner: Labels, kind: RdataType) -> AnswerSet | None:
        """The values of one type at a name with records, made when they are first asked for after a change."""
        answers = self._answers.get((owner, kind))
        if answers is not None or (owner, kind) not in self._published:
            return answers
        parts = list(self._published[owner, kind].values())
        if parts[0].weight is None:
            answers = self._record_set([record for part in parts for record in part.records])
        else:
            choices = ((part.weight or 0, self._record_set(part.records)) for part in parts)
            answers = WeightedAnswers(choices, self._random_below)
        self._answers[owner, kind] = answers
        return answers

    def _record_set(self, records: Iterable[ZoneRecord]) -> RecordSet:
        values = list(records)
        answers = RecordSet(values[0].ttl, values[0].max_answers, self._random_below)
        for position, record in enumerate(values):
            answers.put(str(position), record, healthy=True)
        return answers


def hosted_zone(world: World, zone: HostedZoneId) -> HostedZone | None:
    """The record of a zone, if there is one."""
    return world.hosted_zones.get(zone)


def published_record_set(world: World, key: str) -> PublishedRecordSet | None:
    """The records of a record set; None where there is none, or none that DNS can have."""
    record_set = world.record_sets.get(key)
    if record_set is None:
        return None
    try:
        owner = Name((*labels_of(record_set.name), b""))
        records = _records(record_set, owner)
    except (DomainNameProblem, RecordValueProblem):  # the API accepts none of these
        return None
    weight = record_set.weight if record_set.region is None else 0
    return PublishedRecordSet(record_set.zone, owner, RdataType[record_set.type], records, weight)


def _records(record_set: ResourceRecordSet, owner: Name) -> tuple[ZoneRecord, ...]:
    kind, ttl = RdataType[record_set.type], record_set.ttl or 0
    if record_set.alias is not None:
        target = Name((*labels_of(record_set.alias.dns_name), b""))
        return (ZoneRecord(owner.labels, kind, ttl, 1, alias=target),)
    values = [rdata_of(record_set.type, value) for value in record_set.values]
    most = MULTIVALUE_ANSWERS if record_set.multivalue else len(values)
    return tuple(ZoneRecord(owner.labels, kind, ttl, most, value) for value in values)
