"""The loop that sends ECS's own events to the default event bus: of tasks, services and their deployments.

Promise: a task's event has the members of DescribeTasks, written as AWS writes them. Nothing is done while an account
and region has no rule that could match. A state that is over before this loop sees it has no event, and a state that
was reached right before ``kill -9`` may have none.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from moyai.domain.ecs.service import Service, ServiceEvent, ServiceLog
from moyai.domain.ecs.task import Task
from moyai.domain.eventbridge.rule import DEFAULT_BUS
from moyai.domain.keys import scope_of
from moyai.domain.world import Put, table_name
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.plan.event_rules import (
    ECS_SOURCE,
    NewEvent,
    TooManyDeliveries,
    deliveries,
    envelope,
    matched_event,
    rules_of,
    sends_ecs_events,
)
from moyai.plan.events import INCONSISTENT, STEADY, UNPLACED
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Key, Store
from moyai.reconcile.work_queue import WorkQueue
from moyai.stacks.types.procedure import AwsCallFailed, Call

_Subject: TypeAlias = Task | Service | ServiceLog
_ACTIONS: Final = (
    (STEADY, "INFO", "SERVICE_STEADY_STATE"),
    (INCONSISTENT, "WARN", "SERVICE_TASK_START_IMPAIRED"),
    (UNPLACED.removesuffix("."), "ERROR", "SERVICE_TASK_PLACEMENT_FAILURE"),
)
"""A part of the text of a service's event, with the type and the name of the event on the bus."""
_DEPLOYMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"IN_PROGRESS": "INFO", "COMPLETED": "INFO", "FAILED": "ERROR"}
)
"""The type of a deployment's event, by the state of its rollout."""
_log = logging.getLogger(__name__)


class EcsEventLoop:
    """Follows tasks and services. ``run`` it once."""

    def __init__(self, store: Store, caller: AwsCaller, clock: Clock, ids: Ids) -> None:
        self._store, self._caller, self._clock, self._ids = store, caller, clock, ids
        self._queue = WorkQueue(clock)
        self._tables: Mapping[str, type[_Subject]] = {table_name(kind): kind for kind in (Task, Service, ServiceLog)}
        self._is_following = False
        """Whether the store's first notification, which has all keys, was received."""
        self._seen: dict[str, object] | None = None
        """The states that need no event any more, by table and key; None while there is no rule."""

    async def run(self) -> None:
        """Send an event for each change of a state, until cancelled."""
        await self._queue.serve(self._store, self._changed_subjects, self._advance, "the event of")

    def _changed_subjects(self, keys: Iterable[Key]) -> set[str]:
        subjects = {f"{key.table} {key.key}" for key in keys if key.table in self._tables}
        at_start, self._is_following = not self._is_following, True
        if not len(self._store.world.event_rules):
            self._seen = None
            return set()
        if self._seen is None:
            states = self._present_states()
            self._seen = states if at_start else {key: states[key] for key in states.keys() - subjects}
        return subjects

    def _present_states(self) -> dict[str, object]:
        return {
            f"{name} {record.key}": _state(record)
            for name, kind in self._tables.items()
            for record in self._store.world.table(kind)
        }

    async def _advance(self, key: str) -> None:
        seen, (table, _, arn) = self._seen, key.partition(" ")
        if seen is None:
            return
        record = self._store.world.table(self._tables[table]).get(arn)
        if record is None:
            seen.pop(key, None)
            return
        before, state = seen.get(key), _state(record)
        if before == state:
            return
        scope = scope_of(arn)
        if sends_ecs_events(self._store.world, scope):
            events = await self._events(record, before)
            present = self._store.world.table(self._tables[table]).get(arn)
            if present is None or _state(present) != state:
                return  # the events may show the newer state already; the key is queued again for that state
            self._send(scope, events)
        seen[key] = state

    def _send(self, scope: Scope, events: Iterable[NewEvent]) -> None:
        world, now = self._store.world, self._clock.now()
        rules = rules_of(world, scope, DEFAULT_BUS)
        matched = [matched_event(world, rules, envelope(event, scope, now, self._ids.uuid())) for event in events]
        try:
            sent = deliveries(world, scope, matched, now, self._ids)
        except TooManyDeliveries as problem:
            _log.warning("%s/%s: an event of ECS was dropped: %s", scope.account, scope.region, problem)
            return
        self._store.apply([Put(delivery) for delivery in sent])

    async def _events(self, record: _Subject, before: object) -> list[NewEvent]:
        match record:
            case Task():
                return await self._task_events(record)
            case Service():
                earlier = before if isinstance(before, frozenset) else frozenset[object]()
                return _deployment_events(record, earlier)
            case _:
                service = self._store.world.services.get(record.service)
                return [] if service is None else _action_events(service, record, before)

    async def _task_events(self, task: Task) -> list[NewEvent]:
        members = {"cluster": task.cluster, "tasks": [task.arn]}
        try:
            answer = await self._caller.call(scope_of(task.arn), Call("ecs", "DescribeTasks", members))
        except AwsCallFailed:  # the task's cluster is gone
            return []
        tasks = [_as_json(shown) for shown in answer.get("tasks", ())]
        return [NewEvent(ECS_SOURCE, "ECS Task State Change", shown, [task.arn]) for shown in tasks]


def _state(record: _Subject) -> object:
    """The part of a record that has an event when it changes."""
    match record:
        case Task():
            containers = tuple((c.name, c.last_status, c.health_status) for c in record.containers)
            return record.last_status, record.desired_status, record.health_status, containers
        case Service():
            return frozenset((deployment.id, deployment.rollout_state.value) for deployment in record.deployments)
        case _:
            return record.events[0].id if record.events else None


def _deployment_events(service: Service, earlier: frozenset[object]) -> list[NewEvent]:
    events: list[NewEvent] = []
    for deployment in reversed(service.deployments):
        state = deployment.rollout_state.value
        kind = _DEPLOYMENTS.get(state)
        if kind is None or (deployment.id, state) in earlier:
            continue
        detail = {
            "eventType": kind,
            "eventName": f"SERVICE_DEPLOYMENT_{state}",
            "deploymentId": deployment.id,
            "updatedAt": _time(deployment.updated_at),
            "reason": deployment.rollout_state_reason,
        }
        events.append(NewEvent(ECS_SOURCE, "ECS Deployment State Change", detail, [service.arn]))
    return events


def _action_events(service: Service, log: ServiceLog, last: object) -> list[NewEvent]:
    """The events of the log that are newer than the last one, oldest first."""
    fresh: list[ServiceEvent] = []
    for logged in log.events:
        if logged.id == last:
            break
        fresh.append(logged)
    return [event for logged in reversed(fresh) for event in _action_event(service, logged)]


def _action_event(service: Service, logged: ServiceEvent) -> Iterable[NewEvent]:
    for part, kind, name in _ACTIONS:
        if part in logged.message:
            at = _time(logged.created_at)
            detail = {"eventType": kind, "eventName": name, "clusterArn": service.cluster, "createdAt": at}
            if kind == "ERROR":
                detail["reason"] = logged.message.partition(part)[2].strip(" .") or logged.message
            yield NewEvent(ECS_SOURCE, "ECS Service Action", detail, [service.arn])


def _as_json(value: Any) -> Any:  # noqa: ANN401  (the answer to a call)
    """An answer with its times as AWS's events have them."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case Mapping():
            return {name: _as_json(member) for name, member in value.items()}
        case list():
            return [_as_json(element) for element in value]
        case _:
            return value


def _time(at: Instant) -> str:
    return str(_as_json(datetime.fromtimestamp(at, UTC)))
