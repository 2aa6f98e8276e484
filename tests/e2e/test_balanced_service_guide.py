"""The commands of the guide on services behind load balancers, as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]


def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    script = "\n".join(blocks_of("services-behind-load-balancers.md"))
    result = run_commands(script, server, tmp_path, graces=40)
    assert result.returncode == 0, result.stderr
    answers = re.findall(r"^(\d+) from 127\.83\.", result.stdout, re.MULTILINE)
    assert answers == ["200"] * 3, result.stdout
    pages = re.findall(r"^production: .*$", result.stdout, re.MULTILINE)
    assert pages == ["production: first, test: second", "production: second"], result.stdout
    weights = re.findall(r"targetgroup/site-(blue|green)/\w+\s+(\d+)$", result.stdout, re.MULTILINE)
    assert weights[-2:] == [("blue", "0"), ("green", "100")], result.stdout
    assert server.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
