"""A container's place in the operating system: capabilities, volumes, disk, names. Pure translation."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.sandbox.linux import ALL, CAPABILITIES, DEFAULT_CAPABILITIES
from moyai.domain.sandbox.spec import DEFAULT_STORAGE_GIB, HostName, Names, VolumeMount
from moyai.plan.launch import FARGATE


def capabilities(linux: LinuxParameters) -> frozenset[str]:
    """Docker's rule: what is added to ALL or the default set, without what is dropped. A name that is both added and
    dropped is there only when all others are dropped.
    """
    asked = linux.capabilities
    if asked is None:
        return DEFAULT_CAPABILITIES
    added, dropped = frozenset(asked.add or ()), frozenset(asked.drop or ())
    if ALL in added:
        return frozenset(CAPABILITIES) - dropped
    if ALL in dropped:
        return added
    return (DEFAULT_CAPABILITIES | added) - dropped


def mounts(definition: TaskDefinition, defined: ContainerDefinition) -> tuple[VolumeMount, ...]:
    """All that a container mounts, the outer before the inner: its own mount points over those of other containers."""
    found: dict[str, VolumeMount] = {}
    for borrowed in defined.volumes_from:
        lender = definition.container(borrowed.source_container)
        if lender is not None:
            lent = mounts(definition, lender)
            found |= {m.path: replace(m, read_only=m.read_only or bool(borrowed.read_only)) for m in lent}
    volumes = {volume.name: volume for volume in definition.volumes}
    for point in defined.mount_points:
        volume = volumes[point.source_volume]
        docker = volume.docker_volume_configuration
        found[point.container_path] = VolumeMount(
            path=point.container_path,
            volume=volume.name,
            shared=volume.shared,
            provision=docker is not None and bool(docker.autoprovision),
            host_path=volume.source_path,
            read_only=bool(point.read_only),
        )
    return tuple(found[path] for path in sorted(found, key=lambda path: (path.count("/"), path)))


def names(defined: ContainerDefinition) -> Names:
    """Whom the container knows that its task doesn't."""
    return Names(
        host_name=defined.hostname or None,
        hosts=tuple(HostName(entry.ip_address, entry.hostname) for entry in defined.extra_hosts or ()),
        servers=defined.dns_servers or (),
        search=defined.dns_search_domains or (),
    )


def storage(task: Task, definition: TaskDefinition) -> int:
    """GiB that the task's containers may write; 0 = as much as the machine has, which is for container instances."""
    asked = task.overrides.ephemeral_storage or definition.ephemeral_storage
    if asked is not None:
        return asked.size_in_gi_b
    return DEFAULT_STORAGE_GIB if task.launch_type == FARGATE else 0
