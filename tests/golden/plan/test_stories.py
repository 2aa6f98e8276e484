"""World → plan, as stories: requests and events in, every plan that follows from them out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from moyai.testing.golden import cases
from tests.golden.plan.narrator import describe_story

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_the_planner_produces_the_expected_plans(name, golden):
    story: dict[str, Any] = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    safe_dump = yaml.safe_dump(describe_story(story), sort_keys=False, width=160, allow_unicode=True)
    golden.check(name, {"plan": safe_dump})
