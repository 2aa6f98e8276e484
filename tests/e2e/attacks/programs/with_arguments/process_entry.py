"""Attacks on processes that enter the running container: health checks and sessions.

Arguments: the number of processes to attack, a time limit in seconds, a file of the host that no container sees, the
device of that file, and the kinds of namespaces (``/proc/PID/ns``) that the processes must share with this program.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.e2e.attacks.attempts import attempt, check, libc

ENTER = "see processes enter"
READ = "read a file of the host through a process's root or directory"
RIGHTS = "find a process with capabilities beyond the container's"
FILTER = "find a process without a filter or the container's no_new_privs"
FILES = "reach a file, directory or namespace of the host through a process's descriptors"
LEAVE = "find a process in a namespace of the host"
PROGRAM = "open a process's program for writing"
MEMORY = "find the host's file name in a process's environment"
_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17  # sys/ptrace.h
_ALL_CHILDREN = 0x40000000  # __WALL
_OUTSIDE = ("mnt:[", "pid:[", "net:[", "ipc:[", "uts:[", "cgroup:[", "user:[", "time:[")
_OWN = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
"""Files of the host that the container is meant to see."""


class Observer:
    """Looks at each process that it sees; what it could do, with how."""

    def __init__(self, canary: str, device: int, common: list[str]) -> None:
        self._canary = canary.lstrip("/")
        self._device = device
        self._common = common
        self._own = {kind: _link(f"/proc/self/ns/{kind}") for kind in common}
        self._bounds = self._capabilities("self")
        self._before = {*_pids()}
        self.seen: set[int] = set()
        self.gains: dict[str, str] = {}

    def look(self) -> None:
        """Look at everybody else once, and take a second look at who can be stopped."""
        for pid in _pids():
            if pid == os.getpid():
                continue
            self.seen.add(pid)
            self._examine(pid)
            with contextlib.suppress(OSError), trace_process(pid):
                self._examine(pid)

    @property
    def entered_count(self) -> int:
        """How many came after this program."""
        return len(self.seen - self._before)

    def _examine(self, pid: int) -> None:
        for deed in (self._status, self._read, self._files, self._namespaces, self._program, self._environment):
            with contextlib.suppress(OSError, ValueError):
                deed(pid)

    def _gain(self, name: str, how: str) -> None:
        self.gains.setdefault(name, how)

    def _status(self, pid: int) -> None:
        fields = _status(pid)
        if fields["State"].startswith(("Z", "X")):
            return
        if beyond := self._capabilities(str(pid)) & ~self._bounds:
            self._gain(RIGHTS, f"{pid}: {beyond:x}")
        if fields["NoNewPrivs"] < _status(os.getpid())["NoNewPrivs"] or fields["Seccomp"] == "0":
            self._gain(FILTER, f"{pid}: NoNewPrivs {fields['NoNewPrivs']}, Seccomp {fields['Seccomp']}")

    def _capabilities(self, pid: str) -> int:
        fields = _status(pid)
        sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
        together = 0
        for name in sets:
            together |= int(fields[name], 16)
        return together

    def _read(self, pid: int) -> None:
        for way in ("root", "cwd"):
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/{way}/{self._canary}").read_bytes()
                self._gain(READ, f"/proc/{pid}/{way}")

    def _files(self, pid: int) -> None:
        for path in Path(f"/proc/{pid}/fd").iterdir():
            target = _link(path)
            of_host = path.stat().st_dev == self._device and target not in _OWN
            if of_host or target.startswith(_OUTSIDE):
                self._gain(FILES, f"{path} -> {target}")

    def _namespaces(self, pid: int) -> None:
        for kind in self._common:
            if (other := _link(f"/proc/{pid}/ns/{kind}")) != self._own[kind]:
                self._gain(LEAVE, f"{pid}: {other} is not {self._own[kind]}")

    def _program(self, pid: int) -> None:
        program = Path(f"/proc/{pid}/exe")
        if program.stat().st_dev == self._device:
            os.close(os.open(program, os.O_WRONLY))
            self._gain(PROGRAM, _link(program))

    def _environment(self, pid: int) -> None:
        for name in ("environ", "cmdline"):
            if self._canary.encode() in Path(f"/proc/{pid}/{name}").read_bytes():
                self._gain(MEMORY, f"/proc/{pid}/{name}")


@contextlib.contextmanager
def trace_process(pid: int) -> Iterator[None]:
    """A process while it is traced, and stopped. Raises OSError for one that can't be. It runs on afterwards, which it
    would not always do after PTRACE_ATTACH: that signal may still be on its way when the process is detached.
    """
    check(libc.ptrace(_SEIZE, pid, 0, 0))
    try:
        check(libc.ptrace(_INTERRUPT, pid, 0, 0))
        os.waitpid(pid, _ALL_CHILDREN)
        yield
    finally:
        libc.ptrace(_DETACH, pid, 0, 0)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _link(path: str | Path) -> str:
    return str(Path(path).readlink())


def _status(pid: str | int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _report(gains: dict[str, str], name: str) -> str:
    if name not in gains:
        raise PermissionError(errno.EPERM, name)
    return gains[name]


def main(wanted: str, seconds: str, canary: str, device: str, *common: str) -> None:
    """Look until enough have been seen."""
    observer = Observer(canary, int(device), list(common))
    end = time.monotonic() + float(seconds)
    while observer.entered_count < int(wanted) and time.monotonic() < end:
        observer.look()
    if observer.entered_count:
        observer.gains[ENTER] = f"{observer.entered_count} of them"
    for name in (ENTER, READ, RIGHTS, FILTER, FILES, LEAVE, PROGRAM, MEMORY):
        attempt(name, partial(_report, observer.gains, name))


if __name__ == "__main__":
    main(*sys.argv[1:])
