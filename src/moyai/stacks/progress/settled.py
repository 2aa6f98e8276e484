"""The resources that an earlier step has found to be what the template says.

Promise: it only saves work: the next step of a stack is the same with an empty one. What it remembers of a resource
holds while the resource's record is the same object and the values that its expressions refer to are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from moyai.domain.cloudformation.stack import StackResource
from moyai.stacks.evaluation.scope import ResourceValues


class SettledResource(msgspec.Struct, frozen=True):
    """A resource as it was found. ``values``: its own; ``needed``: those of the resources that it needs."""

    record: StackResource
    values: ResourceValues | None
    needed: tuple[ResourceValues | None, ...]


class SettledResources:
    """The resources that were compared in one phase of a stack's operation towards one template."""

    def __init__(self) -> None:
        self._phase = ""
        self._resources: dict[str, SettledResource] = {}

    def enter(self, phase: str) -> None:
        """Forget what was found in another phase."""
        if phase != self._phase:
            self._phase = phase
            self._resources.clear()

    def find(
        self, record: StackResource, needs: Iterable[str], values: Mapping[str, ResourceValues]
    ) -> SettledResource | None:
        """The resource as it was found, if that still holds. ``values``: those that there are now."""
        settled = self._resources.get(record.logical_id)
        if settled is None or settled.record is not record or settled.needed != _select(needs, values):
            return None
        return settled

    def add(self, record: StackResource, needs: Iterable[str], values: Mapping[str, ResourceValues]) -> None:
        """Remember a resource that was found settled; its values are among ``values``."""
        needed = _select(needs, values)
        self._resources[record.logical_id] = SettledResource(record, values.get(record.logical_id), needed)


def _select(names: Iterable[str], values: Mapping[str, ResourceValues]) -> tuple[ResourceValues | None, ...]:
    return tuple(values.get(name) for name in names)
