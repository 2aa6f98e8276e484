"""A container, as the runtime starts it: its command, environment, limits, capabilities, volumes and names.

Promise: pure translation of a container's definition; overrides win over the definition. An empty command or entry
point, which templates write, counts as not set.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.task import Container, ContainerOverride, Task
from moyai.domain.ecs.task_definition import ContainerDefinition, ContainerHealthCheck, TaskDefinition
from moyai.domain.logs.driver import buffer_bytes
from moyai.domain.sandbox.linux import ALL, CAPABILITIES, DEFAULT_CAPABILITIES
from moyai.domain.sandbox.network import HostName
from moyai.domain.sandbox.spec import (
    ContainerNames,
    ContainerSpec,
    MemoryLimits,
    Probe,
    TmpfsMount,
    Ulimit,
    VolumeMount,
)
from moyai.plan.task.context import TaskContext
from moyai.plan.task.environment import Unresolved, container_environment
from moyai.plan.task.launch import FARGATE
from moyai.plan.task.log_router import log_forwarding, router_files, router_volumes
from moyai.plan.task.router_config import MissingPlugin

DEFAULT_STOP_TIMEOUT = 30
"""Seconds between SIGTERM and SIGKILL, as on Fargate."""

_FARGATE_OPEN_FILES = 65535
"""The limit that Fargate sets where the definition does not; all others are those of the operating system.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
"""
_DEFAULT_PROBE = Probe(())


def container_spec(context: TaskContext, container: Container) -> ContainerSpec:
    """The specification of one of the definition's containers. Raises Unresolved."""
    task, definition, container_definition = context.task, context.definition, context.definition_of(container)
    override = _override(task, container.name)
    linux, platform = _linux_parameters(container_definition), definition.runtime_platform
    return ContainerSpec(
        task=task.id,
        name=container.name,
        image=container_definition.image,
        digest=container.image_digest,
        architecture=None if platform is None else platform.cpu_architecture,
        entry_point=container_definition.entry_point or None,
        command=override.command or container_definition.command or None,
        environment=container_environment(context, container, override),
        working_directory=container_definition.working_directory,
        user=container_definition.user,
        probe=None if container_definition.health_check is None else probe_of(container_definition.health_check),
        stop_timeout=_or_default(container_definition.stop_timeout, DEFAULT_STOP_TIMEOUT),
        cpu_units=container_definition.cpu if override.cpu is None else override.cpu,
        memory=_memory(container_definition, override),
        ulimits=tuple(Ulimit(u.name, u.soft_limit, u.hard_limit) for u in container_definition.ulimits or ()),
        open_files=_FARGATE_OPEN_FILES if task.launch_type == FARGATE else None,
        readonly_root=bool(container_definition.readonly_root_filesystem),
        held_output=buffer_bytes(container_definition.log_configuration),
        attempt=container.restart_count,
        init=bool(linux.init_process_enabled),
        capabilities=capabilities(linux),
        sysctls={control.namespace: control.value for control in container_definition.system_controls},
        tmpfs=tuple(TmpfsMount(t.container_path, t.size, t.mount_options or ()) for t in linux.tmpfs or ()),
        volumes=(*_volume_mounts(definition, container_definition), *router_volumes(container_definition)),
        files=_generated_files(context, container_definition),
        log_forwarding=log_forwarding(task, definition, container),
        names=_names(container_definition),
        no_new_privileges=bool(container_definition.docker_security_options),
        networkless=bool(container_definition.disable_networking),
        interactive=bool(container_definition.interactive),
        terminal=bool(container_definition.pseudo_terminal),
    )


def probe_of(check: ContainerHealthCheck) -> Probe:
    """The probe of a health check, with ECS's defaults."""
    return Probe(
        command=check.command,
        interval=_or_default(check.interval, _DEFAULT_PROBE.interval),
        timeout=_or_default(check.timeout, _DEFAULT_PROBE.timeout),
        retries=_or_default(check.retries, _DEFAULT_PROBE.retries),
        start_period=_or_default(check.start_period, _DEFAULT_PROBE.start_period),
    )


def capabilities(linux: LinuxParameters) -> frozenset[str]:
    """The container's capabilities by Docker's rule: those added to ALL or to the default set, without those dropped.
    A capability that is both added and dropped is present only when ALL others are dropped.
    """
    changes = linux.capabilities
    if changes is None:
        return DEFAULT_CAPABILITIES
    added_names, dropped_names = frozenset(changes.add or ()), frozenset(changes.drop or ())
    if ALL in added_names:
        return frozenset(CAPABILITIES) - dropped_names
    if ALL in dropped_names:
        return added_names
    return (DEFAULT_CAPABILITIES | added_names) - dropped_names


def _volume_mounts(definition: TaskDefinition, container_definition: ContainerDefinition) -> tuple[VolumeMount, ...]:
    """The container's mounts, outer before inner; its own mount points win over those of ``volumesFrom``."""
    mounts: dict[str, VolumeMount] = {}
    for source in container_definition.volumes_from:
        container = definition.container(source.source_container)
        if container is not None:
            inherited = _volume_mounts(definition, container)
            mounts |= {m.path: replace(m, read_only=m.read_only or bool(source.read_only)) for m in inherited}
    volumes = {volume.name: volume for volume in definition.volumes}
    for point in container_definition.mount_points:
        volume = volumes[point.source_volume]
        docker = volume.docker_volume_configuration
        mounts[point.container_path] = VolumeMount(
            path=point.container_path,
            volume=volume.name,
            shared=volume.shared,
            provision=docker is not None and bool(docker.autoprovision),
            host_path=volume.source_path,
            read_only=bool(point.read_only),
        )
    return tuple(mounts[path] for path in sorted(mounts, key=lambda path: (path.count("/"), path)))


def _generated_files(context: TaskContext, container_definition: ContainerDefinition) -> Mapping[str, str]:
    """The files that are generated for the container. Raises Unresolved."""
    try:
        return router_files(context, container_definition)
    except MissingPlugin as error:
        raise Unresolved(f"ResourceInitializationError: unable to generate firelens config file: {error}") from error


def _names(container_definition: ContainerDefinition) -> ContainerNames:
    """The host name, hosts and DNS settings that the container has in addition to its task's."""
    return ContainerNames(
        host_name=container_definition.hostname or None,
        hosts=tuple(HostName(entry.ip_address, entry.hostname) for entry in container_definition.extra_hosts or ()),
        servers=container_definition.dns_servers or (),
        search=container_definition.dns_search_domains or (),
    )


def _memory(container_definition: ContainerDefinition, override: ContainerOverride) -> MemoryLimits:
    linux = _linux_parameters(container_definition)
    return MemoryLimits(
        limit=override.memory or container_definition.memory or 0,
        reserved=override.memory_reservation or container_definition.memory_reservation or 0,
        swap=linux.max_swap,
        swappiness=None if linux.max_swap is None else linux.swappiness,
        shared=linux.shared_memory_size or MemoryLimits().shared,
    )


def _override(task: Task, name: str) -> ContainerOverride:
    overrides = (o for o in task.overrides.container_overrides if o.name == name)
    return next(overrides, ContainerOverride(name))


def _linux_parameters(container_definition: ContainerDefinition) -> LinuxParameters:
    return container_definition.linux_parameters or LinuxParameters()


def _or_default(value: int | None, default: int) -> int:
    return default if value is None else value
