"""The commands of the guide on other AWS services, as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation


@pytest.mark.e2e
@pytest.mark.heavy
def test_the_commands_run_as_printed(tmp_path: Path):
    installation = Installation(tmp_path / "state", "--runtime", "sim", "--dns-port", "0")
    installation.up()
    try:
        result = run_commands("\n".join(blocks_of("other-services.md")), installation, tmp_path)
        assert result.returncode == 0, result.stderr
        assert "hello\n" in result.stdout
        assert "arn:aws:iam::123456789012:role/app" in result.stdout
        assert "all others" in result.stdout
        assert "assumed-role/app/me" in result.stdout
    finally:
        assert installation.leave() == []
