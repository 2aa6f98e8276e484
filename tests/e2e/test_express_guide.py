"""The commands of the guide on Express services and gateways, as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]


def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    script = "\n".join(blocks_of("express.md"))
    result = run_commands(script, server, tmp_path, graces=18)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("https://he-"), result.stdout
    assert lines.count("200") == 2, result.stdout
    assert "1024" in lines, result.stdout
    assert server.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
