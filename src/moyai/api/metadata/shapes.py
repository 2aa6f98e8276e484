"""Tasks and containers in the metadata endpoint's own form: PascalCase, nothing empty, the agent's states. Pure.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, ContainerStatus, NetworkInterface, Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.sandbox.state import Health
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.clock import Instant

_CPU_UNITS = 1024
_V4_ONLY = frozenset(
    {
        "ContainerARN",
        "LogDriver",
        "LogOptions",
        "LaunchType",
        "VPCID",
        "ServiceName",
        "FaultInjectionEnabled",
        "RestartCount",
    }
)
_V4_NETWORK = frozenset(
    {
        "AttachmentIndex",
        "MACAddress",
        "IPv4SubnetCIDRBlock",
        "IPv6SubnetCIDRBlock",
        "PrivateDNSName",
        "SubnetGatewayIpv4Address",
    }
)
_TASK_STATES: Mapping[TaskStatus, str] = MappingProxyType(
    {
        TaskStatus.PROVISIONING: "NONE",
        TaskStatus.PENDING: "CREATED",
        TaskStatus.DEPROVISIONING: "STOPPED",
        TaskStatus.STOPPED: "STOPPED",
    }
)
"""The agent's names of the states in which a task does not run; in all others it does."""
_CONTAINER_STATES: Mapping[ContainerStatus, str] = MappingProxyType(
    {
        ContainerStatus.PENDING: "CREATED",
        ContainerStatus.RUNNING: "RUNNING",
        ContainerStatus.STOPPED: "STOPPED",
    }
)


def task_form(world: World, task: Task) -> dict[str, object]:
    """The task with its containers, in the form of metadata version 4."""
    revision = task.task_definition.rpartition(":")[2]
    return _without_empty(
        {
            "Cluster": task.cluster,
            "TaskARN": task.arn,
            "Family": task.task_definition.rpartition("/")[2].rpartition(":")[0],
            "Revision": revision,
            "DesiredStatus": task.desired_status,
            "KnownStatus": _TASK_STATES.get(task.last_status, "RUNNING"),
            "Limits": _task_limits(task),
            "PullStartedAt": moment(task.pull_started_at),
            "PullStoppedAt": moment(task.pull_stopped_at),
            "ExecutionStoppedAt": moment(task.execution_stopped_at),
            "AvailabilityZone": task.availability_zone,
            "LaunchType": task.launch_type,
            "VPCID": None if task.container_instance is None else task.interface.vpc,
            "ServiceName": task.service.rpartition("/")[2] if task.service is not None else None,
            "Containers": [container_form(world, task, container) for container in task.containers],
        }
    ) | {"FaultInjectionEnabled": False}


def container_form(world: World, task: Task, container: Container) -> dict[str, object]:
    """A container in the form of metadata version 4."""
    definition = world.task_definitions.get(task.task_definition)
    container_definition = definition.container(container.name) if definition is not None else None
    logs = container_definition.log_configuration if container_definition is not None else None
    return _without_empty(
        {
            "DockerId": runtime_id(container.arn),
            "Name": container.name,
            "DockerName": container.name,
            "Image": container_definition.image if container_definition is not None else None,
            "Ports": _ports(task, container),
            "Labels": _labels(task, container, container_definition),
            "DesiredStatus": task.desired_status,
            "KnownStatus": _CONTAINER_STATES[container.last_status],
            "ExitCode": container.exit_code,
            "Limits": _container_limits(container_definition),
            "CreatedAt": moment(task.created_at),
            "StartedAt": moment(container.started_at),
            "FinishedAt": moment(container.finished_at),
            "RestartCount": container.restart_count if restarts(container_definition) else None,
            "Type": "NORMAL",
            "Health": _health(container, container_definition),
            "LogDriver": logs.log_driver if logs is not None else None,
            "LogOptions": dict(logs.options) if logs is not None else None,
            "ContainerARN": container.arn,
            "Networks": [_network(world, task)],
        }
    )


def restarts(container_definition: ContainerDefinition | None) -> bool:
    """Whether the container has a restart policy that is enabled."""
    return (
        container_definition is not None
        and container_definition.restart_policy is not None
        and container_definition.restart_policy.enabled
    )


def as_version_3(form: Mapping[str, object]) -> dict[str, object]:
    """A form of version 4 without the members that version 3 lacks."""
    older: dict[str, object] = {}
    for name, value in form.items():
        if name in _V4_ONLY:
            continue
        if name in {"Containers", "Networks"} and isinstance(value, list):
            older[name] = [as_version_3(item) for item in value]
        else:
            older[name] = value
    return {name: value for name, value in older.items() if name not in _V4_NETWORK}


def moment(instant: Instant | None) -> str | None:
    """A time as the endpoint writes it."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _task_limits(task: Task) -> dict[str, object]:
    return _without_empty(
        {
            "CPU": int(task.cpu) / _CPU_UNITS if task.cpu else None,
            "Memory": int(task.memory) if task.memory else None,
        }
    )


def _container_limits(container_definition: ContainerDefinition | None) -> dict[str, object]:
    if container_definition is None:
        return {}
    return _without_empty(
        {
            "CPU": container_definition.cpu,
            "Memory": container_definition.memory or container_definition.memory_reservation,
        }
    )


def _labels(task: Task, container: Container, container_definition: ContainerDefinition | None) -> dict[str, str]:
    family, _, revision = task.task_definition.rpartition("/")[2].rpartition(":")
    own = dict(container_definition.docker_labels or {}) if container_definition is not None else {}
    return own | {
        "com.amazonaws.ecs.cluster": task.cluster,
        "com.amazonaws.ecs.container-name": container.name,
        "com.amazonaws.ecs.task-arn": task.arn,
        "com.amazonaws.ecs.task-definition-family": family,
        "com.amazonaws.ecs.task-definition-version": revision,
    }


def _health(container: Container, container_definition: ContainerDefinition | None) -> dict[str, object] | None:
    """The health of a container with a health check. AWS writes only its keys in lower case."""
    checked = container.is_proxy or (container_definition is not None and container_definition.health_check is not None)
    if not checked or container.health_status is Health.UNKNOWN:
        return None
    return {"status": container.health_status}


def _network(world: World, task: Task) -> dict[str, object]:
    if task.network_mode is not NetworkMode.AWSVPC:
        addresses = [] if task.bridge_address is None else [task.bridge_address]
        return _without_empty({"NetworkMode": task.network_mode, "IPv4Addresses": addresses})
    interface = task.interface
    subnet = find_in_scope(world, Subnet, scope_of(task.arn), interface.subnet)
    return _without_empty(
        {
            "NetworkMode": task.network_mode,
            "IPv4Addresses": [interface.address],
            "IPv6Addresses": [] if interface.ipv6_address is None else [interface.ipv6_address],
            "MACAddress": interface.mac,
            "IPv4SubnetCIDRBlock": subnet.cidr if subnet is not None else None,
            "IPv6SubnetCIDRBlock": _ipv6_range(interface, subnet),
            "PrivateDNSName": interface.private_dns_name,
        }
    ) | {"AttachmentIndex": 0}


def _ipv6_range(interface: NetworkInterface, subnet: Subnet | None) -> str | None:
    if interface.ipv6_address is None or subnet is None or subnet.ipv6 is None:
        return None
    return subnet.ipv6.cidr


def _ports(task: Task, container: Container) -> list[dict[str, object]]:
    """Docker's port bindings, which only bridge has; one for each port."""
    bound = container.network_bindings if task.network_mode is NetworkMode.BRIDGE else ()
    return [
        {
            "ContainerPort": binding.container_port + n,
            "Protocol": binding.protocol,
            "HostPort": binding.host_port + n,
            "HostIp": binding.bind_ip,
        }
        for binding in bound
        for n in range(len(binding.host_ports))
    ]


def _without_empty(form: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in form.items() if value is not None and value not in ({}, [], "")}
