"""Generates docs/reference/isolation.md from the records of `make attacks` in tests/e2e/attacks/recorded."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_ATTACKS = Path(__file__).parents[1] / "tests" / "e2e" / "attacks"
_HEAD = """\
# Isolation: attacks from tasks, compared with Docker

Generated from the records of `make attacks`; do not edit.

Each program of [tests/e2e/attacks/programs](../../tests/e2e/attacks/programs) ran in tasks of moyai and in containers
of {engine} {version} (Debian's package with its default settings), on Linux {kernel} ({machine}): as root and as a
plain user with the default capabilities, and as root with `SYS_PTRACE`. A cell has one result if these cases agree.

A refusal is shown with its reason: the error of the call, or the signal that the process received. *Empty* means that
the file's content is masked; *absent* means that this kernel lacks the feature, which another kernel may have. A call
that reaches the kernel with invalid, harmless arguments counts as succeeded, because no filter has stopped it."""


def isolation_page() -> str:
    """The page: both records as tables, one for each program."""
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
    """The outcomes of an attempt: a single one if all cases agree."""
    return "; ".join(_outcomes(results.get(attempt, {}))) or "not tried"


def _outcomes(cases: Mapping[str, str]) -> Iterator[str]:
    outcomes = dict.fromkeys(cases.values())
    for outcome in outcomes:
        verdict, _, reason = outcome.partition(": ")
        text = f"refused ({reason})" if reason else f"**{verdict}**"
        same = ", ".join(case for case, result in cases.items() if result == outcome)
        yield text if len(outcomes) == 1 else f"{same}: {text}"
