"""A container instance as the API shows it.

Promise: remaining resources and task counts are computed from the tasks; ``agentConnected`` is the last observed state
of the instance's sandbox.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.api.ecs.clusters.view import PENDING_STATUSES
from moyai.api.tagging import tag_list
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.world import World
from moyai.plan.placement.resources import remaining_resources

_INTEGER, _STRINGS = "INTEGER", "STRINGSET"


def instance_view(
    world: World, instance: ContainerInstance, include: frozenset[str] = frozenset()
) -> dict[str, object]:
    """The instance; its tags and its health only when ``include`` names them."""
    total, remaining = instance.resources, remaining_resources(world, instance)
    tasks = world.tasks.by("instance", instance.arn)
    statuses = [t.last_status for t in tasks if t.desired_status is DesiredStatus.RUNNING]
    interface = instance.interface
    return {
        "container_instance_arn": instance.arn,
        "ec2_instance_id": instance.ec2_instance_id,
        "capacity_provider_name": instance.provider,
        "version": instance.version,
        "version_info": instance.version_info,
        "registered_resources": _resources(total.cpu, total.memory, total.ports, total.ports_udp, total.gpus),
        "remaining_resources": _resources(
            remaining.cpu, remaining.memory, remaining.ports("tcp"), remaining.ports("udp"), remaining.gpus
        ),
        "status": instance.status,
        "status_reason": _status_reason(instance),
        "agent_connected": instance.agent_connected and not instance.gone,
        "running_tasks_count": statuses.count(TaskStatus.RUNNING),
        "pending_tasks_count": sum(status in PENDING_STATUSES for status in statuses),
        "attributes": instance.attributes,
        "registered_at": instance.registered_at,
        "attachments": [
            {
                "id": interface.attachment,
                "type": "ElasticNetworkInterface",
                "status": "DELETED" if instance.gone else "ATTACHED",
                "details": [
                    {"name": "subnetId", "value": interface.subnet},
                    {"name": "networkInterfaceId", "value": interface.id},
                    {"name": "privateDnsName", "value": interface.private_dns_name},
                    {"name": "privateIPv4Address", "value": interface.address},
                ],
            }
        ],
        "tags": tag_list(instance.tags) if "TAGS" in include else [],
        "health_status": _health(instance) if "CONTAINER_INSTANCE_HEALTH" in include else None,
    }


def _status_reason(instance: ContainerInstance) -> str | None:
    if instance.drained_for is None:
        return None
    return f"The critical daemon {instance.drained_for.rpartition('/')[2]} does not run."


def _health(instance: ContainerInstance) -> dict[str, object]:
    """The instance's health: OK while its sandbox exists. The container runtime's is the only check."""
    status = "OK" if instance.agent_connected else "IMPAIRED"
    return {"overall_status": status, "details": [{"type": "CONTAINER_RUNTIME", "status": status}]}


def _resources(
    cpu: int, memory: int, ports: Iterable[int], ports_udp: Iterable[int], gpus: Iterable[str]
) -> list[dict[str, object]]:
    resources: list[dict[str, object]] = [_number("CPU", cpu), _number("MEMORY", memory)]
    resources += [_set("PORTS", map(str, sorted(ports))), _set("PORTS_UDP", map(str, sorted(ports_udp)))]
    return [*resources, _set("GPU", ids)] if (ids := list(gpus)) else resources


def _number(name: str, value: int) -> dict[str, object]:
    return {"name": name, "type": _INTEGER, "integer_value": value, "long_value": 0, "double_value": 0.0}


def _set(name: str, values: Iterable[str]) -> dict[str, object]:
    return {
        "name": name,
        "type": _STRINGS,
        "string_set_value": list(values),
        "integer_value": 0,
        "long_value": 0,
        "double_value": 0.0,
    }
