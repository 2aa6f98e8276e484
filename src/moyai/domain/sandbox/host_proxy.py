"""The host's proxy: the one Envoy that serves the tasks of this machine that have no Envoy of their own.

Its names and its sandbox are fixed, so that the planner, the feed and the runtime mean the same Envoy without a record
of it.
"""

from __future__ import annotations

from typing import Final

from moyai.kernel.ids import ProxyId, TaskId

HOST_PROXY: Final = ProxyId("host/proxy")
HOST_PROXY_NAME: Final = "host-proxy"
"""The name of the proxy in its sandbox, and the sandbox's host name."""
HOST_SANDBOX: Final = TaskId("686f73742d70726f7879000000000000")
"""The sandbox of the host's proxy (``host-proxy`` in hexadecimal): an empty network, so that a path that does not
exist leads nowhere.
"""
NAMESPACES: Final = "/run/netns"
"""The directory of network namespaces in the root of the host's proxy."""


def namespace_path(task: TaskId) -> str:
    """The network namespace of a task, as the host's proxy sees it. No later task has it."""
    return f"{NAMESPACES}/{namespace_name(task)}"


def namespace_name(task: TaskId) -> str:
    """The name of a task's network namespace."""
    return f"task-{task}"
