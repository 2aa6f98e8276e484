"""Measurements as a table: the smallest, the median and the largest sample, and the median against a base. Each row is
added to ``build/bench/SCRIPT.jsonl``, with its samples, the base, the time, the load average, the process and its
start, which tell the rows of one run from those of others. `scripts/performance.py` reads these files.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Final

ROWS: Final = Path(__file__).parents[2] / "build/bench"


def show(
    title: str, unit: str, samples: Mapping[str, Sequence[float]], base: str | None = None, column: str = ""
) -> None:
    """Print a row for each name; ``base`` names the row that the others are divided by. ``column``: what distinguishes
    these samples from others with the same title, which become columns of one table.
    """
    head = ", ".join(filter(None, (title, column, unit)))
    width = max(44, len(head), *map(len, samples))
    print(f"{head:{width}} {'min':>10} {'median':>10} {'max':>10} {'ratio':>7}")
    for name, values in samples.items():
        ratio = f"{median(values) / median(samples[base]):6.2f}x" if base is not None else ""
        print(f"{name:{width}} {_cells(values)} {ratio:>7}", flush=True)
    _add_rows({"title": title, "unit": unit, "base": base, "column": column}, samples)


def _add_rows(table: Mapping[str, str | None], samples: Mapping[str, Sequence[float]]) -> None:
    ROWS.mkdir(parents=True, exist_ok=True)
    run = {
        "process": os.getpid(),
        "started": _start(),
        "at": round(time.time()),
        "load": os.getloadavg()[0],
        "cpus": os.cpu_count(),
    }
    with (ROWS / f"{Path(sys.argv[0]).stem}.jsonl").open("a") as file:
        file.writelines(
            json.dumps({**run, **table, "name": name, "samples": [float(f"{v:.4g}") for v in values]}) + "\n"
            for name, values in samples.items()
        )


def _start() -> int:
    """When this process was started, in clock ticks since the machine was: field 22, and the 20th after the name."""
    return int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])


def _cells(values: Sequence[float]) -> str:
    digits = 0 if median(values) >= 1000 else 1 if median(values) >= 10 else 3  # noqa: PLR2004
    return " ".join(f"{value:10.{digits}f}" for value in (min(values), median(values), max(values)))
