"""Which tasks and services have to be asked again because a name came or went that they can call.

Promise: what a task's names follow from is computed as the planner computes it, for each namespace, discovery service
and cluster; tasks are asked again when that is another value, and a change that moves no name asks nobody. Tasks are
asked at once; services only have something to say, so many moves in a row are one question for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.derived import Derived
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import World
from moyai.kernel.ids import ClusterArn, DiscoveryServiceArn, NamespaceArn
from moyai.plan.connect import Endpoints, endpoints
from moyai.plan.live import is_answered
from moyai.plan.mode import is_live
from moyai.ports.store import Key


class _Place(NamedTuple):
    """Where tasks and services are concerned: in this index of both, under this ARN."""

    of: str
    arn: str


class NameChanges:
    """Finds who has to be asked again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.derived: tuple[Derived[Any, Any], ...] = (
            Derived(world, _offered, ({}, {}), Namespace, publish=self._offer),
            Derived(world, _answered_in, None, DiscoveryService, publish=self._answer),
            Derived(world, _is_live, False, Cluster, publish=self._switch),  # noqa: FBT003 (of a cluster that is gone)
        )
        """What names follow from."""
        self._moved: set[_Place] = set()
        self._untold: set[_Place] = set()
        self.moved = asyncio.Event()
        """Set when there is something for ``untold``."""

    def follow(self, keys: Iterable[Key]) -> list[str]:
        """Tasks whose names these changes may move."""
        for derived in self.derived:
            derived.follow(keys)
        moved, self._moved = self._moved, set()
        return sorted({task for place in moved for task in _following(self._world, place)})

    def untold(self) -> list[str]:
        """Services that may have to say something of names that moved since this was asked last."""
        self.moved.clear()
        moved, self._untold = self._untold, set()
        return sorted({s.arn for place in moved for s in self._world.services.each(*place)})

    def _offer(self, namespace: NamespaceArn, _before: object, _now: object) -> None:
        self._move(_Place("namespace", namespace))

    def _answer(self, _service: DiscoveryServiceArn, before: NamespaceArn | None, now: NamespaceArn | None) -> None:
        self._move(*(_Place("namespace", namespace) for namespace in (before, now) if namespace is not None))

    def _switch(self, cluster: ClusterArn, _before: object, _now: object) -> None:
        self._move(_Place("cluster", cluster))

    def _move(self, *places: _Place) -> None:
        self._moved.update(places)
        self._untold.update(places)
        self.moved.set()


def _offered(world: World, namespace: NamespaceArn) -> tuple[Endpoints, Endpoints]:
    """What deployments made now would see, and what tasks with live endpoints do."""
    return endpoints(world, namespace), endpoints(world, namespace, leaving=True)


def _answered_in(world: World, service: DiscoveryServiceArn) -> NamespaceArn | None:
    """The namespace in which somebody answers for the discovery service; None while nobody does."""
    known = world.discovery_services.get(service)
    return known.namespace if known is not None and is_answered(world, service) else None


def _is_live(world: World, cluster: ClusterArn) -> bool:
    return cluster in world.clusters and is_live(world, cluster)


def _following(world: World, place: _Place) -> Iterator[str]:
    """The tasks there whose names are live."""
    return (t.arn for t in world.tasks.each(*place) if t.view is not None and is_live(world, t.cluster))
