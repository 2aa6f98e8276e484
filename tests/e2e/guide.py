"""The commands of guide pages, run as they are printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.installation import GRACE, Installation

PROJECT = Path(__file__).parents[2]
GUIDE = PROJECT / "docs/guide"
_BLOCK = re.compile(
    r"(?P<mark><!-- not run: .+? -->\n)?^```(?P<language>sh|python)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE
)
_PRINTED_URL = "http://127.0.0.1:4566"


def blocks_of(page: str) -> list[str]:
    """The blocks of a page as shell commands, in order, without those that a mark excepts."""
    blocks = (block for block in _BLOCK.finditer((GUIDE / page).read_text()) if not block["mark"])
    return [block["text"] if block["language"] == "sh" else _run_by_python(block["text"]) for block in blocks]


def programs_of(page: str) -> list[str]:
    """The Python blocks of a page, in order."""
    return [block["text"] for block in _BLOCK.finditer((GUIDE / page).read_text()) if block["language"] == "python"]


def run_commands(
    script: str, installation: Installation, directory: Path, graces: int = 10
) -> subprocess.CompletedProcess[str]:
    """Run commands against this installation instead of the printed one, within so many times GRACE."""
    environment = installation.environment()
    return subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script.replace(_PRINTED_URL, installation.url)],
        env=environment
        | {"MOYAI_STATE": str(installation.state), "AWS_DISABLE_HOST_PREFIX_INJECTION": "true"}
        | {"PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=graces * GRACE,
    )


def _run_by_python(program: str) -> str:
    return f"python3 - <<'END_OF_PROGRAM'\n{program}END_OF_PROGRAM\n"
