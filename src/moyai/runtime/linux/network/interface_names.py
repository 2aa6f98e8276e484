"""The names of the network interfaces that moyai makes. They outlive the control plane, which a newer release may
replace: a release keeps the names of the releases before it.
"""

from __future__ import annotations

import hashlib
from typing import Final

from moyai.kernel.ids import TaskId

TASK_PREFIX: Final = "v"
"""The prefix of a router's or a container instance's links to tasks."""
NODES_PREFIX: Final = "n"
"""The prefix of a router's link to a front proxy."""
PEERING_PREFIX: Final = "p"
"""The prefix of a router's links to other routers."""
EGRESS: Final = "outside"
"""A router's link to the network of the machine."""

_DIGITS = 13  # an interface's name has at most 15 characters


def task_link(task: TaskId) -> str:
    """The router's end of the veth to a task."""
    return TASK_PREFIX + _digest(task)


def nodes_link(task: TaskId) -> str:
    """The router's end of the veth to a front proxy's sandbox."""
    return NODES_PREFIX + _digest(task)


def peering_link(peering: str) -> str:
    """Both ends of the veth between the routers of a VPC peering."""
    return PEERING_PREFIX + _digest(peering)


def _digest(name: str) -> str:
    return hashlib.blake2s(name.encode()).hexdigest()[:_DIGITS]
