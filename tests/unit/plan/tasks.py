"""Worlds with tasks that are where a test wants them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from moyai.domain.ecs.task import Container, ContainerStatus, Task, TaskStatus
from moyai.domain.sandbox.pull import PullPhase, PullState
from moyai.domain.sandbox.state import ContainerPhase, ContainerState, Health, SandboxState
from moyai.domain.world import Drain, Observed, ProxyState, Put, World
from moyai.kernel.ids import ProxyId, ServiceArn, TaskArn
from moyai.plan.action import Plan
from moyai.plan.service.scheduler import plan_service
from moyai.plan.task.context import TaskContext
from moyai.plan.task.lifecycle import plan_task
from moyai.plan.task.readiness import expected_listeners
from moyai.testing.clock import EPOCH
from moyai.testing.ids import SeededIds
from moyai.testing.world import CHECK, Builder, container


def settled_service(desired: int, *, checked: bool = False, **service: Any) -> tuple[Builder, ServiceArn]:
    """A service whose tasks all run, without anything having been run."""
    build = Builder()
    definition = build.definition("s", replace(container(), health_check=CHECK if checked else None))
    arn = build.service("s", definition, desired, **service)
    schedule(build, arn)
    for task in build.tasks(arn):
        containers = tuple(replace(c, last_status=ContainerStatus.RUNNING) for c in task.containers)
        build.book.apply(
            [
                Put(
                    replace(
                        task,
                        last_status=TaskStatus.RUNNING,
                        health_status=Health.HEALTHY if checked else Health.UNKNOWN,
                        containers=containers,
                        started_at=build.clock.now(),
                        ready_at=build.clock.now(),
                    )
                )
            ]
        )
    schedule(build, arn)
    return build, arn


def schedule(build: Builder, service: ServiceArn) -> Plan:
    """One turn of the scheduler, recorded."""
    plan = plan_service(build.world, Observed(), service, build.clock.now(), build.ids)
    build.book.apply(plan.changes)
    return plan


def step(build: Builder, task: TaskArn, *seen: ContainerState, **more: Any) -> Plan:
    """One step of a task whose sandbox has these containers, recorded. ``gone``: it has no sandbox; ``listeners``: of
    those that are expected, the ones that are there (all); ``pulls``: how its pulls are (all have ended well).
    """
    record = build.world.tasks[task]
    expected = expected_listeners(build.world, record, build.world.task_definitions[record.task_definition])
    pulls = more.get("pulls", {c.name: PullState(PullPhase.PULLED) for c in record.containers})
    sandbox = SandboxState(record.id, {s.name: s for s in seen}, pulls=pulls)
    observed = Observed(
        sandboxes={} if more.get("gone") else {record.id: sandbox},
        faults={record.id: more["fault"]} if "fault" in more else {},
        proxies=_proxies(task, more),
        drains={record.id: more["drain"]} if "drain" in more else {},
        listeners={record.id: frozenset(more.get("listeners", expected))},
    )
    plan = plan_task(build.world, observed, task, build.clock.now(), build.ids)
    build.book.apply(plan.changes)
    return plan


def up(build: Builder, name: str, health: Health = Health.UNKNOWN) -> ContainerState:
    """A container that runs since now."""
    return ContainerState(name, ContainerPhase.RUNNING, build.clock.now(), health=health)


def down(build: Builder, name: str, code: int = 0) -> ContainerState:
    """A container that ended now."""
    now = build.clock.now()
    return ContainerState(name, ContainerPhase.STOPPED, now, finished_at=now, exit_code=code)


def put(build: Builder, task: TaskArn, **changes: Any) -> Task:
    """The task with these members changed, in the world."""
    changed = replace(build.world.tasks[task], **changes)
    build.book.apply([Put(changed)])
    return changed


def proxy_of(task: Task) -> Container:
    """The task's proxy."""
    assert task.proxy is not None
    return task.proxy


DRAINED = Drain(in_flight=0)


def case_of(world: World, task: Task) -> TaskContext:
    """The task as its next step sees it, with no sandbox."""
    definition = world.task_definitions[task.task_definition]
    return TaskContext(world, task, definition, None, None, None, None, frozenset(), EPOCH, SeededIds())


def _proxies(task: TaskArn, more: dict[str, Any]) -> dict[ProxyId, ProxyState]:
    """The feed's state of the task's proxy; none with ``proxy`` None."""
    state = more.get("proxy", ProxyState(reported_at=more.get("reported_at")))
    return {} if state is None else {ProxyId(task): state}
