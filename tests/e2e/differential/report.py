"""Prints what a container's process finds about itself, a line of JSON for each fact. It runs in the image."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

_SIGNALS = [number for number in range(1, 65) if number not in {9, 19, 32, 33}]
_STATUS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp", "SigBlk", "SigIgn", "Groups")
_PATHS = (
    *(".", "/", "/dev", "/dev/null", "/dev/full", "/dev/tty", "/dev/fd", "/dev/stdout", "/dev/ptmx", "/dev/pts"),
    *("/dev/shm", "/dev/mqueue", "/etc", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc", "/proc/sys"),  # noqa: S108
    *("/proc/bus", "/sys", "/tmp", "/srv", "/srv/owned", "/etc/shadow", "/usr/bin/su", "/data"),  # noqa: S108
)
_OF_KERNEL = ("/proc", "/sys")
"""Their files have no owner in a user namespace."""


def facts() -> Iterator[tuple[str, object]]:
    """Each fact with its name."""
    yield "arguments", sys.argv[1:]
    yield "users", [*os.getresuid(), *os.getresgid()]
    yield "groups", sorted(os.getgroups())
    yield "directory", str(Path.cwd())
    umask = os.umask(0)
    os.umask(umask)
    yield "umask", oct(umask)
    own = os.getpid()
    yield "is the first process", own == 1
    yield "leads", {"group": os.getpgid(0) == own, "session": os.getsid(0) == own}
    yield "parent", os.getppid()
    yield "number of processes", sum(path.name.isdecimal() for path in Path("/proc").iterdir())
    yield "memory score", Path("/proc/self/oom_score_adj").read_text().strip()
    yield "scheduling", [os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0)]
    yield "host name", socket.gethostname()
    yield "ignored signals", [number for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    for name, text in os.environ.items():
        yield f"variable {name}", text
    for name in (name for name in dir(resource) if name.startswith("RLIMIT_")):
        yield name, resource.getrlimit(getattr(resource, name))
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    for name in _STATUS:
        yield name, status[name].strip()
    for descriptor in range(20):
        if kind := _kind(descriptor):
            yield f"descriptor {descriptor}", kind
    for path in _PATHS:
        yield f"file {path}", _file(path)


def _kind(descriptor: int) -> str:
    """The kind of an open file; empty if none is open."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return ""
    return stat.filemode(mode)[0] + (" terminal" if os.isatty(descriptor) else "")


def _file(path: str) -> str:
    """Type, mode, owner and device of a file, and how its file system is mounted."""
    try:
        status, mount = Path(path).lstat(), os.statvfs(path)
    except OSError as error:
        return str(error.strerror)
    names = ("RDONLY", "NOSUID", "NOEXEC") if stat.S_ISDIR(status.st_mode) else ("RDONLY",)
    flags = [name for name in names if mount.f_flag & getattr(os, f"ST_{name}")]
    owner = "" if path.startswith(_OF_KERNEL) else f"{status.st_uid}:{status.st_gid}"
    return " ".join([stat.filemode(status.st_mode), owner, str(status.st_rdev), *flags])


if __name__ == "__main__":
    for fact in facts():
        sys.stdout.write(json.dumps(fact) + "\n")
