"""The commands of guide pages, run as they are printed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.e2e.installation import GRACE, Installation

_PAGES = Path(__file__).parents[2] / "docs/guide"
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_PRINTED_URL = "http://127.0.0.1:4566"


def blocks_of(page: str) -> list[str]:
    """The shell blocks of a page, in order."""
    return _BLOCK.findall((_PAGES / page).read_text())


def run_commands(
    script: str, installation: Installation, directory: Path, graces: int = 10
) -> subprocess.CompletedProcess[str]:
    """Run commands against this installation instead of the printed one, within so many times GRACE."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(_PRINTED_URL, installation.url)],
        env=installation.environment(),
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=graces * GRACE,
    )
