"""Containers that are started again in their place, without their task's end.

Promise: a container with a restart policy that ends by itself is started again when it ran for at least its
``restartAttemptPeriod`` and its exit code isn't ignored; its task neither stops nor is replaced. Each start has a
number, written down before it is made, so one that was cut short is made again and none is made twice. What can't be
started again has ended for good. Nothing is restarted in a task that is to stop. An App Mesh proxy is started
again, for whatever reason it ended, as often as its ``APPNET_ENVOY_RESTART_COUNT`` says.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.task import Container, ContainerStatus, DesiredStatus, TaskStatus
from moyai.domain.sandbox.state import Health
from moyai.plan.sight import Case
from moyai.plan.starts import restarts, start_of, unstartable
from moyai.plan.step import Step

ATTEMPT_PERIOD = 300
"""Seconds; ECS's default for ``restartAttemptPeriod``."""

_ALIVE = frozenset({TaskStatus.PENDING, TaskStatus.ACTIVATING, TaskStatus.RUNNING})


def renewed(case: Case) -> Case:
    """The case, with the containers that are to start again PENDING once more."""
    if case.task.desired_status is not DesiredStatus.RUNNING or case.task.last_status not in _ALIVE:
        return case
    if case.sandbox is None:
        return case
    containers = tuple(_next(case, c) for c in case.task.containers)
    return case if containers == case.task.containers else replace(case, task=case.moved(containers=containers))


def started(case: Case, step: Step) -> Step:
    """The step, with the starts of those containers."""
    if step.task.desired_status is not DesiredStatus.RUNNING or step.task.last_status not in _ALIVE:
        return step
    again = [c for c in case.own if is_restarting(c) and unstartable(case, c) is None]
    due = tuple(start_of(case, c) for c in again)
    return replace(step, effects=(*step.effects, *due)) if due else step


def is_restarting(container: Container) -> bool:
    """Whether it ran before and is to run again."""
    return container.restart_count > 0 and container.last_status is ContainerStatus.PENDING


def _next(case: Case, container: Container) -> Container:
    if is_restarting(container) and (reason := case.fault or unstartable(case, container)) is not None:
        return replace(container, last_status=ContainerStatus.STOPPED, reason=reason)
    if container == case.task.connect_proxy or case.fault is not None or not _is_due(case, container):
        return container
    return replace(
        container,
        last_status=ContainerStatus.PENDING,
        health_status=Health.UNKNOWN,
        exit_code=None,
        reason=None,
        finished_at=None,
        restart_count=container.restart_count + 1,
    )


def _is_due(case: Case, container: Container) -> bool:
    if container.last_status is not ContainerStatus.STOPPED or container.exit_code is None:
        return False
    if container.started_at is None or container.finished_at is None:
        return False
    if container.restart_count < restarts(case, container):
        return True
    policy = case.defined(container).restart_policy
    if policy is None or not policy.enabled:
        return False
    period = ATTEMPT_PERIOD if policy.restart_attempt_period is None else policy.restart_attempt_period
    ran = container.finished_at - container.started_at
    return ran >= period and container.exit_code not in (policy.ignored_exit_codes or ())
