"""How a deployment of each strategy goes, stage by stage, and what follows from each thing that may come between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from moyai.testing.golden import cases
from tests.golden.deployments.teller import describe_case

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_a_deployment_follows_the_expected_stages(name, golden):
    case: dict[str, Any] = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    safe_dump = yaml.safe_dump(describe_case(case), sort_keys=False, width=160, allow_unicode=True)
    golden.check(name, {"plan": safe_dump})
