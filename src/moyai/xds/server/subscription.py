"""What one proxy wants of one resource type, what it has, and what is on its way to it.

A resource's state is its version, or ABSENT. A refusal speaks of a whole response, of which Envoy may have
taken the good half: so each of its resources is sent again alone, and only what is refused alone is
known to be bad. That state is not sent again; any other is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from moyai.xds.server.resource import Resource

ABSENT = ""
"""The state of a resource that isn't there."""
WILDCARD = "*"


class Flight(NamedTuple):
    """A response that has been neither acknowledged nor refused: what each name will be.

    ``size``: how many names it had when it left; some may not be wanted any more.
    """

    nonce: str
    states: dict[str, str]
    size: int


class Refusal(NamedTuple):
    """A state the proxy would not take, and why."""

    state: str
    reason: str


class Subscription:
    """One resource type on one stream. ``patient``: nothing is said to be absent; whoever asked for it waits."""

    def __init__(self, *, patient: bool = False) -> None:
        self.is_open = False
        self.came_back = False
        """The proxy had something when it opened this."""
        self._patient = patient
        self.flight: Flight | None = None
        self._wildcard = False
        self._names: set[str] = set()
        self._has: dict[str, str | None] = {}
        """By name: the version the proxy has; None = uncertain, one of ``_maybe``; no entry = absent."""
        self._maybe: dict[str, frozenset[str]] = {}
        self._refused: dict[str, Refusal] = {}
        self._suspects: set[str] = set()
        """Refused in company: each is sent alone."""
        self._asked: set[str] = set()
        """To be answered even when nothing changed: the proxy may have forgotten it."""
        self._awaits_anything = False

    def open(self, has: Mapping[str, str], names: Iterable[str]) -> None:
        """The first request: what the proxy kept from an earlier stream, and what it wants."""
        wanted = set(names)
        self.is_open, self.came_back = True, bool(has)
        self._wildcard = WILDCARD in wanted
        self._names = wanted - {WILDCARD}
        self._has = {name: version for name, version in has.items() if self._wildcard or name in wanted}
        self._asked = self._names - self._has.keys()
        self._awaits_anything = self._wildcard and not has

    @property
    def names(self) -> AbstractSet[str]:
        """What is wanted by name."""
        return self._names

    def wants(self, name: str) -> bool:
        """Whether it is wanted, by name or with everything."""
        return self._wildcard or name in self._names

    def recognise(self, states: Mapping[str, str]) -> None:
        """The proxy has been found to have these, and may have others; it is still to be answered."""
        self._has = {**states, **self._has}
        self.came_back |= bool(states)

    def subscribe(self, names: Iterable[str]) -> None:
        """Further names are wanted."""
        for name in names:
            if name == WILDCARD:
                self._wildcard = True
            else:
                self._names.add(name)
                self._asked.add(name)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Names are no longer wanted; what isn't wanted by wildcard either is forgotten by both sides."""
        gone = set(names)
        if WILDCARD in gone:
            self._wildcard = False
            gone |= self._has.keys() - self._names
        self._names -= gone
        self._asked -= gone
        if self._wildcard:
            return
        for name in gone:
            self._has.pop(name, None)
            self._maybe.pop(name, None)
            self._refused.pop(name, None)
            self._suspects.discard(name)
            if self.flight is not None:
                self.flight.states.pop(name, None)

    def resend(self, name: str) -> None:
        """Send this again even though it didn't change, if the proxy wants it at all."""
        if self.wants(name):
            self._asked.add(name)

    def due(self, wanted: Mapping[str, Resource]) -> dict[str, str]:
        """The states that differ from ``wanted`` and are worth sending together, by name in a fixed order."""
        if not self.is_open:
            return {}
        names = wanted.keys() | self._has.keys() | self._names if self._wildcard else self._names
        if self._patient:
            names = names & wanted.keys()
        states = {name: wanted[name].version if name in wanted else ABSENT for name in sorted(names)}
        due = {name: state for name, state in states.items() if self._is_due(name, state)}
        suspect = next((name for name in due if name in self._suspects), None)
        return due if suspect is None else {suspect: due[suspect]}

    @property
    def is_owed_an_answer(self) -> bool:
        """Whether a proxy that has nothing yet must be told even that there is nothing: Envoy waits 15 s for it."""
        return self._awaits_anything

    def sent(self, flight: Flight) -> None:
        """A response has left."""
        self.flight = flight
        self._awaits_anything = False
        self._asked -= flight.states.keys()

    def acknowledged(self) -> None:
        """The response in flight was taken."""
        for name, state in self._land().items():
            self._maybe.pop(name, None)
            self._refused.pop(name, None)
            self._suspects.discard(name)
            if state == ABSENT:
                self._has.pop(name, None)
            else:
                self._has[name] = state

    def refused(self, reason: str) -> None:
        """The response in flight was not taken, or not wholly."""
        alone = self.flight is not None and self.flight.size == 1
        states = self._land()
        for name, state in states.items():
            self._maybe[name] = self._maybe.get(name, frozenset()) | {self._has.get(name) or ABSENT, state}
            self._has[name] = None
        if not alone:
            self._suspects |= states.keys()
            return
        for name, state in states.items():
            self._refused[name] = Refusal(state, reason)
            self._suspects.discard(name)

    def refusal(self, wanted: Mapping[str, Resource]) -> str | None:
        """Why something that is still wanted was refused."""
        for name, refusal in self._refused.items():
            if refusal.state == (wanted[name].version if name in wanted else ABSENT):
                return refusal.reason
        return None

    def has_all(self, wanted: Mapping[str, Resource]) -> bool:
        """Whether the proxy has acknowledged exactly what is wanted."""
        if self.flight is not None or self.due(wanted):
            return False
        return all(self._has.get(name) == resource.version for name, resource in wanted.items())

    def held(self) -> Iterator[tuple[str, str]]:
        """Each name, and every version of it that the proxy may be using."""
        for name, version in self._has.items():
            yield from ((name, state) for state in (self._maybe[name] if version is None else {version}) if state)
        if self.flight is not None:
            yield from ((name, state) for name, state in self.flight.states.items() if state)

    @property
    def is_settled(self) -> bool:
        """Whether it is certain what the proxy has, once all that is due was sent: the newest, or nothing at all."""
        return not self.is_open or (self.flight is None and not self._refused)

    def _is_due(self, name: str, state: str) -> bool:
        if name in self._asked:
            return True
        refusal = self._refused.get(name)
        return self._has.get(name, ABSENT) != state and (refusal is None or refusal.state != state)

    def _land(self) -> dict[str, str]:
        flight, self.flight = self.flight, None
        return {} if flight is None else flight.states
