"""The commands of guide pages, run as they are printed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.installation import GRACE, Installation

PROJECT = Path(__file__).parents[2]
GUIDE = PROJECT / "docs/guide"
_BLOCK = re.compile(
    r"(?:<!-- (?:(?P<mark>not run): .+?|needs: (?P<program>\S+)|run after: (?P<other>\S+)) -->\n)?"
    r"^```(?P<language>sh|python)\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_PRINTED_URL = "http://127.0.0.1:4566"
_PRINTED_STATE = "/var/lib/moyai"


def blocks_of(page: str, after: str | None = None) -> list[str]:
    """The blocks of a page as shell commands, in order, without those that a mark excepts: for always, without a
    program that they need, or because they run after another page's. With ``after``: only those of that other page.
    """
    blocks = (
        block
        for block in _BLOCK.finditer((GUIDE / page).read_text())
        if not block["mark"] and block["other"] == after and _is_here(block["program"])
    )
    return [block["text"] if block["language"] == "sh" else _run_by_python(block["text"]) for block in blocks]


def followers() -> set[tuple[str, str]]:
    """The pages that have blocks to run after another page's, each with that page."""
    texts = {page.name: page.read_text() for page in GUIDE.glob("*.md")}
    return {(name, b["other"]) for name, text in texts.items() for b in _BLOCK.finditer(text) if b["other"]}


def programs_of(page: str) -> list[str]:
    """The Python blocks of a page, in order."""
    return [block["text"] for block in _BLOCK.finditer((GUIDE / page).read_text()) if block["language"] == "python"]


def run_commands(
    script: str, installation: Installation, directory: Path, graces: int = 10
) -> subprocess.CompletedProcess[str]:
    """Run commands against this installation instead of the printed one, within so many times GRACE."""
    environment = installation.environment()
    printed = script.replace(_PRINTED_URL, installation.url)
    return subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", printed.replace(_PRINTED_STATE, str(installation.state))],
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


def _is_here(program: str | None) -> bool:
    return program is None or shutil.which(program) is not None


def _run_by_python(program: str) -> str:
    return f"python3 - <<'END_OF_PROGRAM'\n{program}END_OF_PROGRAM\n"
