"""Finds the tasks and services to reconcile because a name that they can call was added or removed.

Promise: the values that determine a task's names are computed as the planner computes them, for each namespace,
discovery service and cluster. Only a change of such a value reconciles tasks, at once. Services only report on their
tasks' names, so several changes in a row become one reconciliation.
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
from moyai.plan.service_connect.endpoints import Endpoints, endpoints_in
from moyai.plan.service_connect.live_names import follows_namespace, has_instances
from moyai.ports.store import Key


class _Affected(NamedTuple):
    """The tasks and services that the index ``table_index`` of their tables has under this ARN."""

    table_index: str
    arn: str


class NameChanges:
    """Collects the tasks and services that changes of names concern."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.derived_values: tuple[Derived[Any, Any], ...] = (
            Derived(world, _endpoints, ({}, {}), Namespace, publish=self._on_endpoints),
            Derived(world, _answering_namespace, None, DiscoveryService, publish=self._on_answering),
            Derived(world, _is_live, False, Cluster, publish=self._on_mode),  # noqa: FBT003 (of a cluster that is gone)
        )
        """The values that determine names."""
        self._for_tasks: set[_Affected] = set()
        self._for_services: set[_Affected] = set()
        self.service_changes = asyncio.Event()
        """Set when ``take_services`` has something to return."""

    def follow(self, keys: Iterable[Key]) -> list[str]:
        """The tasks whose names these changes may concern."""
        for values in self.derived_values:
            values.follow(keys)
        groups, self._for_tasks = self._for_tasks, set()
        return sorted({task for group in groups for task in _live_tasks(self._world, group)})

    def take_services(self) -> list[str]:
        """The services that changes since the last call concern."""
        self.service_changes.clear()
        groups, self._for_services = self._for_services, set()
        return sorted({s.arn for group in groups for s in self._world.services.each(*group)})

    def _on_endpoints(self, namespace: NamespaceArn, _before: object, _now: object) -> None:
        self._add(_Affected("namespace", namespace))

    def _on_answering(
        self, _service: DiscoveryServiceArn, before: NamespaceArn | None, now: NamespaceArn | None
    ) -> None:
        self._add(*(_Affected("namespace", namespace) for namespace in (before, now) if namespace is not None))

    def _on_mode(self, cluster: ClusterArn, _before: object, _now: object) -> None:
        self._add(_Affected("cluster", cluster))

    def _add(self, *groups: _Affected) -> None:
        self._for_tasks.update(groups)
        self._for_services.update(groups)
        self.service_changes.set()


def _endpoints(world: World, namespace: NamespaceArn) -> tuple[Endpoints, Endpoints]:
    """The endpoints that a new deployment would see, and those that tasks with live endpoints see."""
    return endpoints_in(world, namespace), endpoints_in(world, namespace, leaving=True)


def _answering_namespace(world: World, service: DiscoveryServiceArn) -> NamespaceArn | None:
    """The namespace of a discovery service with a registered instance; None while it has no instance."""
    record = world.discovery_services.get(service)
    return record.namespace if record is not None and has_instances(world, service) else None


def _is_live(world: World, cluster: ClusterArn) -> bool:
    return cluster in world.clusters and follows_namespace(world, cluster)


def _live_tasks(world: World, group: _Affected) -> Iterator[str]:
    """The tasks of a group that have live endpoints."""
    return (t.arn for t in world.tasks.each(*group) if t.view is not None and follows_namespace(world, t.cluster))
