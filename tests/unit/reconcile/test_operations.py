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
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from tests.unit.api.cloudmap.client import CloudMapClient


@pytest.fixture
async def clock():
    return ManualClock()


@pytest.fixture
def cloud_map(clock):
    cloud_map_client = CloudMapClient()
    cloud_map_client.now = clock.now()
    return cloud_map_client


@pytest.fixture
async def work(clock, cloud_map):
    ports = ReconcilerPorts(cloud_map.store, SimRuntime(clock), Feed(BootstrapSettings()), clock, cloud_map.ids)
    running = asyncio.create_task(OperationLoop(ports).run())
    yield running
    running.cancel()


async def test_operations_are_completed_and_later_removed(clock, cloud_map, work):
    await clock.settle()
    cloud_map.call("CreateHttpNamespace", Name="shop")
    await clock.settle()
    assert [operation.status for operation in cloud_map.world.operations] == ["SUCCESS"]
    assert [namespace.name for namespace in cloud_map.world.namespaces] == ["shop"]
    await clock.advance(OPERATIONS_KEPT + 1)
    assert list(cloud_map.world.operations) == []


async def test_operations_of_a_previous_process_are_completed(clock, cloud_map, work):
    cloud_map.call("CreateHttpNamespace", Name="shop")
    cloud_map.step(next(iter(cloud_map.world.operations)).key)
    await clock.settle()
    assert [operation.status for operation in cloud_map.world.operations] == ["SUCCESS"]
