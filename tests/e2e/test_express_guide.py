"""The commands of the guide on Express services and gateways, as they are printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installation import GRACE, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

GUIDE = Path(__file__).parents[2] / "docs/guide/express.md"
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
        timeout=18 * GRACE,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("https://he-"), result.stdout
    assert lines.count("200") == 2, result.stdout
    assert "1024" in lines, result.stdout
    assert server.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
