"""Which sandboxes a fault in the networks stops."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from moyai.domain.ecs.task import Task
from moyai.domain.world import table_name
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import NetworksFailed
from moyai.ports.store import Key
from moyai.reconcile.networks import NetworkSync
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder, container
from tests.unit.reconcile.recorded_feed import RecordingFeed


@pytest.fixture
def sandbox():
    clock, store = ManualClock(), MemoryStore()
    build, runtime = Builder(store, clock), SimRuntime(clock)
    task = build.world.tasks[build.run(build.definition("web", container("app")))]
    networks = NetworkSync(ReconcilerPorts(store, runtime, RecordingFeed(), clock, SeededIds()))
    networks.follow([Key(table_name(Task), task.key)])
    return SimpleNamespace(id=task.id, vpc=task.interface.vpc, networks=networks, runtime=runtime)


async def test_a_fault_in_another_vpc_stops_no_sandbox_and_is_reported_by_sync(sandbox):
    fault = NetworksFailed("nft refused the rules", [VpcId("vpc-other")])
    sandbox.runtime.fail_next("apply_network", fault)
    await sandbox.networks.include(sandbox.id)
    sandbox.runtime.fail_next("apply_network", fault)
    with pytest.raises(NetworksFailed):
        await sandbox.networks.sync()


async def test_a_fault_in_the_vpc_of_a_sandbox_stops_it(sandbox):
    sandbox.runtime.fail_next("apply_network", NetworksFailed("nft refused the rules", [sandbox.vpc]))
    with pytest.raises(NetworksFailed):
        await sandbox.networks.include(sandbox.id)
