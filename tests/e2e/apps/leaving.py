"""The end of every application here: on SIGTERM it exits at once, also in the middle of a request."""

from __future__ import annotations

import os
import signal


def leave_on_sigterm() -> None:
    """Exit with 0, without a look at what is under way."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))


def task_id() -> str:
    """The task that this process belongs to, as its metadata address says."""
    return os.environ["ECS_CONTAINER_METADATA_URI_V4"].rpartition("/")[2].partition("-")[0]
