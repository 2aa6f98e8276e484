"""A container's root file system: an overlay over read-only layers, and the mounts that belong to it.

Promise: after ``enter`` the process and its children see nothing of the host but what the configuration names. Masks
hide the host's ``/run`` and moyai's own files. ``/proc`` and ``/sys`` are masked where Docker masks them, because root
in a container without a user namespace is still uid 0. No device nodes work but those of the container's own ``/dev``.
In a user namespace every file has an owner there: those of the image, of volumes and of ``/etc`` by mounts that map
ids, and those that are made here because this process makes them as the container's root.
All mounts are in the container's mount namespace and end with it, so nothing is ever left to unmount.
Source: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md (default filesystems and devices),
https://github.com/moby/moby/blob/master/daemon/pkg/oci/defaults.go (masked and read-only paths)
"""

from __future__ import annotations

import _socket
import fcntl
import os
import stat

from moyai.runtime.linux.shim import (
    control_groups,
    detached_mounts,
    identity,
    layers,
    safe_paths,
    syscalls,
    task_disk,
    user_namespace,
)
from moyai.runtime.linux.shim.access_point import IdMaps
from moyai.runtime.linux.shim.launch_config import (
    BIND,
    BIND_READ_ONLY,
    COPY,
    EMPTY,
    EMPTY_READ_ONLY,
    MAPPED_READ_ONLY,
    LaunchConfig,
    VolumeFields,
)
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT

_NO_DEVICES = MS_NOSUID | MS_NODEV
_NO_DEVICES_NO_EXEC = _NO_DEVICES | MS_NOEXEC
_TERMINAL_GROUP = 5
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
)
_MASKED = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware"),
    "/sys/devices/virtual/powercap",
)
_READ_ONLY_KINDS = frozenset({BIND_READ_ONLY, MAPPED_READ_ONLY})
_PROCESSORS = "/sys/devices/system/cpu"
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def enter(config: LaunchConfig, users: int, id_maps: IdMaps, shared_memory: int, shared_proc: int) -> None:
    """Make the configured root the root of this process, which must be alone in a new mount namespace.

    ``users``: a descriptor of the container's user namespace, in which this process is not yet; -1 = it has none.
    ``id_maps``: those of ``access_point.id_maps``.
    ``shared_memory``, ``shared_proc``: the /dev/shm and /proc of shared namespaces, as ``open_tree`` gives them;
    -1 = the container has its own.
    """
    syscalls.mount(None, "/", None, MS_REC | syscalls.MS_SLAVE)
    own_directory = task_disk.mount(config) if config.disk else config.directory
    sources = [_source(config, own_directory, users, kind, source) for kind, source, _ in config.mounts]
    volumes = [_open_volume(volume, users) for volume in config.volumes]
    groups = control_groups.open_groups(config)
    root = config.directory + "/root"
    os.makedirs(root, exist_ok=True)  # noqa: PTH103 - no pathlib in a monitor
    if config.layers:
        layers.mount(config, root, own_directory, users)
    else:
        syscalls.mount("moyai", root, "tmpfs", _NO_DEVICES, f"mode=0755,size=1m,uid={config.users},gid={config.users}")
    os.chdir(root)
    syscalls.pivot_root_here()
    syscalls.umount(".")  # before any path of the image is resolved: its ".." would lead to the machine's root
    os.chdir("/")
    user_namespace.own_new_files(config)
    _mount_system_directories(config, shared_memory)
    control_groups.show(config, groups)
    for fd, (kind, _, target) in zip(sources, config.mounts, strict=True):
        if fd < 0:
            _mask(target, read_only=kind == EMPTY_READ_ONLY)
        else:
            _mount_source(fd, target, read_only=kind in _READ_ONLY_KINDS or (kind == COPY and config.read_only))
    for target, flags, options in config.tmpfs:
        _mount_at(safe_paths.open_inside(target, directory=True), "tmpfs", flags, options)
    _map_access_points(config, volumes, id_maps, users)
    for fd, volume in zip(volumes, config.volumes, strict=True):
        _mount_volume(fd, volume, config.users)
    _mount_on_themselves(config.image_volumes)
    for name, text in config.sysctls:
        _set_sysctl(name, text)
    if shared_proc >= 0:  # until here /proc was that of this process, which is outside of the shared namespace
        syscalls.umount("/proc")
        detached_mounts.move_mount(shared_proc, "/proc")
    _restrict_kernel_files()


def make_read_only(config: LaunchConfig) -> None:
    """Make the root read-only, after the last mount and directory in it, if it is to be."""
    if not config.read_only:
        return
    masks = [target for kind, _, target in config.mounts if kind == EMPTY and os.path.isdir(target)]  # noqa: PTH112
    for target, flags in (("/", MS_NODEV), *((mask, _NO_DEVICES) for mask in masks)):
        syscalls.mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | flags)


def _open_volume(volume: VolumeFields, users: int) -> int:
    """A detached mount of a volume; through an access point without the ids of the user namespace."""
    base, relative, *_, user = volume
    directory = safe_paths.open_below(base, relative, make=user is None)
    return user_namespace.copy_mount(directory, -1 if user else users, recursive=False)


def _map_access_points(config: LaunchConfig, volumes: list[int], id_maps: IdMaps, users: int) -> None:
    """Map the ids of detached mounts through access points, now that the container's users can be looked up."""
    through_access_points = [(fd, user) for fd, (*_, user) in zip(volumes, config.volumes, strict=True) if user]
    if not through_access_points:
        return
    owner = identity.container_account(config, users)
    for id_map, (fd, user) in zip(id_maps, through_access_points, strict=True):
        id_map.apply(fd, config.users, user, owner.uid, owner.gid)


def _source(config: LaunchConfig, own_directory: str, users: int, kind: str, source: str) -> int:
    """A detached mount of a source of ``config.mounts``; -1 for a mask. ``own_directory``: the container's, on the disk
    of the task if it has one.
    """
    if kind in {EMPTY, EMPTY_READ_ONLY}:
        return -1
    if kind == COPY and config.disk:
        source = task_disk.copy(source, config.directory, own_directory)
    is_bind = kind in {BIND, BIND_READ_ONLY}
    return user_namespace.copy_mount(
        os.open(source, os.O_PATH | os.O_CLOEXEC), -1 if is_bind else users, recursive=is_bind
    )


def _mount_system_directories(config: LaunchConfig, shared_memory: int) -> None:
    """Mount /proc, /dev and /sys."""
    _make_directory("/proc")
    syscalls.mount("proc", "/proc", "proc", _NO_DEVICES_NO_EXEC)
    _mount_at(safe_paths.open_inside("/dev", directory=True), "tmpfs", MS_NOSUID, "mode=0755,size=64k")
    before = os.umask(0)
    for name, major, minor in _DEVICES:
        os.mknod(f"/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
    for name, target in _DEVICE_LINKS:
        os.symlink(target, f"/dev/{name}")  # noqa: PTH211
    os.umask(before)
    for name in ("pts", "shm", "mqueue"):
        os.mkdir(f"/dev/{name}")  # noqa: PTH102
    terminals = f"newinstance,ptmxmode=0666,mode=0620,gid={config.users + _TERMINAL_GROUP}"
    syscalls.mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, terminals)
    for path in ("/dev/pts", "/dev/pts/ptmx"):
        os.chown(path, config.users, config.users)
    syscalls.mount("mqueue", "/dev/mqueue", "mqueue", _NO_DEVICES_NO_EXEC)
    os.chown("/dev/mqueue", config.users, config.users)
    if shared_memory < 0:
        size = f"mode=1777,size={config.shared_memory}"
        syscalls.mount("shm", "/dev/shm", "tmpfs", _NO_DEVICES_NO_EXEC, size)  # noqa: S108
    else:
        detached_mounts.move_mount(shared_memory, "/dev/shm")  # noqa: S108
        os.close(shared_memory)
    _mount_at(safe_paths.open_inside("/sys", directory=True), "sysfs", _NO_DEVICES_NO_EXEC | MS_RDONLY)


def _mount_source(tree: int, target: str, *, read_only: bool) -> None:
    """Move a detached mount to ``target``."""
    directory = _move_mount(tree, target)
    if read_only:
        _restrict(target, _NO_DEVICES | MS_RDONLY, directory=directory)


def _restrict(target: str, flags: int, *, directory: bool) -> None:
    target_fd = safe_paths.open_inside(target, directory=directory)
    syscalls.mount(None, _fd_path(target_fd), None, MS_REMOUNT | MS_BIND | flags)
    os.close(target_fd)


def _mount_volume(tree: int, volume: VolumeFields, users: int) -> None:
    """Move the detached mount of a volume to its target. ``volume``, ``users``: see ``LaunchConfig``."""
    _, _, target, read_only, is_own, is_public, _ = volume
    if is_own:
        _own_volume(tree, target, users, is_public=is_public)
    directory = _move_mount(tree, target)
    _restrict(target, _NO_DEVICES | (MS_RDONLY if read_only else 0), directory=directory)


def _own_volume(tree: int, target: str, users: int, *, is_public: bool) -> None:
    """Give a volume of moyai's the owner and mode of the image's directory at its target, while it is empty.

    ``tree``: its detached mount; ``users``, ``is_public``: see ``LaunchConfig``.
    """
    if next(os.scandir(_fd_path(tree)), None) is not None:
        return
    target_fd = safe_paths.open_inside(target, directory=True)
    image = os.fstat(target_fd)
    os.close(target_fd)
    if not users or all(0 <= owner - users < user_namespace.IDS for owner in (image.st_uid, image.st_gid)):
        os.chown(_fd_path(tree), image.st_uid, image.st_gid)
    os.chmod(_fd_path(tree), 0o1777 if is_public else stat.S_IMODE(image.st_mode))  # noqa: PTH101


def _mount_on_themselves(directories: tuple[str, ...]) -> None:
    """Make each directory a mount of its own, so that it stays writable when the root becomes read-only."""
    for target in directories:
        target_fd = safe_paths.open_inside(target, directory=True)
        syscalls.mount(_fd_path(target_fd), _fd_path(target_fd), None, MS_BIND)
        os.close(target_fd)


def _move_mount(tree: int, target: str) -> bool:
    """Move a detached mount to ``target`` and close its descriptor. Returns whether it is one of a directory."""
    directory = stat.S_ISDIR(os.fstat(tree).st_mode)
    target_fd = safe_paths.open_inside(target, directory=directory)
    try:
        detached_mounts.move_mount(tree, "", target_fd)
    except OSError as error:  # a file at the target of a directory, or the reverse
        raise OSError(error.errno, error.strerror, target) from error
    os.close(target_fd)
    os.close(tree)
    return directory


def _mount_at(target_fd: int, kind: str, flags: int, options: str | None = None) -> None:
    syscalls.mount("moyai", _fd_path(target_fd), kind, flags, options)
    os.close(target_fd)


def _fd_path(fd: int) -> str:
    return f"/proc/self/fd/{fd}"


def _set_sysctl(name: str, text: str) -> None:
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    except OSError as error:
        raise OSError(error.errno, f"sysctl {name.replace('/', '.')}: {error.strerror}") from error


def show_console(terminal: str) -> None:
    """Make this terminal the container's /dev/console."""
    os.close(safe_paths.open_inside("/dev/console", directory=False))
    syscalls.mount(terminal, "/dev/console", None, MS_BIND)


def leave_networks() -> None:
    """Enter a new network namespace, in which only loopback is up and any user may listen on any port."""
    syscalls.unshare(syscalls.CLONE_NEWNET)
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", "w", encoding="ascii") as file:  # noqa: PTH123
        file.write("0")
    link = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(link, _SIOCSIFFLAGS, b"lo".ljust(16, b"\0") + _IFF_UP.to_bytes(2, "little") + bytes(22))
    link.close()


def _make_directory(path: str) -> None:
    if not os.path.isdir(path):  # noqa: PTH112
        os.makedirs(path)  # noqa: PTH103


def _mask(target: str, *, read_only: bool) -> None:
    """Cover a directory with an empty one. ``/tmp`` is writable for all users, as everywhere."""
    if not os.path.isdir(target):  # noqa: PTH112
        return
    mode = "1777" if target.endswith("/tmp") else "0755"  # noqa: S108 - a path inside the container
    syscalls.mount("tmpfs", target, "tmpfs", _NO_DEVICES | (MS_RDONLY if read_only else 0), f"mode={mode}")


def _restrict_kernel_files() -> None:
    for path in (*_MASKED, *throttle_directories(_PROCESSORS)):
        if os.path.isdir(path):  # noqa: PTH112
            syscalls.mount("tmpfs", path, "tmpfs", _NO_DEVICES_NO_EXEC | MS_RDONLY, "size=0")
        elif os.path.exists(path):  # noqa: PTH110
            syscalls.mount("/dev/null", path, None, MS_BIND)
    for path in _READ_ONLY:
        if os.path.exists(path):  # noqa: PTH110
            syscalls.mount(path, path, None, MS_BIND | MS_REC)
            syscalls.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | _NO_DEVICES_NO_EXEC)


def throttle_directories(processors: str) -> list[str]:
    """The directories with the thermal counters of processors, which reveal the load of other containers."""
    if not os.path.isdir(processors):  # noqa: PTH112
        return []
    names = os.listdir(processors)  # noqa: PTH208
    return [f"{processors}/{name}/thermal_throttle" for name in names if name[:3] == "cpu" and name[3:].isdecimal()]
