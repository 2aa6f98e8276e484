"""Records of the outcomes of all attempts, from which docs/reference/isolation.md is generated.

A record has an engine, its version, kernel and machine, and the outcome of each attempt for each program and case. A
refusal is recorded with its reason; the details of a success differ from run to run and are not recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

from tests.e2e.attacks.rig import PLAIN_USER, ROOT, Attempt, Rig, families

FOLDER = Path(__file__).with_name("recorded")
CASES: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "root": (ROOT, ()),
        "plain user": (PLAIN_USER, ()),
        "root with SYS_PTRACE": (ROOT, ("SYS_PTRACE",)),
    }
)
"""User and added capabilities of each case; none needs a permission of the machine's owner."""

Results = dict[str, dict[str, dict[str, str]]]
"""By program, attempt and case: ``succeeded``, or ``refused`` with the reason."""


@dataclass(frozen=True)
class Record:
    """The outcomes on one engine. ``version``: empty for moyai, whose version is that of the repository."""

    engine: str
    version: str
    kernel: str
    machine: str
    results: Results


def observe(rig: Rig, program: str, case: str) -> dict[str, str]:
    """Run a program in one of the cases. Returns its outcomes by attempt."""
    user, capabilities = CASES[case]
    attempts = rig.run(program, capabilities=capabilities, user=user)
    return {name: outcome(attempt) for name, attempt in attempts.items()}


def outcome(attempt: Attempt) -> str:
    """An attempt's outcome as it is recorded."""
    return f"{attempt.outcome}: {attempt.detail}" if attempt.refused else attempt.outcome


def observe_all(rig: Rig, engine: str, version: str = "") -> Record:
    """Run every program in every case."""
    results: Results = {}
    for program in families():
        for case in CASES:
            for attempt, result in observe(rig, program, case).items():
                results.setdefault(program, {}).setdefault(attempt, {})[case] = result
    machine = os.uname()
    return Record(engine, version, machine.release, machine.machine, results)


def write(name: str, record: Record) -> None:
    """Write a record to the file ``name``."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(asdict(record), indent=1) + "\n")


def read(name: str) -> Record:
    """Read the record in the file ``name``."""
    return Record(**json.loads((FOLDER / f"{name}.json").read_text()))
