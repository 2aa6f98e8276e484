"""A disk that takes nothing for a while: what is there goes on, and what is to be done is done afterwards."""

from __future__ import annotations

from moyai.domain.ecs.task import TaskStatus
from moyai.testing.world import container

FULL = "The disk is full."


async def test_a_task_that_dies_on_a_full_disk_is_replaced_later(installation):
    build, store = installation.build, installation.store
    service = build.service("back", build.definition("back"), 2)
    await installation.steady(service)
    await store.acknowledge()
    before, victim = list(store.saved_records()), build.tasks(service)[0]
    store.refuse(FULL)
    installation.runtime.end_container(victim.id, "app", 3)
    await installation.clock.advance(120)
    assert store.fault == FULL
    assert sorted(store.world.records(), key=repr) == sorted(before, key=repr)
    assert set(await installation.runtime.observe()) == {task.id for task in build.tasks(service)}
    store.refuse(None)
    await installation.until(lambda: store.world.tasks[victim.arn].stopped)
    await installation.steady(service)
    assert len([task for task in build.tasks(service) if task.last_status is TaskStatus.RUNNING]) == 2
    assert await installation.plans_left() == []


async def test_a_certificate_is_issued_once_the_disk_has_space(installation):
    build, store = installation.build, installation.store
    service = build.service("back", build.definition("back", container("api", port=9000)), 1, offers=["api"])
    build.discover(service, build.registry("back", 1))
    await installation.steady(service)
    build.encrypt(service)
    await store.acknowledge()
    store.refuse(FULL)
    await installation.clock.advance(30)
    assert (store.fault, list(store.world.server_certificates)) == (FULL, [])
    store.refuse(None)
    await installation.until(lambda: len(store.world.server_certificates) == 1, 30)
    await installation.steady(service)
