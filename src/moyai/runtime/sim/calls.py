"""The calls in the scripts of simulated tasks: nothing is sent, but the statistics of the tasks' proxies count them.

Promise: deterministic. The number of calls that a task has made follows from its rate and the start of its proxy. Calls
to a name are distributed in turn among the tasks that offer it; where there are none they fail.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from moyai.domain.connect.names import Offer
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import DiscoveryServiceArn, ProxyId
from moyai.ports.runtime import CannotCreate
from moyai.ports.store import Store
from moyai.runtime.sim import simulated_stats
from moyai.runtime.sim.script import SimulatedCall, parse_script, simulated_calls

Push = Callable[[ProxyId, bytes], Awaitable[None]]
"""Receives a proxy's export."""
_PERCENT = 100


class _Member(NamedTuple):
    """A task that offers a name."""

    proxy: ProxyId
    offer: Offer


class _Counts(NamedTuple):
    requests: int = 0
    failed: int = 0


class _Caller:
    """One proxy, and the calls that its task has made so far."""

    def __init__(self, started_at: Instant) -> None:
        self.started_at = started_at
        self.stats = simulated_stats.SimulatedStats(started_at)
        self.counts: dict[SimulatedCall, _Counts] = {}

    def due(self, call: SimulatedCall, now: Instant) -> _Counts:
        """The calls that are due since the last question."""
        before = self.counts.get(call, _Counts())
        requests = int(call.rate * (now - self.started_at))
        failed = int(requests * call.failing / _PERCENT)
        self.counts[call] = _Counts(requests, failed)
        return _Counts(requests - before.requests, failed - before.failed)


class SimulatedCalls:
    """Simulates the calls of the tasks whose proxies run."""

    def __init__(self, store: Store, clock: Clock, push: Push) -> None:
        self._store, self._clock, self._push = store, clock, push
        self._callers: dict[ProxyId, _Caller] = {}
        self._turn = 0

    async def play(self, running: Collection[ProxyId]) -> None:
        """Count all calls up to now, and export the statistics of every proxy that has any."""
        now, world = self._clock.now(), self._store.world
        self._callers = {w: self._callers.get(w) or _Caller(now) for w in running}
        tasks = {w: task for w in running if (task := world.tasks.get(w)) is not None and task.view is not None}
        members = _members(tasks)
        for proxy, task in tasks.items():
            for call, target in _calls(world, task):
                self._send(self._callers[proxy], call, members.get(target, ()), now)
        for proxy, caller in self._callers.items():
            if caller.stats.has_counts:
                await self._push(proxy, caller.stats.encode_push(now))

    def _send(self, caller: _Caller, call: SimulatedCall, members: Sequence[_Member], now: Instant) -> None:
        due = caller.due(call, now)
        if not members:
            caller.stats.add_sent_requests(call.name, due.requests, due.requests, 0, call.ms)
            return
        http = members[0].offer.protocol is not None
        if http:
            caller.stats.add_sent_requests(call.name, due.requests, due.failed, len(members), call.ms)
        else:
            caller.stats.add_sent_connections(call.name, due.requests, due.failed, members=len(members))
        for member, share in self._distribute(members, due):
            stats = self._callers[member.proxy].stats
            if http:
                stats.add_received_requests(call.name, share.requests, share.failed, call.ms)
            else:
                stats.add_received_connections(call.name, share.requests - share.failed)

    def _distribute(self, members: Sequence[_Member], due: _Counts) -> Iterator[tuple[_Member, _Counts]]:
        """Each member's share. The order changes, so that the remainder does not always go to the same member."""
        self._turn += 1
        for place in range(len(members)):
            member = members[(place + self._turn) % len(members)]
            yield member, _Counts(*(n // len(members) + (place < n % len(members)) for n in due))


def _members(tasks: Mapping[ProxyId, Task]) -> dict[DiscoveryServiceArn, list[_Member]]:
    members: dict[DiscoveryServiceArn, list[_Member]] = {}
    for proxy, task in tasks.items():
        for offer in task.view.offers if task.view is not None else ():
            members.setdefault(offer.discovery_service, []).append(_Member(proxy, offer))
    return members


def _calls(world: World, task: Task) -> Iterator[tuple[SimulatedCall, DiscoveryServiceArn]]:
    """The calls in the scripts of the task's containers to names that the task can call."""
    definition = world.task_definitions.get(task.task_definition)
    targets = {}
    for name in task.view.names if task.view is not None else ():
        service = world.discovery_services.get(name.target)
        if service is not None:
            targets[service.name] = name.target
    for container in () if definition is None else definition.container_definitions:
        try:
            script = parse_script(container.command, {pair.name: pair.value for pair in container.environment})
        except CannotCreate:
            continue  # the start of the container reports it
        for call in simulated_calls(script):
            if call.name in targets:
                yield call, targets[call.name]
