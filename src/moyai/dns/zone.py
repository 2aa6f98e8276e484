"""The zone of one namespace: its names, and the values of its answers.

Promise: to add, remove or change the health of an instance costs the same in a zone of 50,000 as in one of ten. Values
have a random order, which each answer rotates by one: over a full rotation every value comes first equally often
(WEIGHTED, with equal weights), and clients may get different eights of them. An unhealthy value is in an answer only
when no value of its name and type is healthy, as in Route 53. ``generation`` grows with every change that can change an
answer.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/services-route53.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

from dns.name import Name
from dns.rdataclass import IN
from dns.rdatatype import NS, SOA, RdataType
from dns.rrset import RRset, from_rdata_list, from_text

from moyai.dns.records import Labels, ZoneRecord, to_labels
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.keys import scope_of
from moyai.kernel.ids import AccountId, VpcId

RandomBelow = Callable[[int], int]
"""Returns a random number from 0 up to, but without, its argument; all are equally probable."""

T = TypeVar("T")

DEFAULT_NEGATIVE_TTL: Final = 15
"""Seconds for which a resolver may cache that a name does not exist, where the namespace does not specify it."""
_REST_OF_SOA: Final = "nobody.invalid. 1 7200 900 1209600"
"""Mailbox, serial, refresh, retry, expire; the numbers are Route 53's."""


class ShuffledValues(Generic[T]):
    """Values by key, in random order."""

    def __init__(self, random_below: RandomBelow) -> None:
        self._random_below = random_below
        self._values: list[tuple[str, T]] = []
        self._positions: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: str, value: T) -> None:
        """Add a value at a random position, or replace the value of this key."""
        position = self._positions.get(key)
        if position is not None:
            self._values[position] = (key, value)
            return
        last = len(self._values)
        self._values.append((key, value))
        self._positions[key] = last
        self._swap(last, self._random_below(last + 1))

    def discard(self, key: str) -> None:
        """Remove a value; does nothing when there is none."""
        position = self._positions.get(key)
        if position is not None:
            self._swap(position, len(self._values) - 1)
            self._values.pop()
            del self._positions[key]

    def window(self, rotation: int, size: int) -> list[T]:
        """Up to ``size`` values, beginning at the position of this rotation."""
        count = len(self._values)
        return [self._values[(rotation + step) % count][1] for step in range(min(size, count))]

    def _swap(self, first: int, second: int) -> None:
        values = self._values
        values[first], values[second] = values[second], values[first]
        self._positions[values[first][0]], self._positions[values[second][0]] = first, second


class RecordSet:
    """All values of one type at one name."""

    def __init__(self, ttl: int, max_answers: int, random_below: RandomBelow) -> None:
        self.ttl = ttl
        self._max_answers = max_answers
        self._all: ShuffledValues[ZoneRecord] = ShuffledValues(random_below)
        self._healthy: ShuffledValues[ZoneRecord] = ShuffledValues(random_below)

    def __len__(self) -> int:
        return len(self._all)

    def put(self, key: str, record: ZoneRecord, *, healthy: bool) -> None:
        """Add or replace one instance's value."""
        self._all.put(key, record)
        if healthy:
            self._healthy.put(key, record)
        else:
            self._healthy.discard(key)

    def discard(self, key: str) -> None:
        """Remove one instance's value."""
        self._all.discard(key)
        self._healthy.discard(key)

    @property
    def rotations(self) -> int:
        """The number of rotations before answers repeat."""
        return len(self._healthy) or len(self._all)

    def values(self, rotation: int) -> list[ZoneRecord]:
        """The values of this rotation's answer."""
        return (self._healthy or self._all).window(rotation, self._max_answers)


class AnswerSet(Protocol):
    """The values that answers for one name and type are made of."""

    @property
    def rotations(self) -> int:
        """The number of rotations before answers repeat; 0 where each answer is another draw."""

    def values(self, rotation: int) -> list[ZoneRecord]:
        """The values of this rotation's answer."""


class AuthoritativeZone(Protocol):
    """Names below ``apex``, for which moyai is authoritative. Owners are relative to the apex."""

    apex: Name
    labels: Labels
    account: AccountId | None
    """The account that the zone belongs to; None: moyai's own."""
    generation: int
    """Grows with every change that can change an answer."""

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether the zone answers in this VPC; None is the host."""

    def exists(self, owner: Labels) -> bool:
        """Whether there is any name at or below this one (RFC 8020)."""

    def find(self, owner: Labels, kind: RdataType) -> AnswerSet | None:
        """The values of one type at one name."""

    @property
    def negative_ttl(self) -> int:
        """Seconds for which a resolver may cache that a name does not exist (RFC 2308)."""

    @property
    def preference(self) -> tuple[int, float, str]:
        """The rank among zones with the same apex, of which the lowest answers."""


def soa(zone: AuthoritativeZone) -> RRset:
    """A zone's SOA: its own record, or one of which only the last number has a meaning (zones are not transferred)."""
    ttl, own = zone.negative_ttl, zone.find((), SOA)
    if own is not None:
        values = [record.value for record in own.values(0) if record.value is not None]
        return from_rdata_list(zone.apex, ttl, values)
    return from_text(zone.apex, ttl, IN, SOA, f"{zone.apex} {_REST_OF_SOA} {ttl}")


def ns(zone: AuthoritativeZone) -> RRset:
    """A zone's name server, which is the apex itself (as in RFC 6303 § 3)."""
    return from_text(zone.apex, zone.negative_ttl, IN, NS, str(zone.apex))


class NamespaceZone:
    """The names of one namespace."""

    def __init__(self, namespace: Namespace, apex: Name, random_below: RandomBelow) -> None:
        self.apex = apex
        self.labels = to_labels(apex)
        self.account: AccountId | None = scope_of(namespace.arn).account
        self.namespace = namespace
        self.generation = 0
        self._random_below = random_below
        self._sets: dict[tuple[Labels, RdataType], RecordSet] = {}
        self._below: Counter[Labels] = Counter()

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether the zone answers in this VPC; None is the host, which sees every zone."""
        return vpc is None or self.namespace.type is NamespaceType.DNS_PUBLIC or self.namespace.vpc == vpc

    def update(self, namespace: Namespace) -> None:
        """Replace the namespace, after a change of its SOA for example."""
        self.namespace = namespace
        self.generation += 1

    def put(self, key: str, records: Sequence[ZoneRecord], *, healthy: bool) -> None:
        """Add an instance's records."""
        for record in records:
            record_set = self._sets.get((record.owner, record.type))
            if record_set is None:
                record_set = RecordSet(record.ttl, record.max_answers, self._random_below)
                self._sets[record.owner, record.type] = record_set
            record_set.put(key, record, healthy=healthy)
            self._below.update(ancestry(record.owner))
        self.generation += bool(records)

    def remove(self, key: str, records: Sequence[ZoneRecord]) -> None:
        """Remove the records that were added for an instance."""
        for record in records:
            record_set = self._sets[record.owner, record.type]
            record_set.discard(key)
            if not len(record_set):
                del self._sets[record.owner, record.type]
            for name in ancestry(record.owner):
                self._below[name] -= 1
                if not self._below[name]:
                    del self._below[name]
        self.generation += bool(records)

    def exists(self, owner: Labels) -> bool:
        """Whether there is any name at or below this one (RFC 8020)."""
        return not owner or owner in self._below

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """The values of one type at one name."""
        return self._sets.get((owner, kind))

    def sets(self) -> Iterator[tuple[Labels, RdataType, RecordSet]]:
        """All record sets of the zone."""
        for (owner, kind), record_set in self._sets.items():
            yield owner, kind, record_set

    @property
    def negative_ttl(self) -> int:
        """Seconds for which a resolver may cache that a name does not exist (RFC 2308)."""
        ttl = self.namespace.soa_ttl
        return DEFAULT_NEGATIVE_TTL if ttl is None else ttl

    @property
    def preference(self) -> tuple[int, float, str]:
        """A private zone before a public one, then the zone that was created first."""
        return (self.namespace.type is NamespaceType.DNS_PUBLIC, self.namespace.created_at, self.namespace.arn)


def ancestry(owner: Labels) -> Iterator[Labels]:
    """A name and the names above it, up to but without the apex."""
    return (owner[above:] for above in range(len(owner)))
