"""The commands of the guide on daemons, as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]


def test_the_guides_commands_run_as_printed(make_installation, tmp_path: Path):
    installation: Installation = make_installation("--instances", "1")
    installation.up()
    script = "\n".join(blocks_of("daemons.md"))
    result = run_commands(script, installation, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r'"taskArns": \[\s+"[^"]+:task/default/\w+"\s+\]', result.stdout), result.stdout
    assert "[\n    1\n]" in result.stdout
    assert installation.client("ecs").list_daemons()["daemonSummariesList"] == []
