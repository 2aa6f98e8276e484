"""``nft``, told what to do in the network namespace of the calling thread."""

from __future__ import annotations

import subprocess

from moyai.ports.runtime import SandboxFailed

_TIMEOUT = 20


def apply(text: str) -> None:
    """Carry out all of it, or nothing. Only for the network thread. Raises SandboxFailed with nft's own words."""
    try:
        answer = subprocess.run(
            ["nft", "-f", "-"],  # noqa: S607 - where it is differs between systems
            input=text.encode(),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"nft can't be run: {error}") from error
    if answer.returncode != 0:
        raise SandboxFailed(f"nft refused the rules: {answer.stderr.decode(errors='replace').strip()}")
