"""The loop that creates, updates and deletes the resources of stacks as their templates say.

Promise: the loop is level-triggered: a step follows from the records, and is recorded before it is taken. After
``kill -9`` the steps under way begin again, with the recorded ids. Each call goes through the API gateway.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from msgspec.structs import replace

from moyai.domain.cloudformation.change_set import ChangeSet
from moyai.domain.cloudformation.drift import DriftDetection
from moyai.domain.cloudformation.errors import TemplateFault
from moyai.domain.cloudformation.stack import Stack, StackResource, StackTemplate, failure_key
from moyai.domain.world import Delete, Put, table_name
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import Ids
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Key, StateUnwritable, Store
from moyai.reconcile.aws_calls import carry_out
from moyai.reconcile.stack_readings import UNWRITABLE_WAIT, StackReadings
from moyai.reconcile.work_queue import WorkQueue
from moyai.stacks.instance import StackInstance
from moyai.stacks.progress.events import CANCELLED, UPDATE_CANCELLED, ProgressRecorder, former_events
from moyai.stacks.progress.outcomes import procedure_of, record_failure, record_identifier, record_success
from moyai.stacks.progress.plan import BACKWARD, plan_stack
from moyai.stacks.progress.settled import SettledResources
from moyai.stacks.progress.view import StackView
from moyai.stacks.records import (
    hidden_values,
    imported_names,
    instance_of,
    is_held,
    left_in_review,
    others_exports,
    received_signals,
    records_of,
    removal_of,
)
from moyai.stacks.types.names import context_of
from moyai.stacks.types.procedure import AwsCallFailed, Begun, Call, Identified, ResourceFailed, Signals, Step
from moyai.stacks.types.registry import resource_types

WORKERS: Final = 4
"""Stacks whose next step is decided at the same time."""
CALLS: Final = 64
"""Calls at the same time."""
_INTERNAL: Final = "Internal Failure"
_READING: Final = ("Describe", "Get", "List")
"""The beginnings of the names of operations that change nothing."""
_log = logging.getLogger(__name__)
RETENTION: Final = 90 * 86_400.0
"""Seconds for which a deleted stack is found by its id."""
_TABLES: Final = frozenset({table_name(each) for each in (Stack, StackResource, DriftDetection)})
_RecordOutcome: TypeAlias = Callable[[ProgressRecorder, StackResource], None]
_NO_ANSWER: Final[Mapping[str, Any]] = MappingProxyType({})


class StackLoop:
    """Works on the stacks whose operation is under way. ``run`` it once."""

    def __init__(self, store: Store, caller: AwsCaller, clock: Clock, ids: Ids) -> None:
        self._store, self._caller, self._clock, self._ids = store, caller, clock, ids
        self._queue = WorkQueue(clock)
        self._running: dict[str, asyncio.Task[None]] = {}
        """The procedures under way, by the key of their resource."""
        self._instances: dict[str, tuple[str, StackInstance, SettledResources]] = {}
        """By stack: the id of its template, the desired stack, and the resources that are as desired already."""
        self._interrupted: set[str] = set()
        """The resources whose procedure was under way when the control plane ended, by key."""
        self._slots = asyncio.Semaphore(CALLS)
        self._readings = StackReadings(store, caller, self._slots, clock, self._queue.add)

    async def run(self) -> None:
        """Work until cancelled."""
        world = self._store.world
        self._interrupted = {resource.key for resource in world.stack_resources if resource.status.in_progress}
        for stack in world.stacks:
            self._queue.add(stack.arn)
        try:
            await self._queue.serve(self._store, self._concerned_stacks, self._advance, "the stack", workers=WORKERS)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await self._readings.close()

    async def _advance(self, arn: str) -> Instant | None:
        """Record the next step of a stack, and begin the procedures of its resources."""
        stack = self._store.world.stacks.get(arn)
        self._readings.begin(arn)
        if stack is None or not stack.status.in_progress:
            self._instances.pop(arn, None)
            self._end_reviews(stack)
            return None if stack is None or stack.deleted_at is None else self._forget(stack)
        recorder = self._plan_next(stack)
        if recorder.changes:
            self._store.apply(recorder.changes)
        for resource in self._store.world.stack_resources.by("stack", arn):
            if (resource.status.in_progress or resource.cleaning) and resource.key not in self._running:
                self._running[resource.key] = asyncio.create_task(self._work(resource))
        return stack.deadline

    def _plan_next(self, stack: Stack) -> ProgressRecorder:
        """The next step of a stack. If planning fails, the stack's operation fails."""
        view, recorder = self._view(stack), self._recorder(stack)
        try:
            plan_stack(view, recorder, self._ids)
        except Exception:  # noqa: BLE001 (a stack that can't be planned must not stay in progress for ever)
            _log.exception("the stack %s", stack.arn)
            recorder = self._recorder(stack)
            plan_stack(replace(view, fault=_INTERNAL), recorder, self._ids)
        return recorder

    def _end_reviews(self, stack: Stack | None) -> None:
        """Remove the nested stacks in review that a change set has made and that were never created."""
        reviews = [] if stack is None else left_in_review(self._store.world, stack)
        if reviews:
            self._store.apply([each for review in reviews for each in removal_of(self._store.world, review)])

    def _forget(self, stack: Stack) -> Instant | None:
        """Remove the records of a stack that was deleted long ago; returns when that is due."""
        due_at = later(stack.deleted_at or stack.created_at, RETENTION)
        if self._clock.now() < due_at:
            return due_at
        records = (*records_of(self._store.world, stack), stack)
        self._store.apply([Delete(type(record), record.key) for record in records])
        return None

    def _view(self, stack: Stack) -> StackView:
        world = self._store.world
        resources = {resource.logical_id: resource for resource in world.stack_resources.by("stack", stack.arn)}
        template = world.stack_templates.get(stack.target)
        view = StackView(
            stack, resources, self._clock.now(), others_exports(world, stack), imported_names(world, stack)
        )
        if template is None or stack.status in BACKWARD:
            return view
        try:
            instance, settled = self._instance(stack, template)
            held = is_held(world, stack)
            return replace(view, instance=instance, tags=template.tags, is_held=held, settled=settled)
        except TemplateFault as fault:
            return replace(view, fault=fault.message)
        except Exception:  # noqa: BLE001 (as in _plan_next)
            _log.exception("the template of the stack %s", stack.arn)
            return replace(view, fault=_INTERNAL)

    def _instance(self, stack: Stack, template: StackTemplate) -> tuple[StackInstance, SettledResources]:
        """The desired stack. It is built once for each template. Raises TemplateFault."""
        if stack.arn not in self._instances or self._instances[stack.arn][0] != template.id:
            instance = instance_of(self._store.world, stack, template)
            self._instances[stack.arn] = template.id, instance, SettledResources()
        return self._instances[stack.arn][1:]

    def _recorder(self, stack: Stack) -> ProgressRecorder:
        former = former_events(self._store.world, stack.arn)
        return ProgressRecorder(stack, former, self._clock.now(), self._ids, hidden_values(self._store.world, stack))

    async def _work(self, resource: StackResource) -> None:
        """Carry out a resource's procedure, and record its outcome."""
        try:
            await self._finish(resource)
            self._interrupted.discard(resource.key)
        except StateUnwritable as fault:
            _log.warning("the resource %s: will be tried again: %s", resource.key, fault)
            self._interrupted.add(resource.key)
            await self._clock.sleep(UNWRITABLE_WAIT)
        finally:
            del self._running[resource.key]
            self._queue.add(resource.stack)

    async def _finish(self, resource: StackResource) -> None:
        """Carry out a resource's procedure, and record its success or failure. Raises StateUnwritable."""
        stack = self._store.world.stacks[resource.stack]
        context = context_of(
            stack,
            resource,
            is_repeated=resource.key in self._interrupted and (resource.sent or not resource.creating),
            api=self._caller.address,
            takes_tags=self._caller.owns(resource_types()[resource.type].service),
        )
        procedure = procedure_of(resource, context)
        try:
            physical = await carry_out(procedure, partial(self._take, resource))
            self._record(resource, partial(record_success, physical=physical))
        except (AwsCallFailed, ResourceFailed) as fault:
            self._record(resource, partial(record_failure, fault=fault))
        except StateUnwritable:
            raise
        except Exception:  # noqa: BLE001 (the top of a procedure: its failure is its resource's)
            _log.exception("the resource %s", resource.key)
            self._record(resource, partial(record_failure, fault=ResourceFailed(_INTERNAL)))

    async def _take(self, resource: StackResource, step: Step) -> Mapping[str, Any]:
        match step:
            case Call():
                async with self._slots:
                    self._mark_sent(resource, step)
                    await self._store.durable()
                    scope = self._store.world.stacks[resource.stack].scope
                    return await self._caller.call(scope, replace(step, stack=resource.stack))
            case Identified():
                self._record(resource, partial(record_identifier, identifier=step.id))
            case Begun():
                return {"seconds": await self._seconds_since_begin(resource, step.request)}
            case Signals():
                return received_signals(self._store.world, resource, step.token, self._clock.now())
            case _:
                self._check_wanted(resource)
                await self._clock.sleep(step.seconds)
        return _NO_ANSWER

    def _mark_sent(self, resource: StackResource, call: Call) -> None:
        """Record that a creation is sent: only then can a resource that exists after an interruption be the stack's."""
        current = self._store.world.stack_resources.get(resource.key)
        if current is not None and current.creating and not current.sent and not call.operation.startswith(_READING):
            self._store.apply([Put(replace(current, sent=True))])

    async def _seconds_since_begin(self, resource: StackResource, request: str) -> float:
        """Seconds since the exchange with this request began; it begins now unless its beginning is recorded. Raises
        StateUnwritable.
        """
        current, now = self._store.world.stack_resources[resource.key], self._clock.now()
        former_request, since = current.exchange or ("", now)
        if former_request != request:
            since = now
            self._store.apply([Put(replace(current, exchange=(request, since)))])
            await self._store.durable()
        return now - since

    def _check_wanted(self, resource: StackResource) -> None:
        """Raise ResourceFailed when it is pointless to wait for a resource: another has failed, or the stack rolls
        back.
        """
        world = self._store.world
        stack, current = world.stacks[resource.stack], world.stack_resources[resource.key]
        has_failed = bool(world.stack_resources.count("failed", failure_key(stack)))
        if current.is_changing and (has_failed or current.phase != stack.phase):
            raise ResourceFailed(CANCELLED if current.creating else UPDATE_CANCELLED)

    def _record(self, resource: StackResource, change: _RecordOutcome) -> None:
        stack = self._store.world.stacks[resource.stack]
        recorder = self._recorder(stack)
        change(recorder, self._store.world.stack_resources[resource.key])
        self._store.apply(recorder.changes)

    def _concerned_stacks(self, keys: Iterable[Key]) -> Iterator[str]:
        """The stacks whose next step may follow from changed records."""
        stacks, change_sets = self._store.world.stacks, self._store.world.change_sets
        for key in keys:
            if key.table == table_name(ChangeSet):
                change_set = change_sets.get(key.key)
                yield from () if change_set is None else (change_set.stack,)
            elif key.table in _TABLES:
                yield key.key.partition(" ")[0]
            if key.table == table_name(Stack):
                stack = stacks.get(key.key)
                yield from () if stack is None or stack.root is None else (stack.root,)
                yield from (nested.arn for nested in stacks.by("root", key.key))
