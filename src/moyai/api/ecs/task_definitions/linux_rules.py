"""Rules of a container definition's Linux settings, with AWS's messages where they are known.

Promise: settings that no machine could provide are refused here; those that depend on the machine (devices, memory, its
owner's limits) are left to the runtime. All raise ClientException.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LinuxParameters.html
"""

from __future__ import annotations

import re

from moyai.api.ecs.unsupported import unsupported_value
from moyai.domain.ecs.container_settings import LinuxParameters, SystemControl, Tmpfs
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.task_definition import ContainerDefinition, IpcMode, NetworkMode, TaskDefinition
from moyai.domain.sandbox.linux import ALL, CAPABILITIES, TMPFS_FLAGS, TMPFS_VALUES, is_inner_path
from moyai.kernel.addresses import is_ip_address

_IPC_CONTROLS = frozenset(
    f"kernel.{name}" for name in ("msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced")
)
_CONTROL = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")
_CONTROL_VALUE = re.compile(r"[A-Za-z0-9 \t._-]{1,255}")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SWAPPINESS = range(101)
_NO_MODULES = "there are no AppArmor or SELinux profiles for containers here"


def check_linux(container: ContainerDefinition, definition: TaskDefinition) -> None:
    """Check the Linux settings of a container definition. Raises ClientException."""
    if container.linux_parameters is not None:
        _check_parameters(container.name, container.linux_parameters)
        size = container.linux_parameters.shared_memory_size
        if size is not None and definition.ipc_mode is IpcMode.HOST:
            reason = "with ipcMode=host, /dev/shm is the container instance's"
            raise unsupported_value("linuxParameters.sharedMemorySize", size, reason, ClientException)
    for control in container.system_controls:
        _check_control(container.name, control, definition)
    for option in container.docker_security_options or ():
        if option not in {"no-new-privileges", "no-new-privileges:true"}:
            raise unsupported_value("dockerSecurityOptions", option, _NO_MODULES, ClientException)
    _check_names(container)
    if definition.network_mode is NetworkMode.AWSVPC:
        _check_own_network(container)


def _check_parameters(container: str, parameters: LinuxParameters) -> None:
    capabilities = parameters.capabilities
    for name in () if capabilities is None else (*(capabilities.add or ()), *(capabilities.drop or ())):
        if name != ALL and name not in CAPABILITIES:
            raise _setting(container, f"'{name}' is not a Linux capability.")
    for member, size in (("sharedMemorySize", parameters.shared_memory_size), ("maxSwap", parameters.max_swap)):
        if size is not None and size < 0:
            raise _setting(container, f"'{member}' must not be negative.")
    if parameters.swappiness is not None and parameters.swappiness not in _SWAPPINESS:
        raise _setting(container, "'swappiness' must be between 0 and 100.")
    for tmpfs in parameters.tmpfs or ():
        _check_tmpfs(container, tmpfs)


def _check_tmpfs(container: str, tmpfs: Tmpfs) -> None:
    if not is_inner_path(tmpfs.container_path):
        raise _setting(container, f"'tmpfs.containerPath' can't be {tmpfs.container_path!r}.")
    if tmpfs.size < 1:
        raise _setting(container, "'tmpfs.size' must be at least 1 MiB.")
    for option in tmpfs.mount_options or ():
        name, equals, value = option.partition("=")
        pattern = TMPFS_VALUES.get(name)
        if option not in TMPFS_FLAGS and not (equals and pattern is not None and pattern.fullmatch(value)):
            reason = "a tmpfs takes ro, rw, suid, dev, exec, sync, dirsync, kinds of atime, mode, uid, gid, nr_inodes"
            raise unsupported_value("linuxParameters.tmpfs.mountOptions", option, reason, ClientException)


def _check_control(container: str, control: SystemControl, definition: TaskDefinition) -> None:
    name = control.namespace
    of_network = name.startswith("net.")
    of_ipc = name in _IPC_CONTROLS or name.startswith("fs.mqueue.")
    if not _CONTROL.fullmatch(name) or not (of_network or of_ipc):
        raise _setting(container, f"the system control '{name}' is not namespaced.")
    if not _CONTROL_VALUE.fullmatch(control.value):
        raise _setting(container, f"the value of the system control '{name}' is not valid.")
    if of_network and definition.network_mode is NetworkMode.HOST:
        raise _setting(container, f"the system control '{name}' is not supported when networkMode=host.")
    if of_ipc and definition.ipc_mode is IpcMode.HOST:
        raise _setting(container, f"the system control '{name}' is not supported when ipcMode=host.")


def _check_names(container: ContainerDefinition) -> None:
    for entry in container.extra_hosts or ():
        if not _HOST_NAME.fullmatch(entry.hostname) or not is_ip_address(entry.ip_address):
            raise _setting(container.name, f"'extraHosts' has no valid pair in {entry.hostname}:{entry.ip_address}.")
    for server in container.dns_servers or ():
        if not is_ip_address(server):
            raise _setting(container.name, f"'dnsServers' has {server!r}, which is not an IP address.")
    for name in (*(container.dns_search_domains or ()), *([container.hostname] if container.hostname else [])):
        if not _HOST_NAME.fullmatch(name):
            raise _setting(container.name, f"{name!r} is not a host name.")


def _check_own_network(container: ContainerDefinition) -> None:
    """Refuse host names and DNS settings: with awsvpc the task has them, not the container."""
    members = (
        ("hostname is", container.hostname),
        ("Extra hosts are", container.extra_hosts),
        ("DNS servers are", container.dns_servers),
        ("DNS search domains are", container.dns_search_domains),
        ("disableNetworking is", container.disable_networking),
    )
    for what, value in members:
        if value:
            raise ClientException(f"{what} not supported on container when networkMode=awsvpc.")


def _setting(container: str, what: str) -> ClientException:
    return ClientException(f"Invalid setting for container '{container}'. {what[0].upper()}{what[1:]}")
