"""The commands of the guide on services behind load balancers, as they are printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installation import GRACE, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

GUIDE = Path(__file__).parents[2] / "docs/guide/services-behind-load-balancers.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    script = "\n".join(BLOCK.findall(GUIDE.read_text())).replace("http://127.0.0.1:4566", server.url)
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=server.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * GRACE,
    )
    assert result.returncode == 0, result.stderr
    answers = re.findall(r"^(\d+) from 127\.83\.", result.stdout, re.MULTILINE)
    assert answers == ["200"] * 3, result.stdout
    weights = re.findall(r"targetgroup/site-(blue|green)/\w+\s+(\d+)$", result.stdout, re.MULTILINE)
    assert weights[-2:] == [("blue", "0"), ("green", "100")], result.stdout
    assert server.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
