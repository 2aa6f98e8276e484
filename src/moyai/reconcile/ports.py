"""The ports that the reconciler and its helpers use, as one value.

Loops that need only a part of them take that part instead.
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.sandbox.open_files import MOST, OpenLimits
from moyai.kernel.clock import Clock
from moyai.kernel.ids import Ids
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import TaskRuntime
from moyai.ports.store import Store


class ReconcilerPorts(NamedTuple):
    """Everything outside this process that reconciling reads or changes."""

    store: Store
    runtime: TaskRuntime
    feed: ProxyFeed
    clock: Clock
    ids: Ids
    limits: OpenLimits = MOST
    """What each front proxy may have open."""
