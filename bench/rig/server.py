"""A control plane for a benchmark: on a state of its own, and gone with everything it made afterwards."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import Any

import botocore.session
from botocore.config import Config

MOYAI = (sys.executable, "-m", "moyai")
REGION = "us-east-1"
_GRACE = 30.0


@dataclass(frozen=True)
class Server:
    """A running ``moyai up``."""

    port: int
    state: Path
    pid: int
    key: str = "test"
    secret: str = "test"  # noqa: S105

    def client(self, service: str) -> Any:  # noqa: ANN401 (botocore makes its clients' classes at run time)
        """A botocore client that speaks to it."""
        config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
        session = botocore.session.get_session()
        session.set_credentials(self.key, self.secret)
        url = f"http://127.0.0.1:{self.port}"
        return session.create_client(service, region_name=REGION, endpoint_url=url, config=config)


@contextmanager
def server(*options: str, keys: bool = False, prepare: Callable[[Path], None] | None = None) -> Iterator[Server]:
    """Start one with these options; with ``keys`` it listens everywhere and verifies signatures. ``prepare`` may put
    something into its state directory before. Tasks have proxies of their own, unless their cluster has the tag.
    """
    state = Path(tempfile.mkdtemp(prefix="moyai-bench-"))
    if prepare is not None:
        prepare(state)
    key, secret = _new_key(state) if keys else ("test", "test")
    listen = ("--listen", "0.0.0.0") if keys else ()  # noqa: S104 (the one way to have signatures verified)
    command = [*MOYAI, "up", "--state", str(state), "--port", "0", "--proxy", "sidecar", *listen, *options]
    signal.signal(signal.SIGTERM, _end)  # or the end of a benchmark would leave the control plane and its tasks
    with (state / "up.log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)  # noqa: S603
    try:
        line = process.stdout.readline() if process.stdout else ""
        if "ready on" not in line:
            sys.exit((state / "up.log").read_text())
        yield Server(int(line.rpartition(":")[2]), state, process.pid, key, secret)
    finally:
        process.terminate()
        process.wait(_GRACE)
        subprocess.run([*MOYAI, "down", "--forget", "--state", str(state)], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        shutil.rmtree(state, ignore_errors=True)


def _end(number: int, _frame: FrameType | None) -> None:
    """End this process by an exception, so that ``finally`` is executed."""
    signal.signal(number, signal.SIG_IGN)  # a second one would interrupt that
    sys.exit(128 + number)


def _new_key(state: Path) -> tuple[str, str]:
    command = [*MOYAI, "keys", "create", "--state", str(state)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603
    key, secret = (line.partition("=")[2] for line in lines)
    return key, secret


def wait_until(done: Callable[[], bool], purpose: str, patience: float = 60.0, step: float = 0.05) -> None:
    """Ask every ``step`` seconds until it is so; end the benchmark when it never is."""
    deadline = monotonic() + patience
    while not done():
        if monotonic() > deadline:
            sys.exit(f"gave up waiting until {purpose}")
        sleep(step)


def steady(ecs: Any, cluster: str, names: list[str]) -> bool:  # noqa: ANN401
    """Whether these services (at most ten) have all their tasks running."""
    found = ecs.describe_services(cluster=cluster, services=names)["services"]
    return all(s["runningCount"] == s["desiredCount"] and not s["pendingCount"] for s in found)
