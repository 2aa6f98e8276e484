"""A cache of the resources that an earlier step has found to match the template.

Promise: the cache only saves work, and the next step of a stack is the same with an empty one. An entry is valid while
the resource's record is the same object and the values that its expressions refer to are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.domain.cloudformation.stack import StackResource
from moyai.stacks.evaluation.scope import ResourceValues


class SettledResource(msgspec.Struct, frozen=True):
    """An entry of the cache. ``values``: the resource's own; ``needed``: those of the resources that it needs."""

    record: StackResource
    values: ResourceValues | None
    needed: tuple[ResourceValues | None, ...]


class SettledResources:
    """The resources that were compared in one phase of a stack's operation towards one template."""

    def __init__(self) -> None:
        self._phase = ""
        self._resources: dict[str, SettledResource] = {}

    def enter(self, phase: str) -> None:
        """Remove the entries of another phase."""
        if phase != self._phase:
            self._phase = phase
            self._resources.clear()

    def find(
        self, record: StackResource, needs: Iterable[str], values: Mapping[str, ResourceValues]
    ) -> SettledResource | None:
        """The valid entry of a resource; None when there is none. ``values``: the current values by logical id."""
        entry = self._resources.get(record.logical_id)
        if entry is None or entry.record is not record or entry.needed != _select(needs, values):
            return None
        return entry

    def add(self, record: StackResource, needs: Iterable[str], values: Mapping[str, ResourceValues]) -> None:
        """Add a settled resource. ``values`` has its values and those of the resources that it needs."""
        needed = _select(needs, values)
        self._resources[record.logical_id] = SettledResource(record, values.get(record.logical_id), needed)


def _select(names: Iterable[str], values: Mapping[str, ResourceValues]) -> tuple[ResourceValues | None, ...]:
    return tuple(values.get(name) for name in names)
