"""Notifications of container monitors: a datagram socket that the event loop reads.

A notification names a task in which something has changed. Notifications may be lost (the control plane is down, the
queue is full), so a reader also looks from time to time without one.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from moyai.kernel.ids import TaskId

_MAX_BYTES = 256
_BATCH = 256


class Notifier:
    """The socket of one installation, and the readers in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._readers: set[asyncio.Queue[TaskId]] = set()

    def open(self) -> None:
        """Bind the socket in the running loop, if that is not done yet. Only root can send to it."""
        if self._socket is not None:
            return
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        directory = os.open(self._path.parent, os.O_PATH | os.O_CLOEXEC)
        try:  # through the directory's descriptor, because a socket's path may have 107 bytes only
            self._path.unlink(missing_ok=True)
            receiver.bind(f"/proc/self/fd/{directory}/{self._path.name}")
            self._path.chmod(0o600)
        finally:
            os.close(directory)
        self._socket = receiver
        asyncio.get_running_loop().add_reader(receiver, self._receive, receiver)

    def _receive(self, receiver: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                task = TaskId(receiver.recv(_MAX_BYTES).decode(errors="replace"))
            except BlockingIOError:
                return
            self.notify(task)

    def notify(self, task: TaskId) -> None:
        """Notify every reader of a change in this task."""
        for queue in self._readers:
            queue.put_nowait(task)

    async def notifications(self) -> AsyncIterator[TaskId]:
        """The tasks of all notifications from now on."""
        queue: asyncio.Queue[TaskId] = asyncio.Queue()
        self._readers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._readers.discard(queue)

    def close(self) -> None:
        """Close the socket; monitors' notifications are lost from here on."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
