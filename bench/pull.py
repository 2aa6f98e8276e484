"""How long an image of 12 layers takes to be pulled and unpacked, beside containerd, Docker and Podman.

Run by `make bench`, or by hand as root: `.venv/bin/python bench/pull.py [ROUNDS]`. Needs Debian's docker-registry
(`scripts/setup.sh --registry`) on PATH or in .venv/bin; Docker Engine with its containerd is taken from .venv/docker
(`scripts/setup.sh --docker`) or from PATH, and podman from PATH; a peer that isn't there is left out. All pull the same
image from one registry on loopback, in turns, and forget it again. Its layers have this machine's own files, of sizes
as in images that people build: a large base, and small ones on top. Processor seconds are those of all processes that
take part, daemons too, but for the registry's. No number here is a test.
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

from rig.report import show

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

WEIGHTS: Final = (30, 20, 15, 10, 8, 5, 4, 3, 2, 1, 1, 1)
"""Percent of the image in each layer, the lowest first."""
IMAGE_BYTES: Final = 376_000_000
"""Of all files."""
FOLDERS: Final = ("/usr/bin", "/usr/lib", "/usr/share")
MAX_FILE_BYTES: Final = 20_000_000
ROUNDS: Final = 3
CONFIRMATIONS: Final = 20
_OWN_NAMESPACES: Final = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL")

_CHILD: Final = "pull"
"""The argument with which this file pulls in a process of its own."""


def layers() -> list[dict[str, bytes]]:
    """The files of each layer."""
    files = own_files()
    filled = []
    for weight in WEIGHTS:
        layer: dict[str, bytes] = {}
        remaining = IMAGE_BYTES * weight // 100
        while remaining > 0 and (path := next(files, None)) is not None:
            layer[str(path).lstrip("/")] = path.read_bytes()
            remaining -= len(layer[str(path).lstrip("/")])
        filled.append(layer)
    return filled


def own_files() -> Iterator[Path]:
    """Files of this machine, in an order that mixes large and small ones and is the same each time."""
    paths = (Path(top) / name for folder in FOLDERS for top, _, names in os.walk(folder) for name in names)
    usable = (path for path in paths if path.is_file() and not path.is_symlink())
    sized = [path for path in usable if path.stat().st_size <= MAX_FILE_BYTES]
    return iter(sorted(sized, key=lambda path: hashlib.sha256(os.fsencode(path)).digest()))


class Cost(NamedTuple):
    """Seconds of a pull, and seconds of the processor."""

    seconds: float
    processor: float


class Measured(NamedTuple):
    """What moyai's own pull took, in a process of its own. Memory in MiB."""

    seconds: float
    processor: float
    """Seconds of the processor, with the processes that unpack."""
    confirmation: float
    """The median of the seconds for an unchanged tag."""
    memory: float
    unpacking: float
    """The largest of a process that unpacks."""


async def measure(name: str, directory: Path) -> Measured:
    """Pull an image into an empty store, and confirm its tag."""
    sources = ImageSources(ImageSettings(engines=()), SystemClock(), directory)
    puller = ImagePuller(ImageStore(directory / "images"), sources)
    request = PullRequest(parse_reference(name), host_platform())
    before, start = processor_time(), time.perf_counter()
    await puller.pull(request)
    cost = Cost(time.perf_counter() - start, processor_time() - before)
    times = []
    for _ in range(CONFIRMATIONS):
        start = time.perf_counter()
        await puller.pull(request)
        times.append(time.perf_counter() - start)
    await puller.close()
    unpacking = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Measured(*cost, median(times), peak_memory(), unpacking)


def processor_time() -> float:
    """Seconds of the processor until now: of this process, and of those that it has started and that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def peak_memory() -> float:
    """MiB. Not from getrusage, which counts what a process inherits until it executes another program."""
    [line] = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def pull_by_moyai(name: str, measured: list[Measured]) -> Cost:
    """The cost of one pull by moyai; the rest is added to ``measured``."""
    with tempfile.TemporaryDirectory() as directory:
        output = subprocess.run(  # noqa: S603 - this file
            [sys.executable, __file__, _CHILD, name, directory], check=True, capture_output=True, text=True
        ).stdout
    measured.append(Measured(*json.loads(output)))
    return Cost(measured[-1].seconds, measured[-1].processor)


class Command:
    """A peer: a command that pulls, and one that forgets. ``daemon``: the process that does it for the commands."""

    def __init__(self, pull: Sequence[str], remove: Sequence[str], daemon: int | None = None) -> None:
        self._pull, self._remove, self._daemon = pull, remove, daemon
        self._environment = {**os.environ, "PATH": search_path()}

    def pull(self, name: str) -> Cost:
        """The cost of one pull."""
        before, start = self._processor(), time.perf_counter()
        self._run(*self._pull, name)
        cost = Cost(time.perf_counter() - start, self._processor() - before)
        self._run(*self._remove, name)
        return cost

    def _processor(self) -> float:
        """Seconds of the processor until now: of the commands, and of the daemon with its processes."""
        daemons = 0.0 if self._daemon is None else sum(map(processor_seconds, processes_below(self._daemon)))
        return processor_time() + daemons

    def _run(self, *command: str) -> None:
        subprocess.run(command, env=self._environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603


def processes_below(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from processes_below(int(child))


def processor_seconds(pid: int) -> float:
    """What a process has used, with its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


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
            "docker": Command([*client, "pull", "--quiet"], [*client, "rmi"], daemon.pid),
            "containerd": Command([*ctr, "pull", "--plain-http"], [*ctr, "rm", "--sync"], daemon.pid),
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
    pullers: dict[str, Callable[[str], Cost]] = {"moyai": lambda name: pull_by_moyai(name, measured)}
    pullers |= {peer: command.pull for peer, command in peers.items()}
    costs: dict[str, list[Cost]] = {peer: [] for peer in pullers}
    for _ in range(rounds):
        for peer, pull in pullers.items():
            costs[peer].append(pull(name))
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.0f}")
    base = "docker" if "docker" in peers else None
    show("pull and unpack", "s", {peer: [cost.seconds for cost in of_peer] for peer, of_peer in costs.items()}, base)
    processor = {peer: [cost.processor for cost in of_peer] for peer, of_peer in costs.items()}
    show("processor time of a pull", "CPU s", processor, base)
    show("an unchanged tag is confirmed", "ms", {"moyai": [1000 * cost.confirmation for cost in measured]})
    peaks = {"the puller": "memory", "a process that unpacks": "unpacking"}
    memory = {name: [getattr(cost, field) for cost in measured] for name, field in peaks.items()}
    show("peak memory of a pull", "MiB", memory)


def main(arguments: Sequence[str]) -> None:
    """Measure."""
    if arguments[:1] == [_CHILD]:
        print(json.dumps(asyncio.run(measure(arguments[1], Path(arguments[2])))))
        return
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
    if os.geteuid() != 0 or shutil.which("docker-registry") is None:
        print("pull.py needs root and docker-registry: sudo scripts/setup.sh --registry --docker")
        return
    files = layers()
    image = container_image(files, host_platform())
    size = sum(len(blob.data) for blob in image.blobs) / 2**20
    print(f"{len(files)} layers, {sum(map(len, files))} files, {size:.0f} MiB compressed")
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        registry = stack.enter_context(docker_registry(folders[0]))
        registry.push("bench/app", "1", image)
        peers = {**stack.enter_context(docker(folders[1])), **podman()}
        compare(f"{registry.name}/bench/app:1", peers, int(arguments[0]) if arguments else ROUNDS)


if __name__ == "__main__":
    main(sys.argv[1:])
