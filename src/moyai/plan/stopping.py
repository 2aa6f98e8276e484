"""The decision that a task ends.

Promise: made once; the first reason is the one that stays. What follows from it is for the task's
own state machine (``plan.life``).
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, StopCode, Task
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId

STOPPED_BY_USER = "Task stopped by user"
ESSENTIAL_EXITED = "Essential container in task exited"
FAILED_HEALTH_CHECKS = "Task failed container health checks"


def host_terminated(instance: ContainerInstance) -> str:
    """Why a task ends that is on a machine that is gone."""
    return f"Host EC2 (instance {instance.ec2_instance_id}) terminated."


def scaling_activity(deployment: DeploymentId) -> str:
    """Why the scheduler stops a task that nothing is wrong with."""
    return f"Scaling activity initiated by (deployment {deployment})"


def zones_rebalanced(deployment: DeploymentId) -> str:
    """Why the scheduler stops a task whose zone has more than its share."""
    return f"Availability-zone rebalancing initiated by (deployment {deployment})"


def stop_task(task: Task, code: StopCode, reason: str, now: Instant) -> Task:
    """The task, wanted to be STOPPED for this reason; unchanged when it already was."""
    if task.desired_status is DesiredStatus.STOPPED:
        return task
    return replace(
        task,
        desired_status=DesiredStatus.STOPPED,
        stop_code=code,
        stopped_reason=reason,
        stopping_at=now,
        version=task.version + 1,
    )
