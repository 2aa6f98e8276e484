"""Generates docs/reference/performance.md from the rows that benchmarks have recorded in bench/results.

Run as a program, after `make bench`, it first copies the rows of the newest run of the benchmarks that it is given, or
of all, from build/bench to bench/results: `make bench RECORD=1` does both. The page shows each table of rows with bars,
and each goal of bench/goals.toml as reached or missed; a missed goal has the reason there.
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

_ROOT: Final = Path(__file__).parents[1]
_BENCH: Final = _ROOT / "bench"
_RESULTS: Final = _BENCH / "results"
_NEW_ROWS: Final = _ROOT / "build" / "bench"
_BAR: Final = 16
"""Characters of the longest bar of a table."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_HEAD: Final = """\
# Performance

Generated from the rows in [bench/results](../../bench/results) and the goals in
[bench/goals.toml](../../bench/goals.toml); do not edit. `make bench` measures all of it, `make bench ONLY="api push"`
single parts; the samples are added to `build/bench`. With `RECORD=1` it also replaces the rows of these parts, and this
page. Parts that start real tasks need root and say so. Each part removes what it created. None of them is a test:
nothing fails because a machine is slow.

- Compared variants take turns within one run, because a machine's speed varies more between two runs than most changes
  affect it. The ratios matter; the absolute values depend on the machine, and on the load that each table names.
- The load generator is a process on the same machine, so the values include its competition for the processors.
- A run at a load average above the number of processors shows what others left of the machine. Its ratios and its
  processor times tell something about moyai, its times on the clock and its rates do not.
- A bar is as long as the median, within its table."""

_PUBLISHED: Final = """\
## What other meshes publish

On other machines and with other loads, so only the order of magnitude compares. The parts below measure what can run
beside moyai."""


class Row(NamedTuple):
    """The samples of one name in a table. ``at``: seconds since 1970; ``base``: the name that others are divided by;
    ``started``: when the process was, in clock ticks since the machine's start, because ids of processes come again;
    ``column``: the column of the table that the samples are in, where it has several.
    """

    process: int
    at: int
    load: float
    cpus: int
    title: str
    unit: str
    base: str | None
    name: str
    samples: Sequence[float]
    started: int = 0
    column: str = ""

    @property
    def median(self) -> float:
        """The median of the samples."""
        return median(self.samples)


_REQUIRED: Final = frozenset(Row._fields) - frozenset(Row._field_defaults)


class Goal(NamedTuple):
    """A bound for the median of a row, or for its ratio to the row ``of``, in the same column. ``missed``: why it is
    not reached.
    """

    subject: str
    title: str
    name: str
    at_most: float | None = None
    at_least: float | None = None
    of: str | None = None
    column: str = ""
    missed: str = ""


class Published(NamedTuple):
    """What a mesh publishes about itself."""

    mesh: str
    results: str
    source: str


class Part(NamedTuple):
    """A benchmark: its rows, and the goals for them."""

    name: str
    description: str
    rows: Sequence[Row]
    goals: Sequence[Goal]


def performance_page() -> str:
    """The page: the parts of bench/goals.toml in their order, then the others that have rows."""
    settings = tomllib.loads((_BENCH / "goals.toml").read_text())
    goals = {part["name"]: part.get("goal", ()) for part in settings["part"]}
    names = dict.fromkeys([*goals, *sorted(file.stem for file in _RESULTS.glob("*.jsonl"))])
    published = [Published(**mesh) for mesh in settings["published"]]
    return page([_part(name, goals.get(name, ())) for name in names], published)


def page(parts: Sequence[Part], published: Sequence[Published] = ()) -> str:
    """The page of these parts. Raises ValueError for a goal without a row, and for one that is missed for no reason."""
    goals = ["| subject | goal | measured | |", "|---|--:|--:|---|", *(_verdict(p, g) for p in parts for g in p.goals)]
    sections = (text for part in parts for text in _section(part))
    texts = [_HEAD, "## Goals", "\n".join(goals), *([_PUBLISHED, _published_table(published)] if published else [])]
    return "\n\n".join([*texts, *sections]) + "\n"


def _published_table(published: Iterable[Published]) -> str:
    rows = (f"| {other.mesh} | {other.results} | [source]({other.source}) |" for other in published)
    return "\n".join(["| mesh | published | |", "|---|---|---|", *rows])


def description(part: str) -> str:
    """What a benchmark says of itself, without how to run it."""
    text = ast.get_docstring(ast.parse((_BENCH / f"{part}.py").read_text())) or ""
    subject, _, rest = text.partition("Run by `make bench`")
    details = " ".join(rest.split()).partition("`. ")[2].replace("No number here is a test.", "")
    return " ".join([*subject.split(), details]).strip()


def rows_of(file: Path) -> Sequence[Row]:
    """The rows of a file, without those of a format that an older benchmark wrote; none if there is no such file."""
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    readable = [Row(**row) for row in rows if _REQUIRED <= row.keys() <= set(Row._fields)]
    if len(readable) < len(rows):
        print(f"{file}: {len(rows) - len(readable)} rows are of another format, and left out", file=sys.stderr)
    return readable


def newest_run(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows of the process that added the last one."""
    return [row for row in rows if (row.process, row.started) == (rows[-1].process, rows[-1].started)]


def record(parts: Sequence[str], new_rows: Path = _NEW_ROWS, results: Path = _RESULTS) -> None:
    """Replace the rows of these benchmarks, or of all for none, by those of the newest run here, where there is one."""
    results.mkdir(exist_ok=True)
    for file in sorted(new_rows.glob("*.jsonl")):
        rows = newest_run(rows_of(file)) if not parts or file.stem in parts else ()
        if rows:
            (results / file.name).write_text("".join(json.dumps(row._asdict()) + "\n" for row in rows))


def _part(name: str, goals: Sequence[Mapping[str, Any]]) -> Part:
    return Part(name, description(name), rows_of(_RESULTS / f"{name}.jsonl"), [Goal(**goal) for goal in goals])


def _verdict(part: Part, goal: Goal) -> str:
    by_name = {row.name: row for row in part.rows if (row.title, row.column) == (goal.title, goal.column)}
    if goal.name not in by_name or (goal.of is not None and goal.of not in by_name):
        return f"| {goal.subject} | {_bound(goal, '')} | not measured | |"
    row = by_name[goal.name]
    value = row.median if goal.of is None else row.median / by_name[goal.of].median
    unit = row.unit if goal.of is None else f"times {goal.of}"
    reached = value <= goal.at_most if goal.at_most is not None else value >= (goal.at_least or 0)
    if not reached and not goal.missed:
        problem = f"{goal.subject} is missed ({_number(value)} {unit}), and no reason is given"
        raise ValueError(f"bench/goals.toml: {problem}")
    verdict = "reached" if reached else f"**missed**: {goal.missed}"
    return f"| {goal.subject} | {_bound(goal, unit)} | {_number(value)} | {verdict} |"


def _bound(goal: Goal, unit: str) -> str:
    sign, bound = ("≤", goal.at_most) if goal.at_most is not None else ("≥", goal.at_least or 0)
    return f"{sign} {_number(bound)} {unit}".rstrip()


def _section(part: Part) -> Iterator[str]:
    if not part.rows:
        return
    yield f"## `{part.name}.py`"
    yield part.description
    tables: dict[tuple[str, str], list[Row]] = {}
    for row in part.rows:
        tables.setdefault((row.title, row.unit), []).append(row)
    for (title, unit), rows in tables.items():
        yield f"**{title}**{f', {unit}' if unit else ''} ({_when(rows[0])})"
        yield "\n".join(_columns(rows) if rows[0].column else _table(rows))


def _when(row: Row) -> str:
    day = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%d")
    return f"{day}, {row.cpus} processors, load average {row.load:.0f}"


def _table(rows: Sequence[Row]) -> Iterator[str]:
    base = next((row for row in rows if row.name == row.base), None)
    longest = max(row.median for row in rows)
    is_bars = len(rows) > 1 and longest > 0
    yield f"| | smallest | median | largest |{' ratio |' if base else ''}{' |' if is_bars else ''}"
    yield f"|---|--:|--:|--:|{'--:|' if base else ''}{'---|' if is_bars else ''}"
    for row in rows:
        cells = [row.name, *map(_number, (min(row.samples), row.median, max(row.samples)))]
        cells += [f"{row.median / base.median:.2f}"] if base else []
        cells += [bar(row.median / longest)] if is_bars else []
        yield f"| {' | '.join(cells)} |"


def _columns(rows: Sequence[Row]) -> Iterator[str]:
    """A table with a column for each load: the medians, and their ratios to the base's."""
    columns, names = dict.fromkeys(row.column for row in rows), dict.fromkeys(row.name for row in rows)
    medians = {(row.name, row.column): row.median for row in rows}
    base = rows[0].base
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'--:|' * len(columns)}"
    for name in names:
        yield f"| {' | '.join([name, *(_cell(medians, name, column, base) for column in columns)])} |"


def _cell(medians: Mapping[tuple[str, str], float], name: str, column: str, base: str | None) -> str:
    value = medians.get((name, column))
    if value is None:
        return ""
    divisor = medians.get((base or "", column))
    return f"{_number(value)} ({value / divisor:.2f}x)" if divisor else _number(value)


def bar(share: float) -> str:
    """A bar of this share of the longest one; nothing below zero."""
    eighths = round(max(0.0, share) * _BAR * 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def _number(value: float) -> str:
    """At most three digits that are not zero, with commas."""
    if abs(value) >= 1000:  # noqa: PLR2004
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


if __name__ == "__main__":
    record(sys.argv[1:])
