"""Instances and tasks → where each task goes, and why one finds no place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from moyai.testing.golden import cases
from tests.golden.placement.teller import describe_case

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_each_task_is_placed_as_expected(name, golden):
    case: dict[str, Any] = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    safe_dump = yaml.safe_dump(describe_case(case), sort_keys=False, width=160, allow_unicode=True)
    golden.check(name, {"placed": safe_dump})
