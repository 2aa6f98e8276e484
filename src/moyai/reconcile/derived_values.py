"""The values that the reconciler derives from the World: the shards of the mesh, and the tasks and services whose next
step may wait for proxies' acknowledgements.

The mesh has a shard for each virtual node and virtual gateway of App Mesh; those of Service Connect are in
``namespace_meshes``, and those of front proxies in ``front_meshes``. A shard is published when it changes.

Promise: a value is computed again when a record that it depends on has changed. When a computation fails, the last good
value stays, other values are not blocked, and the computation is tried again with the next change.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.derived import Derived, Publish
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import ServiceArn, TaskArn, WorkloadId
from moyai.mesh.app_mesh import AppMeshOptions, compile_workload
from moyai.mesh.ir import MeshIR
from moyai.plan.task.drain_ports import is_draining
from moyai.ports.proxies import ProxyFeed
from moyai.ports.store import Key
from moyai.reconcile.observe import is_shifting_traffic

_BATCH = 10
"""Values that are computed again before other tasks of the event loop run."""

_log = logging.getLogger(__name__)


def workload_meshes(world: World, feed: ProxyFeed, settings: AppMeshOptions) -> Derived[WorkloadId, MeshIR]:
    """App Mesh's shards, by virtual node or virtual gateway."""

    def compile_shard(seen: World, workload: WorkloadId) -> MeshIR:
        return compile_workload(seen, workload, settings)

    return Derived(world, compile_shard, MeshIR(), VirtualNode, VirtualGateway, publish=_publisher(feed))


def draining_tasks(world: World) -> Derived[TaskArn, bool]:
    """The tasks whose endpoints are being removed from proxies."""
    return Derived(world, _is_draining, False, Task)  # noqa: FBT003 (the value of a task that is gone)


def shifting_services(world: World) -> Derived[ServiceArn, bool]:
    """The services whose traffic shifts, or may shift, between pools of tasks."""
    return Derived(world, is_shifting_traffic, False, Service)  # noqa: FBT003 (the value of a service that is gone)


async def recompute(all_values: Iterable[Derived[Any, Any]], clock: Clock) -> None:
    """Compute all values again, because a notification may have been lost; other tasks run in between."""
    for values in all_values:
        for number, key in enumerate(values.keys(), start=1):
            if key in values:
                attempt(partial(values.update, key), key)
            if number % _BATCH == 0:
                await clock.sleep(Seconds(0))


def publish_changes(meshes: Derived[Any, MeshIR], keys: Iterable[Key]) -> None:
    """Publish the shards that these changes concern."""
    for key in meshes.invalidate(keys):
        attempt(partial(meshes.update, key), key)


def attempt(update: Callable[[], object], subject: str) -> None:
    """Call ``update``; when it fails, log that the last good value of ``subject`` stays in use."""
    try:
        update()
    except Exception:  # noqa: BLE001 (the top of the loop: the last good value stays in use)
        _log.exception("%s can't be computed; its last good value stays in use", subject)


def _publisher(feed: ProxyFeed) -> Publish[str, MeshIR]:
    return lambda shard, _before, mesh: feed.publish(mesh, shard)


def _is_draining(world: World, arn: TaskArn) -> bool:
    task = world.tasks.get(arn)
    return task is not None and is_draining(world, task)
