"""One namespace as a zone: which names exist, and which values an answer gets.

Promise: an instance that comes, goes or changes its health costs the same in a zone of 50,000 as in one of ten. Values
stand in an order that dice have drawn, and each turn begins one place further on: over the turns every value comes
first equally often (WEIGHTED, where all weights are the same), and no two clients need get the same eight. A value
that is unhealthy is given only when none at its name and of its type is healthy, as Route 53 does.
``generation`` grows with every change that an answer could show.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/services-route53.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Generic, Protocol, TypeVar

from dns.name import Name
from dns.rdataclass import IN
from dns.rdatatype import NS, SOA, RdataType
from dns.rrset import RRset, from_text

from moyai.dns.records import Labels, Record, lowered
from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.kernel.ids import VpcId

Dice = Callable[[int], int]
"""A number from 0 up to, and without, the one that is asked for; each alike."""

T = TypeVar("T")

DEFAULT_NEGATIVE_TTL: Final = 15
"""Seconds for which it may be remembered that a name isn't there, where the namespace doesn't say."""
_REST_OF_SOA: Final = "nobody.invalid. 1 7200 900 1209600"
"""Mailbox, serial, refresh, retry, expire; the numbers are Route 53's."""


class Pool(Generic[T]):
    """Values by key, in an order drawn by dice."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._values: list[tuple[str, T]] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._values)

    def put(self, key: str, value: T) -> None:
        """Add a value at a place that dice choose; one that is known stays where it is."""
        place = self._place.get(key)
        if place is not None:
            self._values[place] = (key, value)
            return
        last = len(self._values)
        self._values.append((key, value))
        self._place[key] = last
        self._swap(last, self._dice(last + 1))

    def discard(self, key: str) -> None:
        """Remove a value; nothing happens when there is none."""
        place = self._place.get(key)
        if place is not None:
            self._swap(place, len(self._values) - 1)
            self._values.pop()
            del self._place[key]

    def window(self, turn: int, most: int) -> list[T]:
        """Up to ``most`` values, those that this turn begins with."""
        size = len(self._values)
        return [self._values[(turn + step) % size][1] for step in range(min(most, size))]

    def _swap(self, one: int, other: int) -> None:
        values = self._values
        values[one], values[other] = values[other], values[one]
        self._place[values[one][0]], self._place[values[other][0]] = one, other


class RecordSet:
    """All values of one type at one name."""

    def __init__(self, ttl: int, most: int, dice: Dice) -> None:
        self.ttl = ttl
        self._most = most
        self._every: Pool[Record] = Pool(dice)
        self._healthy: Pool[Record] = Pool(dice)

    def __len__(self) -> int:
        return len(self._every)

    def put(self, key: str, record: Record, *, healthy: bool) -> None:
        """Add or replace one instance's value."""
        self._every.put(key, record)
        if healthy:
            self._healthy.put(key, record)
        else:
            self._healthy.discard(key)

    def discard(self, key: str) -> None:
        """Remove one instance's value."""
        self._every.discard(key)
        self._healthy.discard(key)

    @property
    def turns(self) -> int:
        """How many turns there are before answers repeat."""
        return len(self._healthy) or len(self._every)

    def chosen(self, turn: int) -> list[Record]:
        """What this turn's answer has."""
        return (self._healthy or self._every).window(turn, self._most)


class Names(Protocol):
    """Names with one ending, for which we alone answer. Owners are relative to it."""

    apex: Name
    labels: Labels
    generation: int
    """Grows with every change that an answer could show."""

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether it answers in this VPC; None is the host."""

    def exists(self, owner: Labels) -> bool:
        """Whether there is anything at this name or below it (RFC 8020)."""

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """The values of one type at one name."""

    @property
    def negative_ttl(self) -> int:
        """For how many seconds it may be remembered that a name isn't there (RFC 2308)."""

    @property
    def preference(self) -> tuple[int, float, str]:
        """Of two with one ending, the lower one answers."""


def soa(names: Names) -> RRset:
    """Their SOA. Nothing is ever transferred, so only its last number means anything."""
    ttl = names.negative_ttl
    return from_text(names.apex, ttl, IN, SOA, f"{names.apex} {_REST_OF_SOA} {ttl}")


def ns(names: Names) -> RRset:
    """Their name server, which is the ending itself (RFC 6303 § 3 does the same)."""
    return from_text(names.apex, names.negative_ttl, IN, NS, str(names.apex))


class Zone:
    """The names of one namespace."""

    def __init__(self, namespace: Namespace, apex: Name, dice: Dice) -> None:
        self.apex = apex
        self.labels = lowered(apex)
        self.namespace = namespace
        self.generation = 0
        self._dice = dice
        self._sets: dict[tuple[Labels, RdataType], RecordSet] = {}
        self._below: Counter[Labels] = Counter()

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether it answers in this VPC; None is the host, which sees all."""
        return vpc is None or self.namespace.type is NamespaceType.DNS_PUBLIC or self.namespace.vpc == vpc

    def become(self, namespace: Namespace) -> None:
        """The namespace was changed: its SOA, say."""
        self.namespace = namespace
        self.generation += 1

    def put(self, key: str, records: Sequence[Record], *, healthy: bool) -> None:
        """Publish an instance's records, which were not published before."""
        for record in records:
            found = self._sets.get((record.owner, record.type))
            if found is None:
                found = self._sets[record.owner, record.type] = RecordSet(record.ttl, record.most, self._dice)
            found.put(key, record, healthy=healthy)
            self._below.update(_ancestry(record.owner))
        self.generation += bool(records)

    def withdraw(self, key: str, records: Sequence[Record]) -> None:
        """Take an instance's records back; they are those that were published."""
        for record in records:
            found = self._sets[record.owner, record.type]
            found.discard(key)
            if not len(found):
                del self._sets[record.owner, record.type]
            for name in _ancestry(record.owner):
                self._below[name] -= 1
                if not self._below[name]:
                    del self._below[name]
        self.generation += bool(records)

    def exists(self, owner: Labels) -> bool:
        """Whether there is anything at this name or below it (RFC 8020)."""
        return not owner or owner in self._below

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """The values of one type at one name."""
        return self._sets.get((owner, kind))

    def sets(self) -> Iterator[tuple[Labels, RdataType, RecordSet]]:
        """Everything there is: the zone, dumped."""
        for (owner, kind), found in self._sets.items():
            yield owner, kind, found

    @property
    def negative_ttl(self) -> int:
        """For how many seconds it may be remembered that a name isn't there (RFC 2308)."""
        told = self.namespace.soa_ttl
        return DEFAULT_NEGATIVE_TTL if told is None else told

    @property
    def preference(self) -> tuple[int, float, str]:
        """A private one before a public one, then the one that was created first."""
        return (self.namespace.type is NamespaceType.DNS_PUBLIC, self.namespace.created_at, self.namespace.arn)


def _ancestry(owner: Labels) -> Iterator[Labels]:
    """The name and what it makes exist above it, up to the zone's own name and without it."""
    return (owner[above:] for above in range(len(owner)))
