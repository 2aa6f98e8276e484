"""The process from which container monitors are forked: an interpreter that has loaded their modules already.

Promise: the process is started with the first monitor, and again after it was killed. It ends with the control plane;
monitors go on. It reads requests of the control plane only, and nothing that a container can write.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Lock

from moyai.runtime.linux.launch.interpreter import interpreter_path
from moyai.runtime.linux.shim import __main__ as shim_entry

_END_SECONDS = 5.0
"""How long the process has to end by itself."""


class MonitorServer:
    """The process of one installation. Several threads may use it."""

    def __init__(self, run: Path) -> None:
        """``run``: the directory in which the interpreter is mounted."""
        self._run = run
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests: socket.socket | None = None

    def start(self, config_file: Path, errors: int) -> int:
        """Fork a monitor with this launch configuration, and return the pipe with its answer. ``errors``: the file that
        becomes its standard error. Raises OSError; ConnectionError when the process was killed before the request.
        """
        reading, writing = os.pipe()
        try:
            with self._lock:
                self._send([os.fsencode(config_file)], [writing, errors])
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return reading

    def close(self) -> None:
        """End the process, and wait for it. Monitors go on."""
        with self._lock:
            self._end()

    def _send(self, request: list[bytes], descriptors: list[int]) -> None:
        try:
            socket.send_fds(self._connection(), request, descriptors)
        except ConnectionError:
            self._end()  # its socket is closed, but it may not have ended yet
            raise

    def _connection(self) -> socket.socket:
        """The socket to the process, which is started if it doesn't run."""
        if self._requests is None or self._process is None or self._process.poll() is not None:
            self._end()
            own_end, server_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with server_end:
                self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own file
                    [sys.executable, "-I", "-S", "-OO", shim_entry.__file__, "--server", str(self._run)],
                    executable=interpreter_path(self._run),
                    stdin=server_end.fileno(),
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                    env={},
                    cwd="/",
                )
            self._requests = own_end
        return self._requests

    def _end(self) -> None:
        if self._requests is not None:
            self._requests.close()
        if self._process is not None:
            try:
                self._process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._requests = self._process = None
