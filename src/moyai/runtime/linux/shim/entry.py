"""A process that enters a container in which others run already.

Promise: whatever a container's processes can see of it is the container's own, from its first instruction on. An outer
process takes on the container's namespaces, files, user, capabilities and filter while it stays in this machine's
process namespace, where no container can name it. Then it ends, and leaves an inner process that is born in the
container's process namespace, as a child of the same parent (CLONE_PARENT). The kernel writes the inner one's number
where its parent reads it before the inner one runs, into a page that it does not inherit: nothing that a container
says is believed. A first process, which is alone in a new process namespace, needs no inner one.
Source: https://man7.org/linux/man-pages/man2/clone.2.html, https://man7.org/linux/man-pages/man7/pid_namespaces.7.html
"""

from __future__ import annotations

import mmap
import os
import select
import sys
import time

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import SIGKILL

NOT_STARTED = 127
_LONGEST_REASON = 4096
_NUMBER_BYTES = 4
_STANDARD_FILES = 3
_MOST_DESCRIPTORS = 4096


class EnteringProcess:
    """The process as its parent has it. Only the parent waits for it, so its number is its own until ``ended``."""

    def __init__(self) -> None:
        """Fork. Raises OSError."""
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._killed = self._over = False
        self._failure, writing = os.pipe()
        self.child: Inner | None = None
        """In the child, which may not return from what it is for."""
        self._outer = os.fork()
        if self._outer == 0:
            self.child = Inner(self._page, writing)
        else:
            os.close(writing)

    @property
    def pid(self) -> int:
        """The number of the inner process; as long as there is none, of the outer one."""
        return self._inner or self._outer

    @property
    def _inner(self) -> int:
        return int.from_bytes(self._page[:_NUMBER_BYTES], sys.byteorder)

    def reason(self, seconds: float, interrupt: int = -1) -> str:
        """Wait until it runs its program: "" then, else what hindered it. It is killed when that takes longer
        (TimeoutError), or when the descriptor ``interrupt`` becomes readable (InterruptedError).
        """
        end, said = time.monotonic() + seconds, b""
        poll = select.poll()
        for fd in (self._failure, interrupt):
            if fd >= 0:
                poll.register(fd, select.POLLIN)
        while len(said) < _LONGEST_REASON:
            ready = {fd for fd, _ in poll.poll(max(0.0, end - time.monotonic()) * 1000)}
            if self._failure not in ready:
                self.kill()
                if ready:
                    raise InterruptedError("nobody waits for it any more")
                raise TimeoutError(f"it did not start within {seconds:g} s")
            chunk = os.read(self._failure, _LONGEST_REASON)
            if not chunk:
                break
            said += chunk
        return said.decode(errors="replace")

    def ended(self, pid: int) -> bool:
        """Whether the end of this child of the parent's is the end of the process."""
        if pid == self._inner:
            self._page[:_NUMBER_BYTES] = bytes(_NUMBER_BYTES)
            self._over = True
            return True
        if pid == self._outer:
            self._outer = 0
            if self._inner and self._killed:
                self.kill()
            if not self._inner and not self._over:
                self._over = True
                return True
        return False

    def kill(self) -> None:
        """Kill it with its process group."""
        self._killed = True
        for target in (self._outer, -self._inner, self._inner):
            if target:
                try:
                    os.kill(target, SIGKILL)
                except ProcessLookupError:  # it leads no group yet
                    continue

    def __del__(self) -> None:
        os.close(self._failure)


class Inner:
    """The rest of the way, for the child, which has become who the container's processes are."""

    def __init__(self, page: mmap.mmap, failure: int) -> None:
        self._page = page
        self.failure = failure

    def begin(self, *, fork: bool) -> None:
        """Let go of the parent's files, lead a session, and end with the parent. ``fork``: return in the inner process;
        the outer one ends.
        """
        os.closerange(_STANDARD_FILES, self.failure)
        os.closerange(self.failure + 1, _MOST_DESCRIPTORS)
        os.setsid()
        if fork:
            self._fork()
            os.setsid()
        syscalls.die_with_parent()
        check = select.poll()
        check.register(self.failure, 0)
        if check.poll(0):  # the parent has died before its death could be noticed
            os._exit(NOT_STARTED)

    def _fork(self) -> None:
        syscalls.close_to_others()
        self._page.madvise(mmap.MADV_DONTFORK)
        if syscalls.fork_sibling(self._page):
            os._exit(0)


def reap() -> list[tuple[int, int]]:
    """The children of this process that have ended: number and exit code (128+N: signal N). Some may be nobody's: what
    entered a container may give its parent more children.
    """
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        code = os.waitstatus_to_exitcode(status)
        ended.append((pid, code if code >= 0 else 128 - code))
