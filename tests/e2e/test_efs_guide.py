"""The commands of the guide on EFS, as they are printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.e2e.installation import GRACE, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root]

GUIDE = Path(__file__).parents[2] / "docs/guide/efs.md"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def test_the_guides_commands_run_as_printed(server: Installation, tmp_path: Path):
    begin, task, end = BLOCK.findall(GUIDE.read_text())
    task = task.replace("moyai logs", "echo LOGS; moyai logs")
    script = f"{begin}\n{task}\n{task[task.index('TASK=') :]}\n{end}".replace("http://127.0.0.1:4566", server.url)
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
    first_logs, second_logs = result.stdout.split("LOGS\n")[1:]
    assert (len(first_logs.splitlines()), len(second_logs.splitlines())) == (1, 2), result.stdout
    file_systems = server.client("efs").describe_file_systems(CreationToken="uploads")["FileSystems"]
    assert file_systems == [], "a deleted one has no creation token"
