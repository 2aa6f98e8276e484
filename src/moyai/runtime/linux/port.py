"""Ports: what a router, or a container instance, calls its ends of the links to tasks."""

from __future__ import annotations

import hashlib
from typing import Final

from moyai.kernel.ids import TaskId

PREFIX: Final = "v"

_DIGITS = 13  # an interface's name has at most 15 characters


def port_of(task: TaskId) -> str:
    """The name of the port that a task is at."""
    return PREFIX + hashlib.blake2s(task.encode()).hexdigest()[:_DIGITS]
