"""The Linux calls that Python 3.11 does not have, as functions that raise OSError.

Monitors and the control plane use them. The numbers are those of the kernel's userspace headers (linux/mount.h,
sched.h, prctl.h). Except for those of ``seccomp``, ``clone`` and ``setresuid`` they are the same on every architecture
for which there is an Envoy.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from types import MappingProxyType

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
_CLONE_VM, _CLONE_PARENT, _CLONE_PARENT_SETTID = 0x00000100, 0x00008000, 0x00100000
_CLONE = MappingProxyType({"x86_64": 56, "aarch64": 220})
_CLONE3, _CLONE_INTO_CGROUP = 435, 0x200000000
_SETRESUID = MappingProxyType({"x86_64": 117, "aarch64": 147})

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_SYNCHRONOUS = 0x10
MS_REMOUNT = 0x20
MS_DIRSYNC = 0x80
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MS_SHARED = 0x100000
MS_RELATIME = 0x200000
MS_STRICTATIME = 0x1000000
MNT_DETACH = 0x2

SIGKILL, SIGTERM, SIGCHLD = 9, 15, 17

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP = MappingProxyType({"x86_64": 317, "aarch64": 277})
_SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 4
_BPF_STEP_BYTES = 8
_SIG_SETMASK = 2
_ARG_START = 45
"""The index of ``arg_start`` in ``/proc/PID/stat`` after the process's name; proc_pid_stat(5)."""
_SIG_IGN = ctypes.c_void_p(1)
_SFD_CLOEXEC, _SFD_NONBLOCK = 0o2000000, 0o4000
_SIGSET_BYTES = 128

_PIDFD_SEND_SIGNAL = 424
_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT = 0x2, 0x4, 0x8, 0x10


_libc = ctypes.CDLL(None, use_errno=True)
_libc_with_lock = ctypes.PyDLL(None, use_errno=True)
"""The same library, whose functions are called with the interpreter's lock held."""


def check(result: int, subject: str) -> int:
    """The result of a libc function; raises OSError when it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), subject)
    return result


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else os.fsencode(text)


def unshare(flags: int) -> None:
    """Give the calling thread new namespaces."""
    check(_libc.unshare(flags), "unshare")


class _OpenHow(ctypes.Structure):
    """``struct open_how``."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def openat2(directory: int, path: str, flags: int, resolve: int) -> int:
    """Open a path relative to a directory, within the restrictions of ``resolve`` (RESOLVE_*)."""
    open_how = _OpenHow(flags, 0, resolve)
    size = ctypes.c_size_t(ctypes.sizeof(open_how))
    fd = _libc.syscall(ctypes.c_long(_OPENAT2), directory, os.fsencode(path), ctypes.byref(open_how), size)
    return check(fd, path)


def sleep_in_new_namespaces(flags: int, stack: ctypes.Array[ctypes.c_char], seconds: int) -> int:
    """Start a child that has the new namespaces of ``flags`` and only sleeps. Returns its pid.

    It shares this process's memory, as with ``vfork``, and runs nothing but libc's ``sleep`` on ``stack``, which must
    exist until it has ended. So a process with threads can start it.
    """
    top = (ctypes.addressof(stack) + len(stack)) & ~0xF
    function = ctypes.cast(_libc.sleep, ctypes.c_void_p)
    words = ctypes.c_void_p(top), ctypes.c_int(flags | _CLONE_VM | SIGCHLD), ctypes.c_void_p(seconds)
    return check(_libc.clone(function, *words), "clone")


def set_effective_user_of_thread(user: int) -> None:
    """Change the effective user of the calling thread alone, unlike libc's function. It keeps its capabilities, but
    with another user than 0 none is effective.
    """
    unchanged = ctypes.c_long(-1)
    call = _SETRESUID.get(os.uname().machine)
    if call is None:
        raise OSError(errno.ENOSYS, "the number of setresuid(2) is not known for this processor")
    check(_libc.syscall(ctypes.c_long(call), unchanged, ctypes.c_long(user), unchanged), "setresuid")


def set_file_owner(user: int) -> None:
    """Make this user and group the owner of files that this process creates. It keeps its capabilities, but those that
    concern files are no longer effective.
    """
    _libc.setfsgid(user)
    _libc.setfsuid(user)


def setns(fd: int, kind: int) -> None:
    """Move the calling thread (for CLONE_NEWPID: its children) into the namespace behind ``fd``."""
    check(_libc.setns(fd, kind), "setns")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """``mount(2)``."""
    check(
        _libc.mount(_bytes(source), _bytes(target), _bytes(kind), ctypes.c_ulong(flags), _bytes(options)),
        f"mount {target}",
    )


def umount(target: str) -> None:
    """Detach a mount now; it goes away when its last user does."""
    check(_libc.umount2(_bytes(target), MNT_DETACH), f"umount {target}")


def pivot_root_here() -> None:
    """Make the working directory the root, with the old root stacked on it; ``umount('.')`` then drops the old one."""
    check(_libc.pivot_root(b".", b"."), "pivot_root")


def set_host_name(name: str) -> None:
    """Set the host name of the calling process's UTS namespace."""
    raw = os.fsencode(name)
    check(_libc.sethostname(raw, len(raw)), "sethostname")


def prctl(option: int, first: int, second: int = 0) -> None:
    """``prctl(2)``."""
    words = [ctypes.c_ulong(n) for n in (first, second, 0, 0)]
    check(_libc.prctl(option, *words), "prctl")


def fork_sibling(page: mmap.mmap) -> int:
    """``fork`` a child of this process's parent. Returns 0 in the child and its pid here. Only for a single thread.

    The kernel writes the pid to the beginning of the page before the child runs.
    """
    call = _CLONE.get(os.uname().machine)
    if call is None:
        raise OSError(errno.ENOSYS, "the number of clone(2) is not known for this processor")
    flags = ctypes.c_ulong(_CLONE_PARENT | _CLONE_PARENT_SETTID | SIGCHLD)
    place = ctypes.byref(ctypes.c_int.from_buffer(page))
    nothing = ctypes.c_ulong(0)
    return check(_libc_with_lock.syscall(ctypes.c_long(call), flags, nothing, place, nothing, nothing), "clone")


def fork_into_group(group: int) -> int:
    """``fork`` a child that is in a control group of version 2 from its first instruction on. Returns as ``fork`` does.
    Only for a single thread. ``group``: a descriptor of the group's directory. Raises OSError, also before Linux 5.7.
    """
    arguments = _CloneArguments(flags=_CLONE_INTO_CGROUP, exit_signal=SIGCHLD, cgroup=group)
    size = ctypes.c_size_t(ctypes.sizeof(arguments))
    return check(_libc_with_lock.syscall(ctypes.c_long(_CLONE3), ctypes.byref(arguments), size), "clone3")


class _CloneArguments(ctypes.Structure):
    """``struct clone_args``."""

    _fields_ = tuple(
        (name, ctypes.c_uint64)
        for name in (
            *("flags", "pidfd", "child_tid", "parent_tid", "exit_signal", "stack", "stack_size", "tls"),
            *("set_tid", "set_tid_size", "cgroup"),
        )
    )


def die_with_parent() -> None:
    """Let the kernel send SIGKILL when the parent dies. A change of user clears this, so call it afterwards."""
    prctl(_PR_SET_PDEATHSIG, SIGKILL)


def no_new_privileges() -> None:
    """From here on no ``exec`` gains anything: neither setuid bits nor file capabilities count."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_tracing() -> None:
    """Until the next ``exec``, forbid processes without SYS_PTRACE to trace this process and its forks, and to see
    their open files.
    """
    prctl(_PR_SET_DUMPABLE, 0)


def set_process_title(name: bytes) -> None:
    """Change the command line of this process to this name, if it is long enough for it."""
    with open("/proc/self/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no pathlib in a monitor
        fields = file.read().rpartition(")")[2].split()
    start, end = int(fields[_ARG_START]), int(fields[_ARG_START + 1])
    if end - start > len(name):
        ctypes.memset(start, 0, end - start)
        ctypes.memmove(start, name, len(name))


class _SockFprog(ctypes.Structure):
    """``struct sock_fprog``."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def filter_calls(program: bytes) -> None:
    """Let the kernel filter every system call of this process and its children by a BPF program, for good.

    Needs ``no_new_privileges`` first, or the effective capability SYS_ADMIN in the own user namespace. Speculation
    stays enabled, as with libseccomp and Docker: the filter has no secrets.
    """
    program_struct = _SockFprog(len(program) // _BPF_STEP_BYTES, program)
    call = ctypes.c_long(_SECCOMP[os.uname().machine])
    flags = _SECCOMP_FILTER_FLAG_SPEC_ALLOW
    check(_libc.syscall(call, _SECCOMP_SET_MODE_FILTER, flags, ctypes.byref(program_struct)), "seccomp")


def _signal_set(numbers: tuple[int, ...]) -> ctypes.Array[ctypes.c_char]:
    signals = ctypes.create_string_buffer(_SIGSET_BYTES)
    _libc.sigemptyset(signals)
    for number in numbers:
        _libc.sigaddset(signals, number)
    return signals


def open_pidfd(pid: int) -> int:
    """A pidfd of a process. Raises ProcessLookupError if it has ended, also where a thread has its pid by now."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:  # a thread has it, in new and old kernels
            raise ProcessLookupError(errno.ESRCH, "no such process") from error
        raise


def kill(pidfd: int) -> None:
    """Kill the process of a pidfd. One that has ended already is no error."""
    if _libc.syscall(ctypes.c_long(_PIDFD_SEND_SIGNAL), pidfd, SIGKILL, None, 0) and ctypes.get_errno() != errno.ESRCH:
        check(-1, "pidfd_send_signal")


def adopt_orphans() -> None:
    """Become the parent of orphaned descendants, also when this process is not the first of its PID namespace."""
    prctl(_PR_SET_CHILD_SUBREAPER, 1)


def auto_reap_children() -> None:
    """Let the kernel reap this process's children as they end."""
    _libc.signal(SIGCHLD, _SIG_IGN)


def block_signals(numbers: tuple[int, ...]) -> None:
    """Make this the set of blocked signals."""
    check(_libc.sigprocmask(_SIG_SETMASK, _signal_set(numbers), None), "sigprocmask")


def signal_fd(numbers: tuple[int, ...], *, waits: bool = False) -> int:
    """A descriptor that becomes readable when one of these (blocked) signals arrives. ``waits``: reads block."""
    flags = _SFD_CLOEXEC if waits else _SFD_CLOEXEC | _SFD_NONBLOCK
    return check(_libc.signalfd(-1, _signal_set(numbers), flags), "signalfd")


def default_signals() -> None:
    """Reset the signals that the interpreter, or the shell that started the control plane, ignores, and those that the
    monitor blocks: an application expects the defaults.
    """
    for number in range(1, 65):
        _libc.signal(number, None)
    block_signals(())
