"""The control plane of the demo: started with a temporary state directory, and removed at the end.

Ctrl-C, SIGTERM (a cancelled CI job) and SIGHUP (a closed terminal) end the demo in the same way, and a second signal
does not interrupt the clean-up. A signal that was ignored from the start, as under ``nohup``, stays ignored.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from httpx import HTTPError

from moyai.cli.demo.image import push_example_image

_MOYAI = (sys.executable, "-m", "moyai")
_READY = "moyai ready on "
_STOP_SECONDS = 20.0
"""Seconds that the control plane has to end; ``moyai down`` then stops its tasks."""
_ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object] | signal.Handlers


class CommandFailed(Exception):
    """A command that the demo runs has failed; the message is its output."""


class NamedPorts(NamedTuple):
    """The ports of this machine at which load balancers answer by name."""

    http: int
    https: int


@dataclass(frozen=True)
class Server:
    """A running ``moyai up``."""

    url: str
    state: Path
    process: subprocess.Popen[str]
    gateway_ports: NamedPorts | None

    def add_image(self, name: str, folder: Path) -> None:
        """Import a directory as an image on top of the host's root. Raises CommandFailed."""
        command = [
            *_MOYAI,
            "image",
            "import",
            name,
            str(folder),
            "--base",
            "moyai.local/host",
            "--state",
            str(self.state),
        ]
        process = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (our own command)
        if process.returncode:
            raise CommandFailed(process.stderr.strip())

    def push_image(self, app: Path) -> None:
        """Build the example's image, and push it to this server's registry. Raises CommandFailed."""
        try:
            push_example_image(self.url, app)
        except (OSError, PackageNotFoundError, HTTPError) as error:
            raise CommandFailed(f"the image can't be built and pushed: {error!r}") from error

    def stop(self) -> None:
        """Stop the control plane and all tasks, and delete the state directory."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        remove(self.state)


def start(port: int, gateway_ports: NamedPorts | None = None) -> Server:
    """Run ``moyai up`` and wait until it is ready. It has its own session, so that Ctrl-C reaches only the demo."""
    state = Path(tempfile.mkdtemp(prefix="moyai-demo-"))
    command = [*_MOYAI, "up", "--state", str(state), "--port", str(port), "--stats-interval", "1"]
    if gateway_ports is not None:
        command += ["--gateway-http-port", str(gateway_ports.http), "--gateway-https-port", str(gateway_ports.https)]
    with (state / "moyai.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)  # noqa: S603 (our own command)
    try:
        return Server(_wait_ready(process, state), state, process, gateway_ports)
    except BaseException:
        with ignore_interrupts():
            process.terminate()
            process.wait()
            remove(state)
        raise


def free_gateway_ports(preferred: NamedPorts) -> NamedPorts:
    """Two free TCP ports of the loopback: each the preferred one, or else any; 0 prefers none."""
    with _listen(preferred.http) as http, _listen(preferred.https) as https:
        return NamedPorts(http.getsockname()[1], https.getsockname()[1])


def _listen(preferred: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", preferred))
    except OSError:
        return socket.create_server(("127.0.0.1", 0))


def remove(state: Path) -> None:
    """Run ``moyai down`` and delete the state directory."""
    subprocess.run([*_MOYAI, "down", "--forget", "--state", str(state)], check=False, stdout=subprocess.DEVNULL)  # noqa: S603 (our own command)
    shutil.rmtree(state, ignore_errors=True)


def _wait_ready(process: subprocess.Popen[str], state: Path) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(_READY):
        process.wait()
        raise CommandFailed((state / "moyai.log").read_text().strip() or "`moyai up` ended without output")
    return line.removeprefix(_READY).strip()


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in this block for each of the signals."""
    with _handled_by(signal.default_int_handler):
        yield


@contextmanager
def ignore_interrupts() -> Iterator[None]:
    """Ignore the signals in this block, and in the processes that it starts."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextmanager
def _handled_by(handler: _Handler) -> Iterator[None]:
    """Handle the signals with ``handler`` in this block, except those that were ignored before."""
    previous = {number: signal.getsignal(number) for number in _ENDING_SIGNALS}
    replaced = {number: earlier for number, earlier in previous.items() if earlier is not signal.SIG_IGN}
    for number in replaced:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in replaced.items():
            signal.signal(number, earlier)
