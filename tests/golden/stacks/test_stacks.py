"""Templates → the order of their resources, the calls of each operation on the stack, and its events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from moyai.testing.golden import cases
from tests.golden.stacks.story import tell_story

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
async def test_each_operation_makes_the_expected_calls(name, golden):
    case: dict[str, Any] = yaml.load((HERE / f"{name}.in.yaml").read_text(), yaml.BaseLoader)  # noqa: S506 (texts only)
    story = yaml.safe_dump(await tell_story(case), sort_keys=False, width=160, allow_unicode=True)
    golden.check(name, {"steps": story})
