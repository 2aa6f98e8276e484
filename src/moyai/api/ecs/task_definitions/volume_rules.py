"""Rules of a task definition's volumes, with AWS's messages where they are known. All raise ClientException.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html
"""

from __future__ import annotations

import re

from moyai.api.ecs.lookup import NAME
from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, EphemeralStorage, TaskDefinition
from moyai.domain.ecs.volume import DockerVolume, EfsAuthorization, EfsVolume, Volume
from moyai.domain.sandbox.linux import is_inner_path
from moyai.kernel.errors import ClientFault

_STORAGE = range(21, 201)
_FILE_SYSTEM = re.compile(r"fs-[0-9a-f]{8,40}")
_ACCESS_POINT = re.compile(r"fsap-[0-9a-f]{8,40}")
_PORTS = range(1, 65536)
_LONGEST_ROOT = 4096


def check_volumes(definition: TaskDefinition) -> None:
    """Check the volumes and mount points of a task definition. Raises ClientException."""
    names = [volume.name for volume in definition.volumes]
    for volume in definition.volumes:
        _check_volume(volume)
    if len(set(names)) < len(names):
        raise ClientException("Volume names must be unique within a task definition.")
    for container in definition.container_definitions:
        _check_mounts(container, names)
        _check_volumes_from(container, definition)
    check_storage(definition.ephemeral_storage)


def _check_volume(volume: Volume) -> None:
    if not volume.name:
        raise ClientException("Volume.name should not be null or empty.")
    if not NAME.fullmatch(volume.name):
        raise ClientException("Volume.name contains invalid characters.")
    docker, efs, path = volume.docker_volume_configuration, volume.efs_volume_configuration, volume.source_path
    if sum(configuration is not None for configuration in (docker, efs, path)) > 1:
        raise ClientException(
            f"Volume '{volume.name}' can have one of a host path, a dockerVolumeConfiguration and an"
            " efsVolumeConfiguration."
        )
    if path is not None and (not path.startswith("/") or ".." in path.split("/") or not path.isprintable()):
        raise ClientException(f"Invalid 'host.sourcePath' for volume '{volume.name}': it must be an absolute path.")
    if docker is not None:
        _check_docker(volume, docker)
    if efs is not None:
        _check_efs(volume, efs)


def _check_docker(volume: Volume, docker: DockerVolume) -> None:
    if docker.driver not in {None, "local"}:
        raise unsupported_value(
            "dockerVolumeConfiguration.driver", docker.driver, "volumes are directories", ClientException
        )
    if docker.autoprovision is not None and not volume.shared:
        raise ClientException(
            f"Invalid 'dockerVolumeConfiguration' for volume '{volume.name}': autoprovision needs the scope shared."
        )


def _check_efs(volume: Volume, efs: EfsVolume) -> None:
    """Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html"""
    authorization, place = efs.authorization_config or EfsAuthorization(), f"for volume '{volume.name}'"
    if not _FILE_SYSTEM.fullmatch(efs.file_system_id):
        raise ClientException(f"Invalid 'efsVolumeConfiguration.fileSystemId' {place}: {efs.file_system_id[:100]!r}.")
    if efs.access_point is not None and not _ACCESS_POINT.fullmatch(efs.access_point):
        raise ClientException(f"Invalid 'authorizationConfig.accessPointId' {place}: {efs.access_point[:100]!r}.")
    if efs.access_point is not None and efs.root_directory != "/":
        raise ClientException(
            'When using an EFS access point, the root directory must either be set to "/" or be omitted.'
        )
    if (efs.access_point is not None or authorization.iam == "ENABLED") and efs.transit_encryption != "ENABLED":
        raise ClientException(
            f"Invalid 'efsVolumeConfiguration' {place}: transitEncryption must be ENABLED when an access point or IAM"
            " authorization is used."
        )
    if efs.transit_encryption_port is not None and efs.transit_encryption_port not in _PORTS:
        raise ClientException(f"Invalid 'efsVolumeConfiguration.transitEncryptionPort' {place}: a port is 1 to 65535.")
    root = efs.root_directory
    if not root.startswith("/") or ".." in root.split("/") or not root.isprintable() or len(root) > _LONGEST_ROOT:
        raise ClientException(f"Invalid 'efsVolumeConfiguration.rootDirectory' {place}: it must be an absolute path.")


def _check_mounts(container: ContainerDefinition, volumes: list[str]) -> None:
    paths = [point.container_path for point in container.mount_points]
    for point in container.mount_points:
        if point.source_volume not in volumes:
            raise ClientException(f"Unknown volume '{point.source_volume}'.")
        if not is_inner_path(point.container_path):
            raise ClientException(
                f"Invalid setting for container '{container.name}'. 'mountPoints.containerPath' can't be"
                f" {point.container_path!r}."
            )
    if len(set(paths)) < len(paths):
        raise ClientException(f"Invalid setting for container '{container.name}'. Two mount points have one path.")


def _check_volumes_from(container: ContainerDefinition, definition: TaskDefinition) -> None:
    for source in container.volumes_from:
        if source.source_container == container.name or definition.container(source.source_container) is None:
            raise ClientException(
                f"Invalid setting for container '{container.name}'. 'volumesFrom' names"
                f" '{source.source_container}', which is no other container of the task."
            )
    sources_by_container = {
        c.name: {b.source_container for b in c.volumes_from} for c in definition.container_definitions
    }
    while free := {name for name, sources in sources_by_container.items() if not sources & sources_by_container.keys()}:
        sources_by_container = {name: sources for name, sources in sources_by_container.items() if name not in free}
    if sources_by_container:
        raise ClientException(f"Containers mount each other's volumes: {', '.join(sorted(sources_by_container))}.")


def check_storage(storage: EphemeralStorage | None, fault: type[ClientFault] = ClientException) -> None:
    """Raises ``fault`` for an ephemeral storage size that AWS does not allow."""
    if storage is not None and storage.size_in_gi_b < _STORAGE.start:
        raise fault(f"EphemeralStorage size should be at least {_STORAGE.start}")
    if storage is not None and storage.size_in_gi_b >= _STORAGE.stop:
        raise fault(f"EphemeralStorage size should be at most {_STORAGE.stop - 1}")
