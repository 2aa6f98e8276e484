"""A task's sandbox, as the runtime makes it: its network, hosts file, interception of traffic, limits and sharing.

Promise: pure translation of a task and its definition; overrides win over the definition. The hosts file has the names
of the task's view, each at its virtual address.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from moyai.domain.connect.names import VIRTUAL_CIDR, proxy_ports
from moyai.domain.ecs import metadata
from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.proxy_configuration import read_properties
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import IpcMode, PidMode, TaskDefinition
from moyai.domain.sandbox.network import HostName, Intercept, InterceptAll
from moyai.domain.sandbox.spec import DEFAULT_STORAGE_GIB, MemoryLimits, NamespaceSharing, SandboxSpec
from moyai.domain.world import World
from moyai.kernel.ids import TaskId
from moyai.plan.network.sandbox_network import base_hosts, sandbox_network
from moyai.plan.task.file_systems import file_system_mounts
from moyai.plan.task.launch import FARGATE

_NEVER_INTERCEPTED = (f"{metadata.ADDRESS}/32", "169.254.169.254/32")
"""Addresses that an App Mesh proxy never intercepts; ECS's agent adds the same."""


def sandbox_spec(world: World, task: Task, definition: TaskDefinition) -> SandboxSpec:
    """The sandbox of the task. Raises Unresolved for a file system that can't be mounted, KeyError when its VPC, subnet
    or container instance does not exist.
    """
    containers = definition.container_definitions
    linux_parameters = [c.linux_parameters or LinuxParameters() for c in containers]
    return SandboxSpec(
        task=task.id,
        network=sandbox_network(world, task),
        hosts=(*base_hosts(task, definition), *_view_hosts(task)),
        intercept=_intercept(task, definition),
        intercept_all=_intercept_all(definition),
        cpu_units=int(task.cpu or 0),
        memory_mib=int(task.memory or 0),
        storage_gib=storage_gib(task, definition),
        host=_sharing_host(world, task, definition),
        processes=NamespaceSharing.OWN if definition.pid_mode is None else NamespaceSharing(definition.pid_mode),
        ipc=_ipc_sharing(definition.ipc_mode),
        shared_memory=max(linux.shared_memory_size or MemoryLimits().shared for linux in linux_parameters),
        file_systems=file_system_mounts(world, task, definition),
        shared_proxy=task.connect_proxy.name if task.shares_proxy and task.connect_proxy is not None else "",
    )


def storage_gib(task: Task, definition: TaskDefinition) -> int:
    """GiB that the task's containers may write; 0 means no limit, which is the default on container instances."""
    storage = task.overrides.ephemeral_storage or definition.ephemeral_storage
    if storage is not None:
        return storage.size_in_gi_b
    return DEFAULT_STORAGE_GIB if task.launch_type == FARGATE else 0


def _sharing_host(world: World, task: Task, definition: TaskDefinition) -> TaskId | None:
    """The container instance whose processes or IPC the task shares, if it shares them."""
    shares = definition.pid_mode is PidMode.HOST or definition.ipc_mode is IpcMode.HOST
    return world.container_instances[task.container_instance].id if shares and task.container_instance else None


def _ipc_sharing(mode: IpcMode | None) -> NamespaceSharing:
    return NamespaceSharing.OWN if mode in {None, IpcMode.NONE} else NamespaceSharing(mode)


def _view_hosts(task: Task) -> tuple[HostName, ...]:
    names = () if task.view is None else task.view.names
    present = sorted({(n.address, n.dns_name) for n in names if n.left_at is None})
    return tuple(HostName(address, name) for address, name in present)


def _intercept(task: Task, definition: TaskDefinition) -> Intercept | None:
    """The traffic that Service Connect's proxy intercepts."""
    if task.view is None:
        return None
    ports = proxy_ports(definition)
    return Intercept(
        virtual_cidr=str(VIRTUAL_CIDR),
        egress_port=ports.egress,
        ingress_port=ports.ingress,
        inbound_ports=tuple(sorted({o.container_port for o in task.view.offers if o.ingress_port is None})),
        opened_ports=tuple(sorted({o.ingress_port for o in task.view.offers if o.ingress_port is not None})),
    )


def _intercept_all(definition: TaskDefinition) -> InterceptAll | None:
    """The traffic that App Mesh's proxy intercepts."""
    if definition.proxy_configuration is None:
        return None
    properties = read_properties(definition.proxy_configuration)
    return InterceptAll(
        egress_port=properties.egress_port,
        ingress_port=properties.ingress_port,
        app_ports=properties.app_ports,
        uid=properties.uid,
        gid=properties.gid,
        ignored_ports=properties.ignored_ports,
        ignored_ranges=(*_NEVER_INTERCEPTED, *properties.ignored_ranges),
    )
