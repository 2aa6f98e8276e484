"""How long an image of 12 layers takes to be pulled and unpacked, beside containerd, Docker and Podman.

Run by `make bench`, or by hand as root: `.venv/bin/python bench/pull.py [ROUNDS]`. Needs Debian's docker-registry
(`scripts/setup.sh --registry`) on PATH or in .venv/bin; Docker Engine with its containerd is taken from .venv/docker
(`scripts/setup.sh --docker`) or from PATH, and podman from PATH; a peer that isn't there is left out. All pull the same
image from one registry on loopback, in turns, and forget it again. No number here is a test.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests' registry and images

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.image_sources import ImageSources
from moyai.images.model import host_platform
from moyai.images.puller import ImagePuller, PullRequest
from moyai.images.reference import parse_reference
from moyai.images.store.image_store import ImageStore
from tests.container_images import container_image
from tests.e2e.docker_engine import search_path
from tests.e2e.docker_registry import docker_registry

LAYERS: Final = 12
FILES: Final = 120
"""In each layer; half of each file can be compressed."""
FILE_BYTES: Final = 240_000
ROUNDS: Final = 3
CONFIRMATIONS: Final = 20
_OWN_NAMESPACES: Final = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL")

_CHILD: Final = "pull"
"""The argument with which this file pulls in a process of its own."""


def layer(number: int) -> Mapping[str, bytes]:
    """The files of one layer."""
    return {
        f"usr/lib/{number}/{file}": hashlib.shake_128(f"{number}/{file}".encode()).digest(FILE_BYTES // 2)
        + f"line {file} of layer {number}\n".encode() * (FILE_BYTES // 50)
        for file in range(FILES)
    }


class Measured(NamedTuple):
    """What moyai's own pull took, in a process of its own. Memory in MiB."""

    seconds: float
    confirmation: float
    """The median for an unchanged tag."""
    processor: float
    """Seconds of the processor for all of it, with the processes that unpack."""
    memory: float
    unpacking: float
    """The largest of a process that unpacks."""


async def measure(name: str, directory: Path) -> Measured:
    """Pull an image into an empty store, and confirm its tag."""
    sources = ImageSources(ImageSettings(engines=()), SystemClock(), directory)
    puller = ImagePuller(ImageStore(directory / "images"), sources)
    request = PullRequest(parse_reference(name), host_platform())
    times = []
    for _ in range(1 + CONFIRMATIONS):
        start = time.perf_counter()
        await puller.pull(request)
        times.append(time.perf_counter() - start)
    await sources.close()
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    return Measured(times[0], median(times[1:]), processor, peak_memory(), children.ru_maxrss / 1024)


def peak_memory() -> float:
    """MiB. Not from getrusage, which counts what a process inherits until it executes another program."""
    [line] = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def pull_by_moyai(name: str, measured: list[Measured]) -> float:
    """The seconds of one pull by moyai; the rest is added to ``measured``."""
    with tempfile.TemporaryDirectory() as directory:
        output = subprocess.run(  # noqa: S603 - this file
            [sys.executable, __file__, _CHILD, name, directory], check=True, capture_output=True, text=True
        ).stdout
    measured.append(Measured(*json.loads(output)))
    return measured[-1].seconds


class Command:
    """A peer: a command that pulls, and one that forgets."""

    def __init__(self, pull: Sequence[str], remove: Sequence[str]) -> None:
        self._pull, self._remove = pull, remove
        self._environment = {**os.environ, "PATH": search_path()}

    def pull(self, name: str) -> float:
        """The seconds of one pull."""
        start = time.perf_counter()
        self._run(*self._pull, name)
        seconds = time.perf_counter() - start
        self._run(*self._remove, name)
        return seconds

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=self._environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


@contextmanager
def docker(directory: Path) -> Iterator[Mapping[str, Command]]:
    """A Docker Engine of its own and the containerd that it starts; nothing where there is none."""
    if not all(shutil.which(name, path=search_path()) for name in ("dockerd", "docker", "ctr")):
        yield {}
        return
    socket = f"unix://{directory}/docker.sock"
    options = ("--bridge=none", "--iptables=false", "--ip6tables=false", f"--config-file={directory}/daemon.json")
    places = (f"--data-root={directory}/data", f"--exec-root={directory}/exec", f"--pidfile={directory}/pid")
    (directory / "daemon.json").write_text("{}")
    with (directory / "log").open("w") as log:
        command = [*_OWN_NAMESPACES, "dockerd", *options, *places, f"--host={socket}"]
        daemon = subprocess.Popen(command, env={"PATH": search_path()}, stdout=log, stderr=log)  # noqa: S603
    try:
        client = ["docker", f"--host={socket}"]
        while not _answers([*client, "version"]):
            if daemon.poll() is not None:
                print("dockerd does not start:", (directory / "log").read_text()[-500:])
                yield {}
                return
            time.sleep(0.2)
        ctr = ["ctr", f"--address={directory}/exec/containerd/containerd.sock", "--namespace=bench", "images"]
        yield {
            "docker": Command([*client, "pull", "--quiet"], [*client, "rmi"]),
            "containerd": Command([*ctr, "pull", "--plain-http"], [*ctr, "rm", "--sync"]),
        }
    finally:
        daemon.kill()
        daemon.wait()


def _answers(command: Sequence[str]) -> bool:
    ran = subprocess.run(command, env={"PATH": search_path()}, capture_output=True, check=False)  # noqa: S603
    return ran.returncode == 0


def podman() -> Mapping[str, Command]:
    """Podman, where it is installed."""
    if shutil.which("podman") is None:
        return {}
    return {"podman": Command(["podman", "pull", "--quiet", "--tls-verify=false"], ["podman", "rmi"])}


def compare(name: str, peers: Mapping[str, Command], rounds: int) -> None:
    """Let everybody pull, in turns, and print what it took."""
    measured: list[Measured] = []
    pullers: dict[str, Callable[[str], float]] = {"moyai": lambda name: pull_by_moyai(name, measured)}
    pullers |= {peer: command.pull for peer, command in peers.items()}
    times: dict[str, list[float]] = {peer: [] for peer in pullers}
    for _ in range(rounds):
        for peer, pull in pullers.items():
            times[peer].append(pull(name))
    print(f"pull and unpack, s, {rounds} rounds, load {os.getloadavg()[0]:.0f}")
    for peer, seconds in times.items():
        print(f"  {peer:12}" + " ".join(f"{one:7.2f}" for one in seconds) + f"   median {median(seconds):.2f}")
    print(f"unchanged tag confirmed by moyai in {median(one.confirmation for one in measured) * 1000:.1f} ms")
    print(f"processor time of moyai {median(one.processor for one in measured):.1f} s, start of Python included")
    memory, unpacking = (max(getattr(one, field) for one in measured) for field in ("memory", "unpacking"))
    print(f"peak memory of moyai's puller {memory:.0f} MiB, of a process that unpacks {unpacking:.0f} MiB")


def main(arguments: Sequence[str]) -> None:
    """Measure."""
    if arguments[:1] == [_CHILD]:
        print(json.dumps(asyncio.run(measure(arguments[1], Path(arguments[2])))))
        return
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    if os.geteuid() != 0 or shutil.which("docker-registry") is None:
        print("pull.py needs root and docker-registry: sudo scripts/setup.sh --registry --docker")
        return
    image = container_image([layer(number) for number in range(LAYERS)], host_platform())
    print(f"{LAYERS} layers, {sum(len(blob.data) for blob in image.blobs) / 2**20:.0f} MiB compressed")
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        registry = stack.enter_context(docker_registry(folders[0]))
        registry.push("bench/app", "1", image)
        peers = {**stack.enter_context(docker(folders[1])), **podman()}
        compare(f"{registry.name}/bench/app:1", peers, int(arguments[0]) if arguments else ROUNDS)


if __name__ == "__main__":
    main(sys.argv[1:])
