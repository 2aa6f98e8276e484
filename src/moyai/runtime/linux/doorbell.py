"""Where keepers ring when something changed: a datagram socket, read by the event loop.

A ring names a task. Rings may be lost (the control plane is down, the queue is full): whoever listens looks for himself
now and then.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from moyai.kernel.ids import TaskId

_LONGEST = 256
_BATCH = 256


class Doorbell:
    """The bell of one installation. Bound on first use, in the running loop."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._listeners: set[asyncio.Queue[TaskId]] = set()

    def hang(self) -> None:
        """Bind the bell; told twice, it stays. Only root can ring it."""
        if self._socket is not None:
            return
        bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        directory = os.open(self._path.parent, os.O_PATH | os.O_CLOEXEC)
        try:  # through the directory's descriptor, because a socket's path may have 107 bytes only
            self._path.unlink(missing_ok=True)
            bell.bind(f"/proc/self/fd/{directory}/{self._path.name}")
            self._path.chmod(0o600)
        finally:
            os.close(directory)
        self._socket = bell
        asyncio.get_running_loop().add_reader(bell, self._answer, bell)

    def _answer(self, bell: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                task = TaskId(bell.recv(_LONGEST).decode(errors="replace"))
            except BlockingIOError:
                return
            self.ring(task)

    def ring(self, task: TaskId) -> None:
        """Tell every listener."""
        for queue in self._listeners:
            queue.put_nowait(task)

    async def rings(self) -> AsyncIterator[TaskId]:
        """Every ring from now on."""
        queue: asyncio.Queue[TaskId] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """Take the bell down."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
