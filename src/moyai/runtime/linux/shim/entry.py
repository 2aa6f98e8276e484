"""A process that enters the namespaces of a container in which other processes may run already.

Promise: whatever the container's processes can see of it has the container's rights, from its first instruction on. An
outer process takes on the container's namespaces, files, user, capabilities and filter while it stays in this machine's
PID namespace, where no container can name it. Then it ends and leaves an inner process, which is born in the
container's PID namespace as a child of the same parent (CLONE_PARENT). The kernel writes the inner process's number
into a page that its parent reads and the inner process does not inherit, before the inner process runs: the parent
relies on nothing that a container says. The first process of a new PID namespace is alone in it and needs no inner one.
Source: https://man7.org/linux/man-pages/man2/clone.2.html, https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
"""

from __future__ import annotations

import mmap
import os
import select
import sys
import time
from collections.abc import Callable, Sequence

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import SIGKILL

NOT_STARTED = 127
_VERSION_2 = "/cgroup.procs"
"""The end of a file in ``LaunchConfig.processes`` that belongs to version 2."""
_MAX_REASON_BYTES = 4096
_NUMBER_BYTES = 4
_STANDARD_FILES = 3
_MAX_DESCRIPTORS = 4096


class EnteringProcess:
    """The parent's view of the process. Only the parent reaps it, so its pid is not reused before ``record_end``."""

    def __init__(self, processes: Sequence[str] = (), prepare: Callable[[], None] | None = None) -> None:
        """Fork the process. ``processes``: the files by which it joins control groups later (see ``LaunchConfig``);
        ``prepare``: called before each attempt to fork, of which there may be two. Raises OSError.
        """
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._was_killed = self._has_ended = False
        self._failure, writing = os.pipe()
        self.child: EnteringChild | None = None
        """In the child: its further steps, which never return. In the parent: None."""
        try:
            self._outer, joined_file = _fork(processes, prepare)
        except OSError:
            os.close(writing)
            raise
        if self._outer == 0:
            self.child = EnteringChild(self._page, writing, joined_file)
        else:
            os.close(writing)

    @property
    def pid(self) -> int:
        """The pid of the inner process; before there is one, of the outer process."""
        return self._inner or self._outer

    @property
    def _inner(self) -> int:
        return int.from_bytes(self._page[:_NUMBER_BYTES], sys.byteorder)

    def wait_until_started(self, seconds: float, interrupt: int = -1) -> str:
        """Wait until the process runs its program; the reason if it can't, else "".

        The process is killed if that takes longer (TimeoutError), or if the descriptor ``interrupt`` becomes readable
        (InterruptedError).
        """
        deadline, failure_text = time.monotonic() + seconds, b""
        poll = select.poll()
        for fd in (self._failure, interrupt):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        while len(failure_text) < _MAX_REASON_BYTES:
            ready = {fd for fd, _ in poll.poll(max(0.0, deadline - time.monotonic()) * 1000)}
            if self._failure not in ready:
                self.kill()
                if ready:
                    raise InterruptedError("the caller no longer waits for the process")
                raise TimeoutError(f"the process did not start within {seconds:g} s")
            chunk = os.read(self._failure, _MAX_REASON_BYTES)
            if not chunk:
                break
            failure_text += chunk
        return failure_text.decode(errors="replace")

    def record_end(self, pid: int) -> bool:
        """Note that this child of the parent has ended. Returns whether the process has ended with it."""
        if pid == self._inner:
            self._page[:_NUMBER_BYTES] = bytes(_NUMBER_BYTES)
            self._has_ended = True
            return True
        if pid == self._outer:
            self._outer = 0
            if self._inner and self._was_killed:
                self.kill()
            if not self._inner and not self._has_ended:
                self._has_ended = True
                return True
        return False

    def kill(self) -> None:
        """Kill the process with its process group."""
        self._was_killed = True
        for target in (self._outer, -self._inner, self._inner):
            if target:
                try:
                    os.kill(target, SIGKILL)
                except ProcessLookupError:  # the process has ended, or leads no group yet
                    continue

    def __del__(self) -> None:
        os.close(self._failure)


def _fork(processes: Sequence[str], prepare: Callable[[], None] | None) -> tuple[int, str]:
    """Fork a process that is in the control group of version 2 from the start, where the kernel can do that. Returns
    0 in the process and its pid in the parent, and the file of ``processes`` that it need not write; empty = none.

    A process that joins a group of version 2 later waits, for 10 ms and more, until no process of the machine forks.
    """
    file = next((path for path in processes if path.endswith(_VERSION_2)), "")
    if file:
        group = os.open(file.removesuffix(_VERSION_2), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return _call_prepared(prepare, lambda: syscalls.fork_into_group(group)), file
        except OSError:  # an older kernel, a container's filter, or a full group, which a process may join all the same
            return _call_prepared(prepare, os.fork), ""
        finally:
            os.close(group)
    return _call_prepared(prepare, os.fork), ""


def _call_prepared(prepare: Callable[[], None] | None, fork: Callable[[], int]) -> int:
    if prepare is not None:
        prepare()
    return fork()


class EnteringChild:
    """The last steps of the child, once it has the container's namespaces, user and rights."""

    def __init__(self, page: mmap.mmap, failure: int, joined_file: str) -> None:
        """``joined_file``: the file of a control group that the process is in already, and so need not write."""
        self._page = page
        self.joined_file = joined_file
        self.failure = failure

    def detach(self, *, fork: bool) -> None:
        """Close the parent's files, lead a session, and die with the parent. ``fork``: return in a new inner process,
        and end the outer one.
        """
        os.closerange(_STANDARD_FILES, self.failure)
        os.closerange(self.failure + 1, _MAX_DESCRIPTORS)
        os.setsid()
        if fork:
            self._become_inner()
            os.setsid()
        syscalls.die_with_parent()
        check = select.poll()
        check.register(self.failure, 0)
        if check.poll(0):  # the parent has died before its death could be noticed
            os._exit(NOT_STARTED)

    def _become_inner(self) -> None:
        syscalls.forbid_tracing()
        self._page.madvise(mmap.MADV_DONTFORK)
        if syscalls.fork_sibling(self._page):
            os._exit(0)


def reap() -> list[tuple[int, int]]:
    """The children of this process that have ended: pid and exit code (128+N: signal N). Some may be unknown to the
    caller: a process in a container can give its parent more children.
    """
    exits: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return exits
        if pid == 0:
            return exits
        code = os.waitstatus_to_exitcode(status)
        exits.append((pid, code if code >= 0 else 128 - code))
