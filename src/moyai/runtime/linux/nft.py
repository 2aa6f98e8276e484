"""``nft``, told what to do in the network namespace of the calling thread."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from moyai.ports.runtime import SandboxFailed

_TIMEOUT = 20


def apply(text: str) -> None:
    """Carry out all of it, or nothing. Only for the network thread. Raises SandboxFailed with nft's own words."""
    _run(["nft", "-f", "-"], text, "the rules")


def read(query: str) -> str:
    """What nft answers, in numbers. Only for the network thread. Raises SandboxFailed with nft's own words."""
    return _run(["nft", "-n", *query.split()], "", query)


def _run(command: Sequence[str], told: str, what: str) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - nft, wherever it is on this system
            command, input=told.encode(), capture_output=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"nft can't be run: {error}") from error
    if answer.returncode != 0:
        raise SandboxFailed(f"nft refused {what}: {answer.stderr.decode(errors='replace').strip()}")
    return answer.stdout.decode(errors="replace")
