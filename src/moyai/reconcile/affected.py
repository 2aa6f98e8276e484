"""The keys that a change of a record concerns at once: services, managed daemons, tasks and container instances.

A key that is missing here is reconciled later, with the next resync.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import World
from moyai.kernel.ids import TaskArn
from moyai.plan.elb.task_targets import tasks_at_target
from moyai.plan.placement.managed_daemons import is_up
from moyai.ports.store import Key


def affected_keys(world: World, key: Key) -> Iterator[str]:
    """The keys to reconcile after this record has changed."""
    yield from _affected_owners(world, key)
    match key.table:
        case "task":
            yield from _affected_by_task(world, TaskArn(key.key))
        case "container_instance":
            yield key.key
        case _:
            yield from _affected_tasks(world, key)


def _affected_owners(world: World, key: Key) -> Iterable[str]:
    """Services and daemons; for an instance, those with tasks there and those that want a task on each instance."""
    match key.table:
        case "service" | "daemon":
            return [key.key]
        case "service_deployment":
            rollout = world.service_deployments.get(key.key)
            return [] if rollout is None else [rollout.service]
        case "daemon_deployment":
            deployment = world.daemon_deployments.get(key.key)
            return [] if deployment is None else [deployment.daemon]
        case "alarm":
            services = (record.service for record in world.service_deployments.by("alarm", key.key))
            return [*services, *(record.daemon for record in world.daemon_deployments.by("alarm", key.key))]
        case "container_instance":
            owners = {t.service for t in world.tasks.by("instance", key.key) if t.service is not None}
            return sorted({*owners, *_on_every_instance(world, key.key)})
        case _:
            return []


def _affected_by_task(world: World, arn: TaskArn) -> Iterator[str]:
    """The task and its owner. When the task has ended, which frees resources, or is a daemon's and ready, which admits
    others, also its instance and what wants a task there.
    """
    task = world.tasks.get(arn)
    if task is None:
        return
    yield arn
    yield from (owner for owner in (task.service, task.daemon) if owner is not None)
    if task.container_instance is not None and (task.stopped or (task.daemon is not None and is_up(task))):
        yield task.container_instance
        yield from sorted(_on_every_instance(world, task.container_instance))


def _on_every_instance(world: World, instance: str) -> set[str]:
    """The DAEMON services and the managed daemons of the instance's cluster."""
    record = world.container_instances.get(instance)
    if record is None:
        return set()
    services = {service.arn for service in world.services.by("daemon", record.cluster)}
    return {*services, *(daemon.arn for daemon in world.daemons.by("cluster", record.cluster))}


def _affected_tasks(world: World, key: Key) -> Iterable[TaskArn]:
    """The tasks whose proxy needs this certificate to start, or the tasks that are this target, even a deleted one."""
    certificate = world.server_certificates.get(key.key)
    if key.table == "server_certificate" and certificate is not None:
        tasks = world.tasks.by("service", certificate.service)
        return [task.arn for task in tasks if task.last_status is TaskStatus.PENDING]
    return tasks_at_target(world, key.key) if key.table == "target" else []
