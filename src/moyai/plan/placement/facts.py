"""A container instance as the cluster query language asks for it."""

from __future__ import annotations

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.plan.placement.evaluate import Facts


def facts_of(instance: ContainerInstance, tasks: list[Task]) -> Facts:
    """What is so of the instance; ``tasks`` are those on it that are not STOPPED."""
    wanted = [t for t in tasks if t.desired_status is DesiredStatus.RUNNING]
    return Facts(
        attributes={a.name: a.value or "" for a in instance.attributes},
        agent_connected=instance.agent_connected,
        agent_version=instance.version_info.agent_version or "",
        ec2_instance_id=instance.ec2_instance_id,
        registered_at=instance.registered_at,
        running_tasks=len(wanted),
        groups=frozenset(t.group for t in wanted),
    )
