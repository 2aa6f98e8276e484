"""The commands of the guide on daemons, as they are printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installation import GRACE, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root]

GUIDE = Path(__file__).parents[2] / "docs/guide/daemons.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_the_guides_commands_run_as_printed(make_installation, tmp_path: Path):
    installation: Installation = make_installation("--instances", "1")
    installation.up()
    script = "\n".join(BLOCK.findall(GUIDE.read_text()))
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=installation.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=10 * GRACE,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r'"taskArns": \[\s+"[^"]+:task/default/\w+"\s+\]', result.stdout), result.stdout
    assert "[\n    1\n]" in result.stdout
    assert installation.client("ecs").list_daemons()["daemonSummariesList"] == []
