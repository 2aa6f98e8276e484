"""The loop that does operations: at once, in its own line, and again after a restart."""

from __future__ import annotations

import asyncio

import pytest

from moyai.plan.cloudmap.operations import OPERATIONS_KEPT
from moyai.reconcile.operations import OperationLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.testing.clock import ManualClock
from moyai.xds.server.feed import Feed
from moyai.xds.translate.bootstrap import BootstrapSettings
from tests.unit.api.cloudmap.atlas import Atlas


@pytest.fixture
async def clock():
    return ManualClock()


@pytest.fixture
def atlas(clock):
    made = Atlas()
    made.now = clock.now()
    return made


@pytest.fixture
async def work(clock, atlas):
    ports = ReconcilerPorts(atlas.store, SimRuntime(clock), Feed(BootstrapSettings()), clock, atlas.ids)
    running = asyncio.create_task(OperationLoop(ports).run())
    yield running
    running.cancel()


async def test_what_is_submitted_is_done_and_later_forgotten(clock, atlas, work):
    await clock.settle()
    atlas.call("CreateHttpNamespace", Name="shop")
    await clock.settle()
    assert [one.status for one in atlas.world.operations] == ["SUCCESS"]
    assert [one.name for one in atlas.world.namespaces] == ["shop"]
    await clock.advance(OPERATIONS_KEPT + 1)
    assert list(atlas.world.operations) == []


async def test_what_another_process_left_is_done(clock, atlas, work):
    atlas.call("CreateHttpNamespace", Name="shop")
    atlas.step(next(iter(atlas.world.operations)).key)
    await clock.settle()
    assert [one.status for one in atlas.world.operations] == ["SUCCESS"]
