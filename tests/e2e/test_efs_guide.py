"""The commands of the guide on EFS, as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.guide import blocks_of, run_commands
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.mark.heavy
def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    begin, task, end = blocks_of("efs.md")
    task = task.replace("moyai logs", "echo LOGS; moyai logs")
    script = f"{begin}\n{task}\n{task[task.index('TASK=') :]}\n{end}"
    result = run_commands(script, server, tmp_path)
    assert result.returncode == 0, result.stderr
    first_logs, second_logs = result.stdout.split("LOGS\n")[1:]
    assert (len(first_logs.splitlines()), len(second_logs.splitlines())) == (1, 2), result.stdout
    file_systems = server.client("efs").describe_file_systems(CreationToken="uploads")["FileSystems"]
    assert file_systems == [], "a deleted one has no creation token"
