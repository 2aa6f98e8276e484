"""The decision that a task is to end.

Promise: it is made once, and the first reason stays. The task's state machine (``lifecycle``) carries it out.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, StopCode, Task
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DeploymentId, TargetGroupArn

STOPPED_BY_USER = "Task stopped by user"
ESSENTIAL_EXITED = "Essential container in task exited"
FAILED_HEALTH_CHECKS = "Task failed container health checks"
FAILED_TARGET_HEALTH_CHECKS = "Task failed ELB health checks"
"""The beginning of the stop reason of a task that fails a load balancer's health check."""


def failed_target_health_checks(group: TargetGroupArn) -> str:
    """The stop reason of a task that fails the health check of this target group."""
    return f"{FAILED_TARGET_HEALTH_CHECKS} in (target-group {group})"


def host_terminated(instance: ContainerInstance) -> str:
    """The reason of a task whose container instance is gone."""
    return f"Host EC2 (instance {instance.ec2_instance_id}) terminated."


def scaling_activity(deployment: DeploymentId) -> str:
    """The reason of a healthy task that its service no longer needs."""
    return f"Scaling activity initiated by (deployment {deployment})"


def zones_rebalanced(deployment: DeploymentId) -> str:
    """The reason of a task whose zone has more tasks than others."""
    return f"Availability-zone rebalancing initiated by (deployment {deployment})"


def stop_task(task: Task, code: StopCode, reason: str, now: Instant) -> Task:
    """The task with the desired status STOPPED for this reason; unchanged when it has that status already."""
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
