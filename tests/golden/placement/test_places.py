"""Instances and tasks → where each task goes, and why one finds no place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from moyai.testing.golden import Golden, cases
from tests.golden.placement.teller import describe_case

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_each_task_is_placed_as_expected(name, golden_update):
    case: dict[str, Any] = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    safe_dump = yaml.safe_dump(describe_case(case), sort_keys=False, width=160, allow_unicode=True)
    Golden(HERE, update=golden_update).check(name, {"placed": safe_dump})


def test_every_expectation_has_a_case(golden_update):
    Golden(HERE, update=golden_update).check_orphans(cases(HERE))
