"""Figures as a table: the smallest, the median and the largest sample, and the median against a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median


def show(title: str, unit: str, samples: Mapping[str, Sequence[float]], base: str | None = None) -> None:
    """Print a row for each name; ``base`` names the row that the others are divided by."""
    width = max(44, *map(len, samples))
    print(f"{title + ', ' + unit:{width}} {'min':>10} {'median':>10} {'max':>10} {'ratio':>7}")
    for name, values in samples.items():
        ratio = f"{median(values) / median(samples[base]):6.2f}x" if base is not None else ""
        print(f"{name:{width}} {_cells(values)} {ratio:>7}", flush=True)


def _cells(values: Sequence[float]) -> str:
    digits = 0 if median(values) >= 1000 else 1 if median(values) >= 10 else 3  # noqa: PLR2004
    return " ".join(f"{value:10.{digits}f}" for value in (min(values), median(values), max(values)))
