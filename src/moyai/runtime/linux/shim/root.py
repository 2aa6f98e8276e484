"""A container's file system: an overlay over read-only layers, and only what belongs to it on top.

Promise: after ``enter`` the process and all its children see nothing of the host but what the order
names. Masks keep out the host's ``/run`` and moyai's own files; ``/proc`` and ``/sys`` are closed where
Docker closes them, because root in a container without a user namespace is still uid 0. No device nodes
work but those of the container's own ``/dev``. All mounts live in the container's mount namespace and
end with it, so nothing is ever left to unmount.
Source: https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md (default filesystems and devices),
https://github.com/moby/moby/blob/master/daemon/pkg/oci/defaults.go (masked and read-only paths)
"""

from __future__ import annotations

import _socket
import fcntl
import os
import stat

from moyai.runtime.linux.shim import disk, paths, syscalls
from moyai.runtime.linux.shim.order import BIND_READ_ONLY, COPY, EMPTY, EMPTY_READ_ONLY, Order
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT

_SAFE = MS_NOSUID | MS_NODEV
_SEALED = _SAFE | MS_NOEXEC
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_DEVICES = (("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0))
_DEVICE_LINKS = (
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
)
_HIDDEN = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
_PROCESSORS = "/sys/devices/system/cpu"
_FIXED = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def enter(order: Order, shared_memory: int, shared_proc: int) -> None:
    """Make the order's root the root of this process, which must be alone in a new mount namespace.

    ``shared_memory``, ``shared_proc``: a /dev/shm and a /proc that are another's, too, as ``open_tree`` gives them;
    -1 = it has one of its own.
    """
    syscalls.mount(None, "/", None, MS_REC | syscalls.MS_SLAVE)
    home = disk.mount(order) if order.disk else order.directory
    sources = [_source(order, home, kind, source) for kind, source, _ in order.mounts]
    volumes = [paths.below(base, way) for base, way, _, _, _ in order.volumes]
    root = order.directory + "/root"
    os.makedirs(root, exist_ok=True)  # noqa: PTH103 - no pathlib in a keeper
    if order.layers:
        _overlay(order, root, home)
    else:
        syscalls.mount("moyai", root, "tmpfs", _SAFE, "mode=0755,size=1m")
    os.chdir(root)
    syscalls.pivot_root_here()
    _system(order.shared_memory, shared_memory)
    for fd, (kind, _, target) in zip(sources, order.mounts, strict=True):
        if fd < 0:
            _empty(target, read_only=kind == EMPTY_READ_ONLY)
        else:
            _bind(fd, target, read_only=kind == BIND_READ_ONLY)
            os.close(fd)
    for target, flags, options in order.tmpfs:
        _mount_at(paths.inside(target, directory=True), "tmpfs", flags, options)
    for fd, (_, _, target, read_only, own) in zip(volumes, order.volumes, strict=True):
        _volume(fd, target, read_only=read_only, own=own)
    for name, text in order.sysctls:
        _control(name, text)
    if shared_proc >= 0:  # so far it was this process's own, which is outside of the shared namespace
        syscalls.umount("/proc")
        syscalls.move_mount(shared_proc, "/proc")
    _close_kernel_files()
    syscalls.umount(".")
    os.chdir("/")
    if order.read_only:
        masks = [target for kind, _, target in order.mounts if kind == EMPTY and os.path.isdir(target)]  # noqa: PTH112
        for target in ("/", *masks):  # now that everything has its place in them
            syscalls.mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | _SAFE)


def _source(order: Order, home: str, kind: str, source: str) -> int:
    """What is to be bound; -1 = nothing. ``home``: the container's own place."""
    if kind in {EMPTY, EMPTY_READ_ONLY}:
        return -1
    if kind == COPY and order.disk:
        source = disk.copy(source, order.directory, home)
    return os.open(source, os.O_PATH | os.O_CLOEXEC)


def _overlay(order: Order, root: str, home: str) -> None:
    """Mount the layers with a writable one on top: in ``home``, or in memory where that can't be an overlay's upper
    layer (it is an overlay itself, as inside a Docker container).
    """
    *upper_layers, bottom = order.layers
    layers = [*(_apart(layer, f"{order.directory}/layer-{n}") for n, layer in enumerate(upper_layers)), bottom]
    lower = ":".join(_escape(layer) for layer in layers)
    try:
        _mount_overlay(lower, home, root)
    except OSError:
        memory = order.directory + "/memory"
        os.makedirs(memory, exist_ok=True)  # noqa: PTH103
        syscalls.mount("moyai", memory, "tmpfs", _SAFE)
        _mount_overlay(lower, memory, root)


def _apart(layer: str, place: str) -> str:
    """Show a layer as a file system of its own: an overlay refuses one that lies within another, as all lie in /."""
    for name in ("/nothing", "/shown"):
        os.makedirs(place + name, exist_ok=True)  # noqa: PTH103
    syscalls.mount("overlay", place + "/shown", "overlay", _SAFE, f"lowerdir={_escape(layer)}:{_escape(place)}/nothing")
    return place + "/shown"


def _mount_overlay(lower: str, home: str, root: str) -> None:
    for name in ("upper", "work"):
        os.makedirs(f"{home}/{name}", exist_ok=True)  # noqa: PTH103
    mark = f"{home}/work/work/incompat/volatile"  # left by the run before: not synced, but the machine went on
    if os.path.isdir(mark):  # noqa: PTH112
        for name in os.listdir(mark):  # noqa: PTH208
            os.unlink(f"{mark}/{name}")  # noqa: PTH108
        os.rmdir(mark)  # noqa: PTH106
    options = f"lowerdir={lower},upperdir={_escape(home)}/upper,workdir={_escape(home)}/work"
    try:  # volatile: the layer dies with the container, so nobody needs it synced when it is unmounted
        syscalls.mount("overlay", root, "overlay", MS_NODEV, options + ",volatile")
    except OSError:
        syscalls.mount("overlay", root, "overlay", MS_NODEV, options)


def _escape(path: str) -> str:
    for character in "\\:,":
        path = path.replace(character, "\\" + character)
    return path


def _system(size: str, shared_memory: int) -> None:
    """/proc, /dev and /sys, which every container has."""
    _directory("/proc")
    syscalls.mount("proc", "/proc", "proc", _SEALED)
    _mount_at(paths.inside("/dev", directory=True), "tmpfs", MS_NOSUID, "mode=0755,size=64k")
    before = os.umask(0)
    for name, major, minor in _DEVICES:
        os.mknod(f"/dev/{name}", stat.S_IFCHR | 0o666, os.makedev(major, minor))
    for name, target in _DEVICE_LINKS:
        os.symlink(target, f"/dev/{name}")  # noqa: PTH211
    os.umask(before)
    for name in ("pts", "shm"):
        os.mkdir(f"/dev/{name}")  # noqa: PTH102
    syscalls.mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    if shared_memory < 0:
        syscalls.mount("shm", "/dev/shm", "tmpfs", _SEALED, f"mode=1777,size={size}")  # noqa: S108
    else:
        syscalls.move_mount(shared_memory, "/dev/shm")  # noqa: S108
        os.close(shared_memory)
    _mount_at(paths.inside("/sys", directory=True), "sysfs", _SEALED | MS_RDONLY)


def _bind(fd: int, target: str, *, read_only: bool) -> None:
    """Show a file or directory of the host at ``target``."""
    directory = stat.S_ISDIR(os.fstat(fd).st_mode)
    _show(fd, target, MS_BIND | MS_REC, directory=directory)
    if read_only:
        _restrict(target, _SAFE | MS_RDONLY, directory=directory)


def _restrict(target: str, flags: int, *, directory: bool) -> None:
    place = paths.inside(target, directory=directory)
    syscalls.mount(None, _held(place), None, MS_REMOUNT | MS_BIND | flags)
    os.close(place)


def _volume(fd: int, target: str, *, read_only: bool, own: bool) -> None:
    """Show a volume at ``target``, without what is mounted inside it on the host: that could not be made read-only."""
    directory = stat.S_ISDIR(os.fstat(fd).st_mode)
    if own and next(os.scandir(_held(fd)), None) is None:
        place = paths.inside(target, directory=directory)
        image = os.fstat(place)
        os.close(place)
        os.chown(_held(fd), image.st_uid, image.st_gid)
        os.chmod(_held(fd), stat.S_IMODE(image.st_mode))  # noqa: PTH101
    _show(fd, target, MS_BIND, directory=directory)
    os.close(fd)
    _restrict(target, _SAFE | (MS_RDONLY if read_only else 0), directory=directory)


def _show(fd: int, target: str, flags: int, *, directory: bool) -> None:
    place = paths.inside(target, directory=directory)
    try:
        syscalls.mount(_held(fd), _held(place), None, flags)
    except OSError as error:  # the container has something else there
        raise OSError(error.errno, error.strerror, target) from error
    os.close(place)


def _mount_at(place: int, kind: str, flags: int, options: str | None = None) -> None:
    syscalls.mount("moyai", _held(place), kind, flags, options)
    os.close(place)


def _held(fd: int) -> str:
    return f"/proc/self/fd/{fd}"


def _control(name: str, text: str) -> None:
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write(text)
    except OSError as error:
        raise OSError(error.errno, f"sysctl {name.replace('/', '.')}: {error.strerror}") from error


def show_console(terminal: str) -> None:
    """Make this terminal the container's /dev/console."""
    os.close(paths.inside("/dev/console", directory=False))
    syscalls.mount(terminal, "/dev/console", None, MS_BIND)


def leave_networks() -> None:
    """A network namespace of this process's own, in which only loopback is up."""
    syscalls.unshare(syscalls.CLONE_NEWNET)
    link = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    fcntl.ioctl(link, _SIOCSIFFLAGS, b"lo".ljust(16, b"\0") + _IFF_UP.to_bytes(2, "little") + bytes(22))
    link.close()


def _directory(path: str) -> None:
    if not os.path.isdir(path):  # noqa: PTH112
        os.makedirs(path)  # noqa: PTH103


def _empty(target: str, *, read_only: bool) -> None:
    """Cover a directory with an empty one. ``/tmp`` stays open to all, as everywhere."""
    if not os.path.isdir(target):  # noqa: PTH112
        return
    mode = "1777" if target.endswith("/tmp") else "0755"  # noqa: S108 - a path inside the container
    syscalls.mount("tmpfs", target, "tmpfs", _SAFE | (MS_RDONLY if read_only else 0), f"mode={mode}")


def _close_kernel_files() -> None:
    for path in (*_HIDDEN, *throttle_directories(_PROCESSORS)):
        if os.path.isdir(path):  # noqa: PTH112
            syscalls.mount("tmpfs", path, "tmpfs", _SEALED | MS_RDONLY, "size=0")
        elif os.path.exists(path):  # noqa: PTH110
            syscalls.mount("/dev/null", path, None, MS_BIND)
    for path in _FIXED:
        if os.path.exists(path):  # noqa: PTH110
            syscalls.mount(path, path, None, MS_BIND | MS_REC)
            syscalls.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | _SEALED)


def throttle_directories(processors: str) -> list[str]:
    """Where each of the machine's processors would say how often it was too hot: what others run can be seen in it."""
    if not os.path.isdir(processors):  # noqa: PTH112
        return []
    names = os.listdir(processors)  # noqa: PTH208
    return [f"{processors}/{name}/thermal_throttle" for name in names if name[:3] == "cpu" and name[3:].isdecimal()]
