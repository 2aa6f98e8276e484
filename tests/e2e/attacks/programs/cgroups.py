"""What a container that can mount finds in the cgroup hierarchies: its own groups, or those of the machine.

It has SYS_ADMIN, or it takes a user namespace where the kernel and the seccomp filter let it.
"""

from __future__ import annotations

import errno
import os
from functools import partial
from pathlib import Path

from tests.e2e.attacks.attempts import attempt, checked, libc

VICTIM = "moyai-attack-victim"
"""How the name of a group begins that is on the machine, outside of every container."""
BOUND = 128
"""MiB that the container may have."""
_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUSER = 0x20000, 0x2000000, 0x10000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_POINT = Path("/tmp")


def _isolate() -> None:
    """Have a mount namespace to mount in."""
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNS) < 0:
        checked(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWCGROUP))
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {uid} 1")
        Path("/proc/self/gid_map").write_text(f"0 {gid} 1")
    checked(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None))


def _mount(controllers: str) -> Path:
    """Mount a hierarchy; ``controllers`` as in /proc/self/cgroup, empty = version 2."""
    _isolate()
    kind, options = (b"cgroup", controllers.encode()) if controllers else (b"cgroup2", None)
    checked(libc.mount(b"attack", str(_POINT).encode(), kind, 0, options))
    return _POINT


def find_root(controllers: str) -> str:
    """See the root of the machine's hierarchy: only that one has no events, or a release agent."""
    top = _mount(controllers)
    if (top / "release_agent").exists() or not (controllers or (top / "cgroup.events").exists()):
        return ", ".join(sorted(path.name for path in top.iterdir() if path.is_dir()))
    raise PermissionError(errno.EPERM, "the root is the container's own group")


def find_victim(controllers: str) -> Path:
    """A group outside of every container."""
    found = sorted(_mount(controllers).rglob(f"{VICTIM}*"))
    if not found:
        raise FileNotFoundError(errno.ENOENT, "no foreign group")
    return found[0]


def kill_victim() -> None:
    """End what is in it."""
    (find_victim("") / "cgroup.kill").write_text("1")


def freeze_victim(controllers: str) -> None:
    """Stop what is in it."""
    name, text = ("freezer.state", "FROZEN") if controllers else ("cgroup.freeze", "1")
    (find_victim(controllers) / name).write_text(text)


def replace_release_agent(controllers: str) -> None:
    """Open the file that names a program which the kernel runs as the machine's root."""
    os.close(os.open(_mount(controllers) / "release_agent", os.O_WRONLY))


def exceed_memory(controllers: str) -> str:
    """Lift every bound that can be seen, then use twice the memory that the container may have."""
    top = _mount(controllers)
    for name, text in (("memory.memsw.limit_in_bytes", "-1"), ("memory.limit_in_bytes", "-1"), ("memory.max", "max")):
        for file in (top / name, *top.rglob(name)):
            if file.exists():
                file.write_text(text)
    return f"{len(bytearray(os.urandom(2 * BOUND * 1024 * 1024))) >> 20} MiB"


def main() -> None:
    """Try all of it."""
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    hierarchies = [line.split(":")[1] for line in lines]
    for controllers in hierarchies:
        attempt(f"see the machine's root: {controllers or 'v2'}", partial(find_root, controllers))
        attempt(f"open release_agent: {controllers or 'v2'}", partial(replace_release_agent, controllers))
    attempt("kill a foreign group", kill_victim)
    for controllers in {"", "freezer"} & set(hierarchies):
        attempt(f"freeze a foreign group: {controllers or 'v2'}", partial(freeze_victim, controllers))
    memory = next((c for c in hierarchies if "memory" in c.split(",")), "")
    attempt("exceed the memory bound", lambda: exceed_memory(memory))
    attempt("make a hierarchy: net_cls", lambda: _mount("net_cls"))
    attempt("make a hierarchy: perf_event", lambda: _mount("perf_event"))
    attempt("make a hierarchy: name", lambda: _mount("none,name=attack"))


if __name__ == "__main__":
    main()
