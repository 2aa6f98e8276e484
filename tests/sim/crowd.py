"""Many services on one simulated control plane, and the work that one more update of one of them makes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

from moyai.kernel.clock import later
from moyai.kernel.ids import ServiceArn
from moyai.testing.clock import EPOCH
from moyai.testing.world import container
from tests.sim.control import Installation

REPLICAS = 10
NEIGHBOURS = 5
"""Services in one namespace, all of which can call each other."""
WINDOW = 120.0
"""Seconds: a whole number of the loop's looks at everything."""


class Work(NamedTuple):
    """``written``: changes to records; ``looks``: how often a task was looked at; ``calls``: of Python functions."""

    written: int
    looks: int
    calls: int

    def less(self, other: Work) -> Work:
        return Work(self.written - other.written, self.looks - other.looks, self.calls - other.calls)


class Crowd:
    """That many services of ten tasks."""

    def __init__(self, services: int) -> None:
        self.installation = Installation(seed=1)
        self._services = services
        self.arns: list[ServiceArn] = []

    async def converge(self) -> None:
        """Make all and return when they are steady, shortly after the loop looked at everything."""
        installation = self.installation
        installation.start()
        build = installation.build
        self._definition = build.definition("app", container(port=8080))
        self.arns = [
            build.service(f"s{n}", self._definition, REPLICAS, offers=["app"], namespace=f"ns{n // NEIGHBOURS}")
            for n in range(self._services)
        ]
        await installation.until(lambda: all(installation.is_steady(arn) for arn in self.arns))
        await installation.clock.advance(WINDOW - (installation.clock.now() - EPOCH) % WINDOW + 1)

    async def cost_of_an_update(self) -> Work:
        """The work that an update adds to that of the same time without one."""
        rest = await self._count_work(lambda: None)
        middle = self.arns[len(self.arns) // 2]
        before = {task.arn for task in self.installation.build.tasks(middle)}
        update = await self._count_work(lambda: self.installation.build.deploy(middle, self._definition))
        after = {task.arn for task in self.installation.build.tasks(middle)}
        assert self.installation.is_steady(middle)
        assert len(after) == REPLICAS
        assert not before & after
        return update.less(rest)

    async def _count_work(self, act: Callable[[], Any]) -> Work:
        """The work in one WINDOW that begins with ``act``."""
        calls = 0

        def count(_frame: FrameType, event: str, _value: object) -> None:
            nonlocal calls
            calls += event == "call"

        store, runtime, clock = self.installation.store, self.installation.runtime, self.installation.clock
        written, looks, until = store.written, runtime.looks, later(clock.now(), WINDOW)
        sys.setprofile(count)
        try:
            act()
            await clock.advance(until - clock.now())
        finally:
            sys.setprofile(None)
        return Work(store.written - written, runtime.looks - looks, calls)
