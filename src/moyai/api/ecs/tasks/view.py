"""A task as the API shows it.

Promise: statuses are the last observed ones. As on AWS, the Service Connect proxy is a container without an image, and
an attachment that names it; members without a value are absent. The pull of an image is shown as an attribute of the
task, ``moyai.image-pull.CONTAINER``, while it downloads something.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html
"""

from __future__ import annotations

import msgspec

from moyai.api.tagging import tag_list
from moyai.domain.ecs.task import Container, ContainerOverride, NetworkBinding, NetworkInterface, Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.sandbox.pull import PullProgress
from moyai.domain.sandbox.spec import DEFAULT_STORAGE_GIB
from moyai.domain.world import World
from moyai.plan.task.launch import FARGATE
from moyai.plan.task.sandbox_spec import storage_gib

_BEFORE_NETWORK = frozenset({TaskStatus.PROVISIONING})
_TIMES = (
    "created_at",
    "connectivity_at",
    "pull_started_at",
    "pull_stopped_at",
    "started_at",
    "stopping_at",
    "execution_stopped_at",
    "stopped_at",
)


def task_view(world: World, task: Task, *, with_tags: bool = False) -> dict[str, object]:
    """The task with its containers and attachments."""
    definition = world.task_definitions.get(task.task_definition)
    return {
        "task_arn": task.arn,
        "task_definition_arn": task.task_definition,
        "cluster_arn": task.cluster,
        "group": task.group,
        "started_by": task.started_by,
        "availability_zone": task.availability_zone,
        "last_status": task.last_status,
        "desired_status": task.desired_status,
        "health_status": task.health_status,
        "version": task.version,
        "launch_type": task.launch_type,
        "capacity_provider_name": task.capacity_provider,
        "container_instance_arn": task.container_instance,
        "platform_version": task.platform_version,
        **(_fargate_members(task, definition) if task.launch_type == FARGATE else {}),
        "cpu": task.cpu,
        "memory": task.memory,
        "enable_execute_command": task.enable_execute_command,
        "connectivity": None if task.connectivity_at is None else "CONNECTED",
        "stop_code": task.stop_code,
        "stopped_reason": task.stopped_reason,
        **{name: getattr(task, name) for name in _TIMES},
        "attributes": [
            {"name": "ecs.cpu-architecture", "value": _architecture(definition)},
            *(_pull_attribute(c.name, c.pull) for c in task.containers if c.pull is not None),
        ],
        "attachments": _attachments(task),
        "containers": [_container(task, c, definition) for c in task.containers],
        "overrides": _overrides(task),
        "tags": tag_list(task.tags) if with_tags else [],
    }


def _pull_attribute(container: str, progress: PullProgress) -> dict[str, object]:
    """The progress of the pull of a container's image, which AWS does not show."""
    members = {
        "source": progress.source,
        "layers": progress.layers,
        "present": progress.present,
        "pulled": progress.pulled,
        "received": progress.received,
        "total": progress.total,
    }
    return {"name": f"moyai.image-pull.{container}", "value": msgspec.json.encode(members).decode()}


def _fargate_members(task: Task, definition: TaskDefinition | None) -> dict[str, object]:
    size = {"size_in_gi_b": DEFAULT_STORAGE_GIB if definition is None else storage_gib(task, definition)}
    return {"platform_family": "Linux", "ephemeral_storage": size, "fargate_ephemeral_storage": size}


def _architecture(definition: TaskDefinition | None) -> str:
    platform = None if definition is None else definition.runtime_platform
    return ((platform.cpu_architecture if platform is not None else None) or "X86_64").lower()


def _attachments(task: Task) -> list[dict[str, object]]:
    status = _attachment_status(task.last_status)
    interface = task.own_interface
    attachments = [] if interface is None else [_attachment(task, interface, status)]
    proxy = task.connect_proxy
    if proxy is not None:
        details = [{"name": "ContainerName", "value": proxy.name}]
        attachment = {"type": "ServiceConnect", "status": status, "details": details}
        attachments.append({"id": task.connect_attachment, **attachment})
    return attachments


def _attachment(task: Task, interface: NetworkInterface, status: str) -> dict[str, object]:
    details = [{"name": "subnetId", "value": interface.subnet}]
    if task.last_status not in _BEFORE_NETWORK:
        details += [
            {"name": "networkInterfaceId", "value": interface.id},
            {"name": "macAddress", "value": interface.mac},
            {"name": "privateDnsName", "value": interface.private_dns_name},
            {"name": "privateIPv4Address", "value": interface.address},
        ]
        if interface.ipv6_address is not None:
            details.append({"name": "privateIPv6Address", "value": interface.ipv6_address})
    return {"id": interface.attachment, "type": "ElasticNetworkInterface", "status": status, "details": details}


def _interface(interface: NetworkInterface) -> dict[str, object]:
    return {
        "attachment_id": interface.attachment,
        "private_ipv4_address": interface.address,
        "ipv6_address": interface.ipv6_address,
    }


def _attachment_status(status: TaskStatus) -> str:
    match status:
        case TaskStatus.PROVISIONING:
            return "PRECREATED"
        case TaskStatus.DEPROVISIONING:
            return "DETACHING"
        case TaskStatus.STOPPED:
            return "DELETED"
        case _:
            return "ATTACHED"


def _binding(binding: NetworkBinding) -> dict[str, object]:
    ends = {"container_port": binding.container_port, "host_port": binding.host_port}
    if binding.count is not None:
        ranges = {f"{end}_range": f"{first}-{first + binding.count - 1}" for end, first in ends.items()}
        return {"bind_ip": binding.bind_ip, "protocol": binding.protocol, **ranges}
    return {"bind_ip": binding.bind_ip, "protocol": binding.protocol, **ends}


def _container(task: Task, container: Container, definition: TaskDefinition | None) -> dict[str, object]:
    view: dict[str, object] = {
        "container_arn": container.arn,
        "task_arn": task.arn,
        "name": container.name,
        "runtime_id": container.runtime_id,
        "last_status": container.last_status,
        "health_status": container.health_status,
        "exit_code": container.exit_code,
        "reason": container.reason,
        "gpu_ids": container.gpu_ids or None,
        "network_bindings": []
        if task.last_status in _BEFORE_NETWORK
        else [_binding(binding) for binding in container.network_bindings],
        "network_interfaces": []
        if task.last_status in _BEFORE_NETWORK or task.own_interface is None
        else [_interface(task.interface)],
    }
    if task.enable_execute_command and not container.is_proxy:
        view["managed_agents"] = [_agent(container)]
    container_definition = None if definition is None else definition.container(container.name)
    if container_definition is not None:
        override = _override(task, container.name)
        memory = container_definition.memory if override.memory is None else override.memory
        memory_reservation = (
            container_definition.memory_reservation
            if override.memory_reservation is None
            else override.memory_reservation
        )
        view |= {
            "image": container_definition.image,
            "image_digest": container.image_digest,
            "cpu": str(container_definition.cpu if override.cpu is None else override.cpu),
            "memory": None if memory is None else str(memory),
            "memory_reservation": None if memory_reservation is None else str(memory_reservation),
        }
    return view


def _agent(container: Container) -> dict[str, object]:
    """The ECS Exec agent of a container, which runs whenever the container does."""
    return {
        "name": "ExecuteCommandAgent",
        "last_status": container.last_status,
        "last_started_at": container.started_at,
    }


def _override(task: Task, name: str) -> ContainerOverride:
    overrides = (o for o in task.overrides.container_overrides if o.name == name)
    return next(overrides, ContainerOverride(name=name))


def _overrides(task: Task) -> dict[str, object]:
    """The overrides of the task and of each container."""
    return {
        "container_overrides": [msgspec.structs.asdict(_override(task, c.name)) for c in task.containers],
        "inference_accelerator_overrides": [],
        "cpu": task.overrides.cpu,
        "memory": task.overrides.memory,
        "task_role_arn": task.overrides.task_role_arn,
        "execution_role_arn": task.overrides.execution_role_arn,
        "ephemeral_storage": task.overrides.ephemeral_storage,
    }
