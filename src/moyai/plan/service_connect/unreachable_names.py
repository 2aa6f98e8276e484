"""Names that a service's running tasks can't call, because they are newer than the tasks' deployment.

As on AWS, a deployment freezes the names that its tasks see; AWS does not report this. moyai's service reports each
such name in one event, and ``moyai doctor`` lists them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.world import World
from moyai.plan import events
from moyai.plan.service_connect.endpoints import endpoints_in
from moyai.plan.service_connect.live_names import follows_namespace


class UnreachableNames(NamedTuple):
    """The names, as ``name:port``, and the tasks that can't call one of them."""

    tasks: tuple[Task, ...] = ()
    names: tuple[str, ...] = ()


def unreachable_names(world: World, service: Service) -> UnreachableNames:
    """The names that a new deployment would see and running tasks of the newest one do not."""
    view = service.view
    if view is None or service.status is not ServiceStatus.ACTIVE or follows_namespace(world, service.cluster):
        return UnreachableNames()
    offered = endpoints_in(world, view.namespace).keys()
    running = (t for t in world.tasks.by("service", service.arn) if _is_running_in_newest(t, service))
    missing = {t.arn: (t, offered - _names_seen_by(t)) for t in running}
    names = sorted({endpoint for _, endpoints in missing.values() for endpoint in endpoints})
    tasks = tuple(t for t, endpoints in missing.values() if endpoints)
    return UnreachableNames(tasks, tuple(f"{name}:{port}" for name, port in names))


def announce_unreachable_names(world: World, service: Service) -> tuple[Service, list[str]]:
    """The service, with the names that it has reported, and the text of the event about new ones.

    Only a steady service reports names: a deployment under way will see them. A reported name is remembered for as long
    as it is offered.
    """
    view, reported_names = service.primary.view, service.primary.unreachable_names
    if view is None or service.steady_at is None:
        return service, []
    unreachable = unreachable_names(world, service)
    current = {f"{name}:{port}" for name, port in endpoints_in(world, view.namespace)} if reported_names else set()
    names_to_keep = tuple(sorted({*unreachable.names, *(current & set(reported_names))}))
    if names_to_keep == reported_names:
        return service, []
    primary = replace(service.primary, unreachable_names=names_to_keep)
    new = tuple(name for name in unreachable.names if name not in reported_names)
    texts = [events.names_unreachable(unreachable.tasks, new)] if new else []
    return replace(service, deployments=(primary, *service.deployments[1:])), texts


def _names_seen_by(task: Task) -> set[tuple[str, int]]:
    return set() if task.view is None else {(n.dns_name, n.port) for n in task.view.names}


def _is_running_in_newest(task: Task, service: Service) -> bool:
    running = task.last_status is TaskStatus.RUNNING and task.desired_status is DesiredStatus.RUNNING
    return running and task.deployment == service.primary.id
