"""The Envoys that serve tasks: each task's own, or the one that tasks share."""

from __future__ import annotations

from pathlib import Path

from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from tests.e2e.installation import Installation
from tests.e2e.stack import processes, task_id


def proxy_folder(installation: Installation, arn: str = HOST_SANDBOX) -> Path:
    """The run directory of the Envoy that serves a task; without a task, of the one that tasks share."""
    tasks = installation.state / "run/tasks"
    own = tasks / task_id(arn) / "proxy"
    return own if own.exists() else tasks / HOST_SANDBOX / "proxy"


def envoys(installation: Installation, arn: str = HOST_SANDBOX) -> list[int]:
    """The processes of the Envoy that serves a task; without a task, of the one that tasks share."""
    folder = proxy_folder(installation, arn)
    candidates = processes(folder.parent.name, "/envoy --config-path")
    return [pid for pid in candidates if is_same(f"/proc/{pid}/root/run/proxy", folder)]


def is_same(place: str, folder: Path) -> bool:
    """Whether a directory that a process sees is this one: every installation's shared proxy has the same name."""
    try:
        return Path(place).samefile(folder)
    except OSError:
        return False  # the process has ended, or has not seen anything yet
