"""docs/reference/isolation.md, from what `make attacks` recorded in tests/e2e/attacks/recorded."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_ATTACKS = Path(__file__).parents[1] / "tests" / "e2e" / "attacks"
_HEAD = """\
# Isolation: what a task is refused, beside Docker

Made from what `make attacks` recorded; do not edit.

Each program of [tests/e2e/attacks/programs](../../tests/e2e/attacks/programs) ran in tasks of moyai and in containers
of {engine} {version} (Debian's, with its own settings), on Linux {kernel} ({machine}): as root and
as a plain user with the default capabilities, and as root with `SYS_PTRACE`. Where these differ, a cell says which is
which.

A refusal comes with its reason: the error that the call ended in, or the signal that the process got. *Empty* is a file
whose content is masked; *absent* is something that this kernel hasn't got, so another one may have it. Where a call
reaches the kernel with arguments that make no sense, so that it could do no harm, it counts as succeeded: no filter
kept it away."""


def isolation_page() -> str:
    """Both records as tables, one for each program."""
    moyai, docker = (json.loads((_ATTACKS / "recorded" / f"{name}.json").read_text()) for name in ("moyai", "docker"))
    parts = [_HEAD.format_map(docker)]
    for program in sorted({*moyai["results"], *docker["results"]}):
        ours, theirs = (record["results"].get(program, {}) for record in (moyai, docker))
        rows = [f"| {attempt} | {_cell(ours, attempt)} | {_cell(theirs, attempt)} |" for attempt in {**ours, **theirs}]
        table = "\n".join(["| attempt | moyai | Docker Engine |", "|---|---|---|", *rows])
        parts += [f"## {program.replace('_', ' ').capitalize()}", _subject(program), table]
    return "\n\n".join(parts) + "\n"


def _subject(program: str) -> str:
    """The first paragraph of a program's docstring."""
    text = ast.get_docstring(ast.parse((_ATTACKS / "programs" / f"{program}.py").read_text())) or ""
    return text.partition("\n\n")[0]


def _cell(results: Mapping[str, Any], attempt: str) -> str:
    """What came of an attempt: once where it was the same in every case."""
    return "; ".join(_outcomes(results.get(attempt, {}))) or "not tried"


def _outcomes(cases: Mapping[str, str]) -> Iterator[str]:
    outcomes = dict.fromkeys(cases.values())
    for outcome in outcomes:
        verdict, _, reason = outcome.partition(": ")
        text = f"refused ({reason})" if reason else f"**{verdict}**"
        of = ", ".join(case for case, found in cases.items() if found == outcome)
        yield text if len(outcomes) == 1 else f"{of}: {text}"
