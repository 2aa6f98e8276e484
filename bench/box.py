"""How long moyai in a container takes until its API answers, after `docker run`, beside `moyai up` on this machine.

Run by `make bench`, or by hand as root: `.venv/bin/python bench/box.py [ROUNDS]`. Needs the image (`make box`) and
Docker Engine or Podman (`scripts/setup.sh --docker --podman`); an engine that isn't there is left out. In turns, each
time with an empty state. No number here is a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from rig.report import show

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' engines

from moyai.cli.box.container_options import BoxOptions, run_arguments
from tests.e2e.box_hosts import IMAGE_ARCHIVE, BoxHost, box_host, is_installed

ROUNDS: Final = 3
PATIENCE: Final = 300.0
_PORT: Final = 4566


def start_on_machine() -> float:
    """Seconds from `moyai up` until it says that it is ready. Its modules are compiled, as in the container."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as state:
        begin = time.perf_counter()
        command = [sys.executable, "-m", "moyai", "up", f"--state={state}", "--port=0"]
        out, errors = subprocess.PIPE, subprocess.DEVNULL
        with subprocess.Popen(command, text=True, env=variables, stdout=out, stderr=errors) as process:  # noqa: S603 - moyai
            assert process.stdout is not None  # noqa: S101
            process.stdout.readline()
            seconds = time.perf_counter() - begin
            process.terminate()
        down = [sys.executable, "-m", "moyai", "down", "--forget", f"--state={state}"]
        subprocess.run(down, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - moyai
    return seconds


def start_in_container(host: BoxHost) -> float:
    """Seconds from the engine's `run` until the API answers."""
    name = host.engine("images", "--format={{.Repository}}:{{.Tag}}").split()[0]
    with host.network():
        begin = time.perf_counter()
        host.engine(*run_arguments(host.program, BoxOptions("bench", name, _PORT, volume="bench")))
        while not _answers():
            if time.perf_counter() - begin > PATIENCE:
                raise TimeoutError(host.engine("logs", "bench"))
            time.sleep(0.02)
        seconds = time.perf_counter() - begin
    host.engine("rm", "--force", "bench")
    host.engine("volume", "rm", "bench")
    return seconds


def _answers() -> bool:
    connection = HTTPConnection("127.0.0.1", _PORT, timeout=10)
    try:
        connection.request("GET", "/_moyai/health")
        return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def starters() -> Iterator[Mapping[str, Callable[[], float]]]:
    """What is measured, by name."""
    with ExitStack() as stack:
        by_label: dict[str, Callable[[], float]] = {"moyai up": start_on_machine}
        for program in ("docker", "podman"):
            if is_installed(program):
                host = stack.enter_context(box_host(program, Path(tempfile.mkdtemp(prefix="box-"))))
                by_label[f"{program} run"] = lambda host=host: start_in_container(host)  # type: ignore[misc]
        yield by_label


def main() -> None:
    """Measure in turns, and print a line for each."""
    if not IMAGE_ARCHIVE.exists():
        print("there is no image of moyai: make box")
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    start_on_machine()  # compiles the modules
    with starters() as measured:
        times: dict[str, list[float]] = {name: [] for name in measured}
        for _ in range(rounds):
            for name, start in measured.items():
                times[name].append(start())
    show("until the API is ready", "s", times, "moyai up")


if __name__ == "__main__":
    main()
