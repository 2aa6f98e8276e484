"""From a task and its definition to what a runtime is told.

Promise: pure translation; overrides win over the definition, and what ECS itself injects wins over
both. The hosts file carries the names of the task's view, each at its virtual address.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.connect.names import VIRTUAL_CIDR, proxy_ports
from moyai.domain.ecs import metadata
from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.proxy_configuration import read_properties
from moyai.domain.ecs.task import Container, ContainerOverride, Task, role_of
from moyai.domain.ecs.task_definition import ContainerDefinition, HealthCheck, IpcMode, PidMode, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.logs.driver import buffer_bytes
from moyai.domain.sandbox.intercept import Intercept, InterceptAll
from moyai.domain.sandbox.spec import ContainerSpec, HostName, Memory, Probe, SandboxSpec, Sharing, TmpfsMount, Ulimit
from moyai.domain.sts.session import credentials_id
from moyai.domain.world import World
from moyai.kernel.ids import TaskId
from moyai.kernel.secret import Secret
from moyai.plan import settings
from moyai.plan.env_files import read_files
from moyai.plan.networks import network_of, own_hosts
from moyai.plan.secrets import resolve
from moyai.plan.sight import Case

DEFAULT_STOP_TIMEOUT = 30
"""Seconds between SIGTERM and SIGKILL, as on Fargate."""

_DEFAULT_PROBE = Probe(())
_NEVER_LED = (f"{metadata.ADDRESS}/32", "169.254.169.254/32")
"""What ECS's agent adds to the addresses that an App Mesh proxy is not to see."""


def sandbox_spec(world: World, task: Task, definition: TaskDefinition) -> SandboxSpec:
    """What the task's containers share."""
    return SandboxSpec(
        task=task.id,
        network=network_of(world, task),
        hosts=(*own_hosts(task, definition), *_names(task)),
        intercept=_intercept(task, definition),
        intercept_all=_intercept_all(definition),
        cpu_units=int(task.cpu or 0),
        memory_mib=int(task.memory or 0),
        storage_gib=settings.storage(task, definition),
        host=_host(world, task, definition),
        processes=Sharing.OWN if definition.pid_mode is None else Sharing(definition.pid_mode),
        ipc=_ipc(definition.ipc_mode),
        images={defined.image: None for defined in definition.container_definitions},
        shared_memory=max(_linux(c).shared_memory_size or Memory().shared for c in definition.container_definitions),
    )


def _host(world: World, task: Task, definition: TaskDefinition) -> TaskId | None:
    """Whose processes or IPC it shares. KeyError when that isn't there."""
    asked = definition.pid_mode is PidMode.HOST or definition.ipc_mode is IpcMode.HOST
    return world.container_instances[task.container_instance].id if asked and task.container_instance else None


def _ipc(mode: IpcMode | None) -> Sharing:
    return Sharing.OWN if mode in {None, IpcMode.NONE} else Sharing(mode)


def _linux(defined: ContainerDefinition) -> LinuxParameters:
    return defined.linux_parameters or LinuxParameters()


def container_spec(case: Case, container: Container) -> ContainerSpec:
    """One of the definition's containers. Raises Unresolved."""
    task, definition, defined = case.task, case.definition, case.defined(container)
    override = _override(task, container.name)
    linux, platform = _linux(defined), definition.runtime_platform
    return ContainerSpec(
        task=task.id,
        name=container.name,
        image=defined.image,
        digest=container.image_digest,
        entry_point=defined.entry_point,
        command=defined.command if override.command is None else override.command,
        environment=_environment(case, container, override),
        working_directory=defined.working_directory,
        user=defined.user,
        probe=None if defined.health_check is None else probe(defined.health_check),
        stop_timeout=stop_timeout(defined),
        cpu_units=defined.cpu if override.cpu is None else override.cpu,
        memory=_memory(defined, override),
        ulimits=tuple(Ulimit(u.name, u.soft_limit, u.hard_limit) for u in defined.ulimits or ()),
        readonly_root=bool(defined.readonly_root_filesystem),
        held_output=buffer_bytes(defined.log_configuration),
        attempt=container.restart_count,
        init=bool(linux.init_process_enabled),
        capabilities=settings.capabilities(linux),
        sysctls={control.namespace: control.value for control in defined.system_controls},
        tmpfs=tuple(TmpfsMount(t.container_path, t.size, t.mount_options or ()) for t in linux.tmpfs or ()),
        volumes=settings.mounts(definition, defined),
        names=settings.names(defined),
        networkless=bool(defined.disable_networking),
        interactive=bool(defined.interactive),
        terminal=bool(defined.pseudo_terminal),
        architecture=None if platform is None else platform.cpu_architecture,
    )


def _memory(defined: ContainerDefinition, override: ContainerOverride) -> Memory:
    linux = _linux(defined)
    return Memory(
        limit=override.memory or defined.memory or 0,
        reserved=override.memory_reservation or defined.memory_reservation or 0,
        swap=linux.max_swap,
        swappiness=None if linux.max_swap is None else linux.swappiness,
        shared=linux.shared_memory_size or Memory().shared,
    )


def probe(check: HealthCheck) -> Probe:
    """A health check with ECS's defaults filled in."""
    return Probe(
        command=check.command,
        interval=_or(check.interval, _DEFAULT_PROBE.interval),
        timeout=_or(check.timeout, _DEFAULT_PROBE.timeout),
        retries=_or(check.retries, _DEFAULT_PROBE.retries),
        start_period=_or(check.start_period, _DEFAULT_PROBE.start_period),
    )


def stop_timeout(defined: ContainerDefinition) -> int:
    """Seconds a container gets between SIGTERM and SIGKILL."""
    return _or(defined.stop_timeout, DEFAULT_STOP_TIMEOUT)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _names(task: Task) -> tuple[HostName, ...]:
    seen = () if task.view is None else task.view.names
    return tuple(
        HostName(address, name)
        for address, name in sorted({(n.address, n.dns_name) for n in seen if n.left_at is None})
    )


def _intercept(task: Task, definition: TaskDefinition) -> Intercept | None:
    if task.view is None:
        return None
    ports = proxy_ports(definition)
    return Intercept(
        virtual_cidr=str(VIRTUAL_CIDR),
        egress_port=ports.egress,
        ingress_port=ports.ingress,
        inbound_ports=tuple(sorted({o.container_port for o in task.view.offers if o.ingress_port is None})),
    )


def _intercept_all(definition: TaskDefinition) -> InterceptAll | None:
    if definition.proxy_configuration is None:
        return None
    said = read_properties(definition.proxy_configuration)
    return InterceptAll(
        egress_port=said.egress_port,
        ingress_port=said.ingress_port,
        app_ports=said.app_ports,
        uid=said.uid,
        gid=said.gid,
        ignored_ports=said.ignored_ports,
        ignored_ranges=(*_NEVER_LED, *said.ignored_ranges),
    )


def _override(task: Task, name: str) -> ContainerOverride:
    found = (o for o in task.overrides.container_overrides if o.name == name)
    return next(found, ContainerOverride(name))


def _environment(case: Case, container: Container, override: ContainerOverride) -> Mapping[str, str | Secret]:
    """Files, then definition, then override, then secrets, then what ECS tells every container. Raises Unresolved."""
    task, defined = case.task, case.defined(container)
    scope = scope_of(task.arn)
    region = scope.region
    identity = metadata.runtime_id(container.arn)
    base = f"http://{metadata.ADDRESS}"
    return {
        **read_files(case.world, override.environment_files or defined.environment_files or ()),
        **{e.name: e.value for e in (*defined.environment, *(override.environment or ()))},
        **resolve(case.world, scope, defined.secrets or (), case.now),
        **_credentials(case),
        **({"NVIDIA_VISIBLE_DEVICES": ",".join(container.gpu_ids)} if container.gpu_ids else {}),
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_ECS_{task.launch_type}",
        "AWS_REGION": region,
        "ECS_AGENT_URI": f"{base}/api/{identity}",
        "ECS_CONTAINER_METADATA_URI": f"{base}/v3/{identity}",
        "ECS_CONTAINER_METADATA_URI_V4": f"{base}/v4/{identity}",
    }


def _credentials(case: Case) -> Mapping[str, str]:
    """Where a task with a role finds its keys; it is known there by an address of its own."""
    root = case.world.session_root
    role = role_of(case.task, case.definition.task_role_arn)
    if root is None or role is None or case.task.own_interface is None:
        return {}
    return {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": f"/v2/credentials/{credentials_id(root, case.task.arn)}"}
