"""The embedded server: an installation's process with moto.

Promise: the process is started by the first request that needs it, and outlives the control plane; the next control
plane, and ``moyai down``, find it by its socket. A process that another version of moyai has started is not ended,
because it has records. A process that has ended, or can't be started, is started again after a minute at the earliest.
The kernel knows the pid of the process that listens on a Unix socket, so no file has it.
Source: https://man7.org/linux/man-pages/man7/unix.7.html (SO_PEERCRED)
"""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Final

from moyai.images.store.trees import remove_tree
from moyai.kernel.clock import Clock
from moyai.ports.delegate import DelegateFailed

PACKAGES: Final = ("moto", "flask", "flask_cors")
RETRY_SECONDS: Final = 60.0
_SOCKET: Final = "server.sock"
_VERSION: Final = "version"
"""The file, in the directory of the process, with the version of moyai that has started it."""
_START_MILLISECONDS: Final = 60_000
_END_MILLISECONDS: Final = 10_000
_CONNECT_SECONDS: Final = 5.0
_ENDED: Final = frozenset({errno.ESRCH, errno.ENOENT, errno.EINVAL})
"""The errors of opening a process that has ended. ENOENT and EINVAL, of new and old kernels, mean that a thread has the
pid.
"""
_PEER: Final = struct.Struct("3i")
_REASON_BYTES: Final = 2000
_ENVIRONMENT: Final = MappingProxyType(
    {
        "AWS_ACCESS_KEY_ID": "moyai",
        "AWS_SECRET_ACCESS_KEY": "moyai",
        "AWS_DEFAULT_REGION": "us-east-1",
        "HOME": "/tmp",  # noqa: S108 (the process's own)
        "LANG": "C.UTF-8",
        "MOTO_ALLOW_NONEXISTENT_REGION": "true",
        "MOTO_DISABLE_GLOBAL_CORS": "true",
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",  # otherwise every account could use any bucket by its name
    }
)


def is_installed() -> bool:
    """Whether the packages of ``moyai[aws]`` are installed. Imports none of them."""
    return all(importlib.util.find_spec(name) is not None for name in PACKAGES)


class EmbeddedServer:
    """The process of one installation. ``directory``: the process's own one, in the installation's for sockets.
    ``version``: the version of moyai.
    """

    def __init__(self, directory: Path, clock: Clock, version: str = "") -> None:
        self.directory, self._clock, self._version = directory, clock, version
        self._lock = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._descriptor: int | None = None
        """The descriptor of the directory, which is opened when it is first needed."""
        self._answers = False
        """Whether the server has answered the last request to it."""
        self._retry_at = 0.0
        self._problem = ""

    @property
    def address(self) -> str:
        """The path of the server's socket for this process. It goes through the descriptor of the directory, because
        the path of a socket may have only 107 bytes. Raises FileNotFoundError without the directory.
        """
        if self._descriptor is None:
            self._descriptor = os.open(self.directory, os.O_PATH | os.O_CLOEXEC)
        return f"/proc/self/fd/{self._descriptor}/{_SOCKET}"

    def other_version(self) -> str | None:
        """The version of moyai that has started the process, if it is another one; None without a process."""
        if not self._listens():
            return None
        try:
            version = (self.directory / _VERSION).read_text(encoding="utf-8")
        except OSError:
            version = "an unknown version"
        return None if version == self._version else version

    def _listens(self) -> bool:
        """Whether a process listens on the socket. Does not wait, and may be called while another thread starts it."""
        try:
            directory = os.open(self.directory, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return False
        with socket.socket(socket.AF_UNIX) as server:
            server.settimeout(0)
            try:
                server.connect(f"/proc/self/fd/{directory}/{_SOCKET}")
            except BlockingIOError:  # its queue of connections is full
                return True
            except OSError:
                return False
            finally:
                os.close(directory)
        return True

    async def start(self) -> None:
        """Start the process, unless it answers already. Raises DelegateFailed."""
        if self._answers:
            return
        async with self._lock:
            if not self._answers:
                await asyncio.to_thread(self._start)
                self._answers = True

    def look_again(self) -> None:
        """Have the next ``start`` check the process, because it has not answered a request."""
        self._answers = False

    async def end(self) -> None:
        """As ``stop``, after a running start. Raises OSError."""
        async with self._lock:
            await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        """End the process, if there is one, and remove its files. Raises OSError."""
        server = self._connect()
        if server is not None:
            with server:
                _end(_peer(server))
        if self._process is not None:
            self._process.wait()
        self._process, self._answers, self._retry_at = None, False, 0.0
        self._remove_directory()

    def _remove_directory(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self.directory.exists():
            remove_tree(str(self.directory))

    def _connect(self) -> socket.socket | None:
        """A connection to the process; None if no process listens."""
        server = socket.socket(socket.AF_UNIX)
        server.settimeout(_CONNECT_SECONDS)
        try:
            server.connect(self.address)
        except (FileNotFoundError, ConnectionRefusedError):
            server.close()
            return None
        except BaseException:
            server.close()
            raise
        return server

    def _start(self) -> None:
        server = self._connect()
        if server is not None:
            server.close()
            return
        if self._process is not None:
            self._process.poll()
        now = self._clock.now()
        if now < self._retry_at:
            raise DelegateFailed(f"{self._problem} It is started again in {self._retry_at - now:.0f} seconds.")
        self._retry_at = now + RETRY_SECONDS
        try:
            self._process = self._launch()
        except OSError as error:
            self._problem = f"The server of other AWS services can't be started: {error}."
            raise DelegateFailed(self._problem) from error
        self._problem = "The server of other AWS services has ended."

    def _launch(self) -> subprocess.Popen[bytes]:
        """Start the process, and wait until it answers. Raises OSError."""
        self._remove_directory()
        (self.directory / "root").mkdir(parents=True)
        self.directory.chmod(0o700)
        (self.directory / _VERSION).write_text(self._version, encoding="utf-8")
        with (
            socket.socket(socket.AF_UNIX) as listener,
            (self.directory / "errors").open("w+b") as errors,
        ):
            listener.bind(self.address)
            reading, writing = os.pipe()
            try:
                process = subprocess.Popen(  # noqa: S603 - this interpreter, our own program
                    [
                        *(sys.executable, "-I", "-B", "-m", "moyai.delegate.server_process"),
                        *(str(self.directory), str(listener.fileno()), str(writing)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    pass_fds=(listener.fileno(), writing),
                    start_new_session=True,
                    env=dict(_ENVIRONMENT),
                    cwd="/",
                )
            finally:
                os.close(writing)
            try:
                if _is_ready(reading):
                    return process
                process.kill()
                process.wait()
                errors.seek(0)
                raise OSError(errno.ECHILD, _last_line(errors.read()[-_REASON_BYTES:]))
            finally:
                os.close(reading)


def _is_ready(pipe: int) -> bool:
    """Whether the process writes to the pipe before it ends, within _START_MILLISECONDS."""
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    return bool(poll.poll(_START_MILLISECONDS)) and os.read(pipe, 1) != b""


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it gave no reason"


def _peer(server: socket.socket) -> int:
    """The pid of the process that listens on the socket."""
    pid, _, _ = _PEER.unpack(server.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return int(pid)


def _end(pid: int) -> None:
    """Kill a process, and wait for its end. Raises TimeoutError."""
    try:
        process = os.pidfd_open(pid)
    except OSError as error:
        if error.errno in _ENDED:
            return
        raise
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        poll = select.poll()
        poll.register(process, select.POLLIN)
        if not poll.poll(_END_MILLISECONDS):
            raise TimeoutError(errno.ETIMEDOUT, f"the server of other AWS services (process {pid}) does not end")
    finally:
        os.close(process)
