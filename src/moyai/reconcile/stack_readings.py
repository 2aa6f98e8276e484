"""Reads resources for stacks outside of their operations: to detect drift, and to find what a change set imports.

Promise: a reading changes no resource. A reading that the control plane's end interrupts begins again after its start.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from moyai.domain.cloudformation.change_set import ChangeSet, ChangeSetStatus
from moyai.domain.cloudformation.drift import DriftDetection, ResourceDrift
from moyai.domain.cloudformation.stack import StackResource
from moyai.domain.world import Put
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import StackId
from moyai.kernel.scope import Scope
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import StateUnwritable, Store
from moyai.reconcile.aws_calls import carry_out
from moyai.stacks.progress.drift import checked_resources, drift_of, new_drift
from moyai.stacks.progress.review import as_changed, complete_tree, resource_exists
from moyai.stacks.records import hidden_values
from moyai.stacks.types.procedure import Call, Step, Wait

UNWRITABLE_WAIT: Final = Seconds(5.0)
"""The wait before a reading whose result could not be recorded begins again."""
_INTERNAL: Final = "Internal Failure"
_log = logging.getLogger(__name__)


class StackReadings:
    """The readings under way. ``ended`` is called with the stack of each reading that has ended."""

    def __init__(
        self, store: Store, caller: AwsCaller, slots: asyncio.Semaphore, clock: Clock, ended: Callable[[str], None]
    ) -> None:
        self._store, self._caller, self._clock, self._ended = store, caller, clock, ended
        self._slots = slots
        """Limits the calls under way, together with those of stacks' operations."""
        self._running: dict[str, asyncio.Task[None]] = {}
        """The readings under way, by the key of the drift detection or change set."""

    def begin(self, stack: str) -> None:
        """Begin the drift detections and change sets of a stack that are not complete yet."""
        world = self._store.world
        for detection in world.drift_detections.each("stack", stack):
            if detection.drifted is None:
                self._begin(detection.key, detection.stack, partial(self._detect, detection))
        for change_set in world.change_sets.by("stack", stack):
            if change_set.status is ChangeSetStatus.CREATE_IN_PROGRESS and change_set.root is None:
                self._begin(change_set.key, change_set.stack, partial(self._complete, change_set))

    async def close(self) -> None:
        """End all readings."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _begin(self, key: str, stack: StackId, read: Callable[[], Coroutine[None, None, None]]) -> None:
        if key not in self._running:
            self._running[key] = asyncio.create_task(self._run(key, stack, read))

    async def _run(self, key: str, stack: StackId, read: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await read()
        except StateUnwritable as fault:
            _log.warning("%s: will be read again: %s", key, fault)
            await self._clock.sleep(UNWRITABLE_WAIT)
        finally:
            del self._running[key]
            self._ended(stack)

    async def _detect(self, detection: DriftDetection) -> None:
        """Compare the resources of a stack with the properties that the stack has set, and record the result."""
        drifts = [await self._drift(resource) for resource in checked_resources(self._store.world, detection)]
        if detection.key in self._store.world.drift_detections:
            drifted = sum(drift.status.drifted for drift in drifts)
            reason = _INTERNAL if any(drift.reason == _INTERNAL for drift in drifts) else None
            self._store.apply([*map(Put, drifts), Put(replace(detection, drifted=drifted, reason=reason))])

    async def _drift(self, resource: StackResource) -> ResourceDrift:
        world, now = self._store.world, self._clock.now()
        stack = world.stacks.get(resource.stack)
        if stack is None:
            return new_drift(resource, now)
        hidden = frozenset(resource.hidden) | hidden_values(world, stack)
        try:
            return await carry_out(drift_of(resource, now, hidden), partial(self._take, stack.scope))
        except Exception:  # noqa: BLE001 (a resource that can't be compared must not block the others)
            _log.exception("the drift of %s", resource.key)
            return new_drift(resource, now, _INTERNAL)

    async def _complete(self, change_set: ChangeSet) -> None:
        """Look for the resources that a tree of change sets may import, and record which exist."""
        tree = self._tree(change_set)
        existing = {each.arn: await self._existing(each) for each in tree}
        present = self._tree(change_set)
        done = complete_tree(tree, existing) if present == tree else as_changed(present)
        self._store.apply(list(map(Put, done)))

    def _tree(self, change_set: ChangeSet) -> list[ChangeSet]:
        """The change sets of a tree that exist now; none without the root."""
        change_sets = self._store.world.change_sets
        root = change_sets.get(change_set.key)
        return [] if root is None else [root, *change_sets.by("root", root.arn)]

    async def _existing(self, change_set: ChangeSet) -> list[str]:
        """The logical ids of the import candidates that exist. A candidate whose check fails counts as absent."""
        stack, names = self._store.world.stacks.get(change_set.stack), []
        for name, candidate in change_set.candidates.items():
            try:
                if stack is not None and await carry_out(resource_exists(candidate), partial(self._take, stack.scope)):
                    names.append(name)
            except Exception:  # noqa: BLE001 (as in _drift)
                _log.exception("the resource %s of %s", name, change_set.arn)
        return names

    async def _take(self, scope: Scope, step: Step) -> Mapping[str, Any]:
        match step:
            case Call():
                async with self._slots:
                    return await self._caller.call(scope, step)
            case Wait():
                await self._clock.sleep(step.seconds)
        return {}
