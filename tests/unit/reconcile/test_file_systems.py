"""File systems are measured, and removed once they are deleted and no task uses them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.efs.file_system import FileSystem
from moyai.domain.sandbox.spec import FileSystemMount
from moyai.domain.world import Put
from moyai.kernel.ids import FileSystemId
from moyai.reconcile.file_systems import FileSystemLoop
from moyai.reconcile.ports import ReconcilerPorts
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.runtime.adapters import TASK, sandbox
from tests.unit.reconcile.recorded_feed import RecordingFeed

ID = FileSystemId("fs-0123456789abcdef0")


class Runtime(SimRuntime):
    """A runtime whose file system has a size."""

    size: int | None = 4096
    seconds = 0.0
    """How long counting takes."""
    counts = 0

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self._manual_clock = clock

    async def file_system_size(self, file_system: str) -> int | None:
        assert file_system == ID
        self.counts += 1
        await self._manual_clock.advance(self.seconds)
        return self.size


class Rig:
    """A file system and its loop."""

    def __init__(self) -> None:
        self.clock, self.store = ManualClock(), MemoryStore()
        self.runtime = Runtime(self.clock)
        ports = ReconcilerPorts(self.store, self.runtime, RecordingFeed(), self.clock, SeededIds())
        self.loop = FileSystemLoop(ports)
        self.store.apply([Put(FileSystem(ID, SCOPE, "token", self.clock.now()))])

    @property
    def record(self) -> FileSystem:
        return self.store.world.file_systems[ID]


@pytest.fixture
def rig():
    return Rig()


async def test_a_size_is_recorded_when_it_has_changed(rig):
    begin = rig.clock.now()
    assert await rig.loop.advance(ID) == begin + 60
    assert (rig.record.size, rig.record.measured_at) == (4096, begin)
    assert await rig.loop.advance(ID) == begin + 60, "a change of the record counts nothing again"
    assert rig.runtime.counts == 1
    await rig.clock.advance(60)
    await rig.loop.advance(ID)
    assert (rig.runtime.counts, rig.record.measured_at) == (2, begin)
    rig.runtime.size = 8192
    await rig.clock.advance(60)
    await rig.loop.advance(ID)
    assert (rig.record.size, rig.record.measured_at) == (8192, begin + 120)


async def test_a_size_that_can_not_be_counted_stays(rig):
    await rig.loop.advance(ID)
    rig.runtime.size = None
    await rig.clock.advance(60)
    await rig.loop.advance(ID)
    assert rig.record.size == 4096


async def test_a_large_file_system_is_counted_less_often(rig):
    rig.runtime.seconds = 10.0
    begin = rig.clock.now()
    assert await rig.loop.advance(ID) == begin + 10 + 200


async def test_a_deleted_file_system_goes_when_no_sandbox_has_it(rig):
    mount = FileSystemMount(ID, "server")
    await rig.runtime.prepare(replace(sandbox(), file_systems={"data": mount}))
    rig.store.apply([Put(replace(rig.record, deleted_at=rig.clock.now()))])
    assert await rig.loop.advance(ID) == rig.clock.now() + 5
    assert ID in rig.store.world.file_systems
    await rig.runtime.release(TASK)
    assert await rig.loop.advance(ID) is None
    assert ID not in rig.store.world.file_systems
    assert await rig.loop.advance(ID) is None
