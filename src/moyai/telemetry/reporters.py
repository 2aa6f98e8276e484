"""Whose figures a proxy reports: the task's service and cluster, as dimensions.

Promise: remembered after the task is gone, since a proxy's last report may come when its record has left. A proxy whose
task was never seen is nobody: its figures are not counted.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from moyai.domain.ecs.task_definition import AppProtocol
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import Scope


class Reporter(msgspec.Struct, frozen=True):
    """Who a proxy belongs to. ``grpc``: the discovery names under which it offers gRPC."""

    scope: Scope
    cluster: str
    service: str
    born_at: Instant
    grpc: frozenset[str] = frozenset()
    namespace: str = ""
    """The name of the Cloud Map namespace that it calls in, or is called in."""


Identify = Callable[[ProxyId], Reporter | None]


def reporter_of(world: World, proxy: ProxyId) -> Reporter | None:
    """The service behind a proxy; None when there is no such task or it belongs to no service."""
    task = world.tasks.get(proxy)
    service = parse_arn(task.service) if task is not None and task.service is not None else None
    if task is None or service is None:
        return None
    namespace = world.namespaces.get(task.view.namespace) if task.view is not None else None
    offers = task.view.offers if task.view is not None else ()
    return Reporter(
        scope=scope_of(task.arn),
        cluster=task.cluster.rpartition("/")[2],
        service=service.path[-1],
        born_at=task.created_at,
        grpc=frozenset(offer.discovery_name for offer in offers if offer.protocol is AppProtocol.GRPC),
        namespace="" if namespace is None else namespace.name,
    )
