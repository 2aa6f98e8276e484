"""Names that a service's running tasks can't call, because their deployment is older.

As on AWS, a deployment freezes the names its tasks see; nothing there tells their owner. Here the service says so in an
event, once for each name, and ``moyai doctor`` lists them.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.world import World
from moyai.plan.connect import endpoints
from moyai.plan.mode import is_live


class Unseen(NamedTuple):
    """``names`` as ``name:port``; none where there is nothing to tell."""

    tasks: tuple[Task, ...] = ()
    names: tuple[str, ...] = ()


def unseen(world: World, service: Service) -> Unseen:
    """What a deployment made now would see and running tasks of the newest one do not, and these tasks."""
    view = service.view
    if view is None or service.status is not ServiceStatus.ACTIVE or is_live(world, service.cluster):
        return Unseen()
    there = endpoints(world, view.namespace).keys()
    running = (t for t in world.tasks.by("service", service.arn) if _counts(t, service))
    missing = {t.arn: (t, there - _seen(t)) for t in running}
    names = sorted({place for _, places in missing.values() for place in places})
    return Unseen(tuple(t for t, places in missing.values() if places), tuple(f"{n}:{port}" for n, port in names))


def told(world: World, service: Service) -> tuple[Service, Unseen]:
    """The service, which remembers what it has said for as long as the name is there, and what is new. It speaks when
    it is steady: before that, there is another deployment to wait for.
    """
    view, before = service.primary.view, service.primary.unseen
    if view is None or service.steady_at is None:
        return service, Unseen()
    found = unseen(world, service)
    there = {f"{name}:{port}" for name, port in endpoints(world, view.namespace)} if before else set()
    kept = tuple(sorted({*found.names, *(there & set(before))}))
    if kept == before:
        return service, Unseen()
    primary = replace(service.primary, unseen=kept)
    new = tuple(name for name in found.names if name not in before)
    return replace(service, deployments=(primary, *service.deployments[1:])), Unseen(found.tasks, new)


def _seen(task: Task) -> set[tuple[str, int]]:
    return set() if task.view is None else {(n.dns_name, n.port) for n in task.view.names}


def _counts(task: Task, service: Service) -> bool:
    running = task.last_status is TaskStatus.RUNNING and task.desired_status is DesiredStatus.RUNNING
    return running and task.deployment == service.primary.id
