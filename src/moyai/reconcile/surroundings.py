"""Everything outside that reconciling needs, each behind its port."""

from __future__ import annotations

from typing import NamedTuple

from moyai.kernel.clock import Clock
from moyai.kernel.ids import Ids
from moyai.ports.proxies import ProxyFeed
from moyai.ports.runtime import TaskRuntime
from moyai.ports.store import Store


class Surroundings(NamedTuple):
    """The ports, handed on as one."""

    store: Store
    runtime: TaskRuntime
    feed: ProxyFeed
    clock: Clock
    ids: Ids
