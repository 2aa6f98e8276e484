"""The subscription of one proxy to one resource type: the names it wants, the versions it has, the response in flight.

A resource's state is its version, or ABSENT. A NACK rejects a whole response, although Envoy may have accepted the
valid part of it. So each resource of a rejected response is sent again alone, and only a state that is rejected alone
is known to be bad. A bad state is not sent again; any other state is. Most requests and snapshots concern one type of
five, so results about a type's resources are computed again only when the subscription or the resources have changed.
The resources of a snapshot never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from moyai.xds.server.resource import EncodedResource

ABSENT = ""
"""The state of a resource that does not exist."""
WILDCARD = "*"
RESENDS = 3
"""How often a rejected resource is sent again of which the proxy has no version: a missing port may be free then."""


class PendingResponse(NamedTuple):
    """A response that has been neither acknowledged nor rejected, with the state that it gives to each name.

    ``size``: the number of names when it was sent; the proxy may no longer want some.
    """

    nonce: str
    states: dict[str, str]
    size: int


class RejectedState(NamedTuple):
    """A state that the proxy rejected, the reason, and how often the proxy rejected it."""

    state: str
    reason: str
    attempts: int


class Subscription:
    """One resource type on one stream. ``omits_absent``: no resource is reported as absent; the proxy waits for it."""

    def __init__(self, *, omits_absent: bool = False) -> None:
        self.is_open = False
        self.had_resources = False
        """Whether the proxy had resources of this type when it subscribed."""
        self._omits_absent = omits_absent
        self.pending: PendingResponse | None = None
        self._wildcard = False
        self._names: set[str] = set()
        self._versions: dict[str, str | None] = {}
        """By name, the version that the proxy has; None = one of ``_uncertain``; no entry = absent."""
        self._uncertain: dict[str, frozenset[str]] = {}
        self._rejections: dict[str, RejectedState] = {}
        self._suspects: set[str] = set()
        """Names of a rejected response with several resources: each is sent alone."""
        self._requested: set[str] = set()
        """Names to answer even when nothing has changed, because the proxy may have dropped the resource."""
        self._awaits_first_response = False
        self._nothing_due: Mapping[str, EncodedResource] | None = None
        """The resources for which ``due`` last returned nothing; None after a change of this subscription."""
        self._all_acknowledged: Mapping[str, EncodedResource] | None = None
        """The resources for which ``has_all`` last held; None after a change of this subscription."""

    def open(self, versions: Mapping[str, str], names: Iterable[str]) -> None:
        """Handle the first request: the versions that the proxy has from an earlier stream, and the names it wants."""
        self._invalidate_results()
        name_set = set(names)
        self.is_open, self.had_resources = True, bool(versions)
        self._wildcard = WILDCARD in name_set
        self._names = name_set - {WILDCARD}
        self._versions = {name: version for name, version in versions.items() if self._wildcard or name in name_set}
        self._requested = self._names - self._versions.keys()
        self._awaits_first_response = self._wildcard and not versions

    @property
    def names(self) -> AbstractSet[str]:
        """The resources that are wanted by name."""
        return self._names

    def wants(self, name: str) -> bool:
        """Whether a resource is wanted, by name or by wildcard."""
        return self._wildcard or name in self._names

    def assume(self, versions: Mapping[str, str]) -> None:
        """Note that the proxy has at least these versions from an earlier stream. It still gets a response."""
        self._invalidate_results()
        self._versions = {**versions, **self._versions}
        self.had_resources |= bool(versions)

    def subscribe(self, names: Iterable[str]) -> None:
        """Add wanted names. Each named resource is sent again, even one that the proxy has already."""
        for name in names:
            self._invalidate_results()
            if name == WILDCARD:
                self._wildcard = True
            else:
                self._names.add(name)
                self._requested.add(name)

    def unsubscribe(self, names: Iterable[str]) -> None:
        """Remove wanted names. Both sides forget a resource that is not wanted by wildcard either."""
        name_set = set(names)
        if not name_set:
            return
        self._invalidate_results()
        if WILDCARD in name_set:
            self._wildcard = False
            name_set |= self._versions.keys() - self._names
        self._names -= name_set
        self._requested -= name_set
        if self._wildcard:
            return
        for name in name_set:
            self._versions.pop(name, None)
            self._uncertain.pop(name, None)
            self._rejections.pop(name, None)
            self._suspects.discard(name)
            if self.pending is not None:
                self.pending.states.pop(name, None)

    def resend(self, name: str) -> None:
        """Send a resource again even though it has not changed, if the proxy wants it."""
        if self.wants(name):
            self._requested.add(name)
            self._invalidate_results()

    def due(self, resources: Mapping[str, EncodedResource]) -> dict[str, str]:
        """The states that differ from the proxy's and belong into the next response, by name in a fixed order."""
        if not self.is_open or resources is self._nothing_due:
            return {}
        names = resources.keys() | self._versions.keys() | self._names if self._wildcard else self._names
        if self._omits_absent:
            names = names & resources.keys()
        states = {name: resources[name].version if name in resources else ABSENT for name in sorted(names)}
        due = {name: state for name, state in states.items() if self._is_due(name, state)}
        if not due:
            self._nothing_due = resources
        suspect = next((name for name in due if name in self._suspects), None)
        return due if suspect is None else {suspect: due[suspect]}

    @property
    def needs_response(self) -> bool:
        """Whether even an empty response is due: a proxy without resources waits 15 s for its first one."""
        return self._awaits_first_response

    def mark_sent(self, response: PendingResponse) -> None:
        """Record a response as sent."""
        self._invalidate_results()
        self.pending = response
        self._awaits_first_response = False
        self._requested -= response.states.keys()

    def acknowledge(self) -> None:
        """Record that the proxy accepted the pending response (ACK)."""
        for name, state in self._take_pending().items():
            self._uncertain.pop(name, None)
            self._rejections.pop(name, None)
            self._suspects.discard(name)
            if state == ABSENT:
                self._versions.pop(name, None)
            else:
                self._versions[name] = state

    def reject(self, reason: str) -> None:
        """Record that the proxy rejected the pending response, or a part of it (NACK)."""
        alone = self.pending is not None and self.pending.size == 1
        states = self._take_pending()
        for name, state in states.items():
            version = self._versions.get(name, ABSENT)
            possible = {state} if version is None else {version, state}
            self._uncertain[name] = self._uncertain.get(name, frozenset()) | possible
            self._versions[name] = None
        if not alone:
            self._suspects |= states.keys()
            return
        for name, state in states.items():
            before = self._rejections.get(name)
            attempts = 1 if before is None or before.state != state else before.attempts + 1
            self._rejections[name] = RejectedState(state, reason, attempts)
            self._suspects.discard(name)

    def rejection(self, resources: Mapping[str, EncodedResource]) -> str | None:
        """Why the proxy rejected a state that is still wanted; None when it rejected none."""
        for name, rejection in self._rejections.items():
            if rejection.state == (resources[name].version if name in resources else ABSENT):
                return rejection.reason
        return None

    def rejection_of(self, resources: Mapping[str, EncodedResource]) -> str | None:
        """Why the proxy rejected one of these resources; None when it rejected none."""
        return next((self._rejections[name].reason for name in self._rejected(resources)), None)

    def lacks_rejected(self, resources: Mapping[str, EncodedResource]) -> bool:
        """Whether the proxy rejected one of these resources each time, and has no earlier version of it."""
        return any(self._rejections[name].attempts > RESENDS for name in self._lacked(resources))

    def resend_rejected(self, resources: Mapping[str, EncodedResource]) -> None:
        """Send those of these resources again, each alone, that the proxy rejected and has no earlier version of."""
        names = {name for name in self._lacked(resources) if self._rejections[name].attempts <= RESENDS}
        if names:
            self._invalidate_results()
            self._requested |= names
            self._suspects |= names

    def has_each(self, resources: Mapping[str, EncodedResource]) -> bool:
        """Whether the proxy has acknowledged these resources; others do not matter."""
        pending = () if self.pending is None else self.pending.states
        return all(
            self._versions.get(name) == resource.version and name not in pending and name not in self._requested
            for name, resource in resources.items()
        )

    def has_all(self, resources: Mapping[str, EncodedResource]) -> bool:
        """Whether the proxy has acknowledged exactly these resources."""
        if self.pending is not None or self.due(resources):
            return False
        if resources is self._all_acknowledged:
            return True
        has_all = all(self._versions.get(name) == resource.version for name, resource in resources.items())
        if has_all:
            self._all_acknowledged = resources
        return has_all

    def possible_versions(self) -> Iterator[tuple[str, str]]:
        """Each name with every version of it that the proxy may be using."""
        for name, version in self._versions.items():
            states = self._uncertain[name] if version is None else {version}
            yield from ((name, state) for state in states if state)
        if self.pending is not None:
            yield from ((name, state) for name, state in self.pending.states.items() if state)

    @property
    def is_settled(self) -> bool:
        """Whether the proxy's versions are certain: the newest ones, or none, once all due responses were sent."""
        return not self.is_open or (self.pending is None and not self._rejections)

    def _rejected(self, resources: Mapping[str, EncodedResource]) -> Iterator[str]:
        """Those of these resources that the proxy rejected."""
        names = self._rejections.keys() & resources.keys()
        return (name for name in names if self._rejections[name].state == resources[name].version)

    def _lacked(self, resources: Mapping[str, EncodedResource]) -> Iterator[str]:
        """Those of these resources that the proxy rejected and has no earlier version of."""
        return (name for name in self._rejected(resources) if ABSENT in self._uncertain.get(name, ()))

    def _is_due(self, name: str, state: str) -> bool:
        if name in self._requested:
            return True
        rejection = self._rejections.get(name)
        return self._versions.get(name, ABSENT) != state and (rejection is None or rejection.state != state)

    def _invalidate_results(self) -> None:
        """Forget computed results, because the subscription on which they depend changes."""
        self._nothing_due = self._all_acknowledged = None

    def _take_pending(self) -> dict[str, str]:
        self._invalidate_results()
        pending, self.pending = self.pending, None
        return {} if pending is None else pending.states
