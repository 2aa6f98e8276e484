"""How long a layer takes to be unpacked into the store, against GNU tar.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/unpack.py`. The archive has the machine's own
`/usr/lib/python3*`, in gzip and in zstd. moyai hashes the file and the archive, and syncs the files;
tar does neither. CPU seconds include the processes that each starts, and memory is the largest of them. No number here
is a test.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from glob import glob
from pathlib import Path
from typing import Final

from rig.report import show

from moyai.images.store.image_store import ImageStore

ROUNDS: Final = 3
SOURCES: Final = [path.lstrip("/") for path in sorted(glob("/usr/lib/python3*"))]  # noqa: PTH207
COMPRESSIONS: Final = {"gzip": ["gzip", "-1"], "zstd": ["zstd", "-3"]}


def pack(directory: Path) -> dict[str, Path]:
    """The archive in each compression of which the machine has the program."""
    archive = directory / "layer.tar"
    subprocess.run(["tar", "-C", "/", "-cf", archive, *SOURCES], check=True)  # noqa: S603, S607
    packed = {}
    for name, command in COMPRESSIONS.items():
        if shutil.which(command[0]) is not None:
            packed[name] = archive.with_suffix(f".{name}")
            with archive.open("rb") as plain, packed[name].open("wb") as file:
                subprocess.run([*command, "-c"], stdin=plain, stdout=file, check=True)  # noqa: S603
    return packed


def unpack_into_store(archive: Path, directory: Path) -> None:
    """Add the archive to an empty store, as a pull does."""
    with ImageStore(directory).lease() as lease, archive.open("rb") as file:
        lease.add_archive(file)


def unpack_by_tar(archive: Path, directory: Path) -> None:
    """GNU tar, as root."""
    subprocess.run(["tar", "-C", directory, "-xf", archive], check=True)  # noqa: S603, S607


WAYS: Final[dict[str, Callable[[Path, Path], None]]] = {"GNU tar": unpack_by_tar, "moyai": unpack_into_store}


def measure(work: Callable[[], None]) -> tuple[float, float]:
    """Seconds on the clock, and CPU seconds of this process and of its children."""
    before, begin = _cpu_seconds(), time.perf_counter()
    work()
    return time.perf_counter() - begin, _cpu_seconds() - before


def _cpu_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> int:
    """Measure every way with every compression, in turn."""
    with tempfile.TemporaryDirectory() as name:
        for compression, archive in pack(Path(name)).items():
            seconds, cpu = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
            for _ in range(ROUNDS):
                for way, unpack in WAYS.items():
                    target = Path(name) / "target"
                    target.mkdir()
                    on_clock, on_cpu = measure(partial(unpack, archive, target))
                    seconds[way].append(on_clock)
                    cpu[way].append(on_cpu)
                    shutil.rmtree(target)
            title = f"unpacking {archive.stat().st_size / 2**20:.0f} MiB of {compression}"
            show(title, "s", seconds, "GNU tar")
            show(title, "CPU s", cpu, "GNU tar")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"the largest process had {peak:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
