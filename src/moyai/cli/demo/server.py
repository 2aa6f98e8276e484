"""A control plane of the demo's own: started on a state of its own, and taken away again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from moyai.cli.demo.signals import undisturbed

_READY = "moyai ready on "
_GRACE = 20.0
"""Seconds for a control plane to end by itself; it leaves its tasks to ``moyai down``."""


class DidNotStart(Exception):
    """A command that the demo can't do without did not succeed; says what it said."""


@dataclass(frozen=True)
class Server:
    """A running ``moyai up``."""

    url: str
    state: Path
    process: subprocess.Popen[str]

    def add_image(self, name: str, folder: Path) -> None:
        """Import a folder as an image, laid over the host's root. Raises DidNotStart with what was said."""
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
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (our own command)
        if done.returncode:
            raise DidNotStart(done.stderr.strip())

    def stop(self) -> None:
        """End the control plane, stop every task, and remove the state."""
        self.process.terminate()
        try:
            self.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        remove(self.state)


def start(port: int) -> Server:
    """Run ``moyai up`` in a session of its own, so that Ctrl-C reaches the demo alone; wait until it is ready."""
    state = Path(tempfile.mkdtemp(prefix="moyai-demo-"))
    command = [*_MOYAI, "up", "--state", str(state), "--port", str(port), "--stats-interval", "1"]
    with (state / "moyai.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)  # noqa: S603 (our own command)
    try:
        return Server(_wait_ready(process, state), state, process)
    except BaseException:
        with undisturbed():
            process.terminate()
            process.wait()
            remove(state)
        raise


def remove(state: Path) -> None:
    """``moyai down`` on this state, then the state itself."""
    subprocess.run([*_MOYAI, "down", "--forget", "--state", str(state)], check=False, stdout=subprocess.DEVNULL)  # noqa: S603 (our own command)
    shutil.rmtree(state, ignore_errors=True)


def _wait_ready(process: subprocess.Popen[str], state: Path) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(_READY):
        process.wait()
        raise DidNotStart((state / "moyai.log").read_text().strip() or "`moyai up` said nothing")
    return line.removeprefix(_READY).strip()


_MOYAI = (sys.executable, "-m", "moyai")
