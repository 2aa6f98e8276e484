"""Lines on their way to their log streams: each once, whatever fails in between."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.task_definition import ContainerLogConfiguration
from moyai.domain.logs.group import LogStream
from moyai.domain.world import Delete
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.log_streams import create_log_streams
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.ports.logs import EventQuery, LogStoreFault
from moyai.reconcile.log_shipper import LogShipper
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.log_memory import MemoryLogStore
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import case_of

LOG = ContainerLogConfiguration(
    "awslogs", {"awslogs-region": "us-east-1", "awslogs-group": "g", "awslogs-create-group": "true"}
)


class Refusing(MemoryLogStore):
    """A log store whose disk is full for a while."""

    full = False

    async def append(self, batches, now):
        if self.full:
            raise LogStoreFault("The disk is full.")
        await super().append(batches, now)


class LoggingTask:
    """A task with one container that says something when it starts and when it ends."""

    def __init__(self) -> None:
        self.clock, self.store, self.logs = ManualClock(), MemoryStore(), Refusing()
        self.build = Builder(self.store, self.clock)
        self.runtime = SimRuntime(self.clock)
        changed_container = replace(container("app"), port_mappings=(), log_configuration=LOG)
        self.definition = self.build.definition("logged", changed_container)
        self.task = self.build.world.tasks[self.build.run(self.definition)]
        self.store.apply(
            create_log_streams(self.build.world, self.task, self.definition, self.clock.now(), self.build.ids)
        )

    async def start(self) -> None:
        await self.runtime.prepare(sandbox_spec(self.build.world, self.task, self.definition))
        await self.runtime.start(container_spec(case_of(self.build.world, self.task), self.task.containers[0]))

    async def end(self) -> None:
        await self.runtime.stop(self.task.id, "app")
        await self.clock.advance(60)

    def shipper(self) -> LogShipper:
        return LogShipper(self.store, self.runtime, self.logs, self.clock)

    async def stored_lines(self) -> list[str]:
        group = next(iter(self.build.world.log_groups))
        page = await self.logs.read(EventQuery(group.id, None, 0, 2**62, None, 100))
        return [event.message.split()[1] for event in page.events]


@pytest.fixture
async def logging_task():
    new_logging_task = LoggingTask()
    await new_logging_task.start()
    return new_logging_task


async def ship_once(shipper):
    """One turn of a log shipper that has just started."""
    await shipper.resume()
    await shipper.ship()


async def test_lines_are_shipped_once_across_restarts(logging_task):
    await ship_once(logging_task.shipper())
    assert await logging_task.stored_lines() == ["started"]
    await logging_task.end()
    again = logging_task.shipper()
    await ship_once(again)
    await again.ship()
    assert await logging_task.stored_lines() == ["started", "ended"]


async def test_lines_that_could_not_be_stored_are_shipped_later(logging_task):
    shipper = logging_task.shipper()
    logging_task.logs.full = True
    with pytest.raises(LogStoreFault):
        await ship_once(shipper)
    logging_task.logs.full = False
    await shipper.ship()
    await shipper.ship()
    assert await logging_task.stored_lines() == ["started"]


async def test_a_full_disk_is_reported_once(logging_task, caplog):
    logging_task.logs.full = True
    carrying = asyncio.create_task(logging_task.shipper().run())
    await logging_task.clock.advance(60)
    assert caplog.text.count("The disk is full.") == 1
    logging_task.logs.full = False
    await logging_task.clock.advance(1)
    assert await logging_task.stored_lines() == ["started"]
    carrying.cancel()


async def test_lines_of_a_deleted_stream_are_skipped(logging_task):
    stream = next(iter(logging_task.build.world.log_streams))
    logging_task.store.apply([Delete(LogStream, stream.key)])
    shipper = logging_task.shipper()
    await ship_once(shipper)
    logging_task.store.apply(
        create_log_streams(
            logging_task.build.world,
            logging_task.task,
            logging_task.definition,
            logging_task.clock.now(),
            logging_task.build.ids,
        )
    )
    await logging_task.end()
    await shipper.ship()
    assert await logging_task.stored_lines() == ["ended"]
