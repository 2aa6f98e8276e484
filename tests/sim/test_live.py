"""Live endpoints on the whole control plane: a running task's names follow, whatever dies on the way."""

from __future__ import annotations

import pytest

from moyai.domain.ecs.task import Task
from moyai.kernel.ids import ProxyId, ServiceArn
from moyai.testing.world import container
from tests.model.harness import at_once
from tests.sim.control import Installation
from tests.sim.cuts import first_cuts

STRIDE = 4


def client(installation: Installation) -> Task:
    service = next(s for s in installation.store.world.services if s.name == "front")
    (task,) = installation.build.tasks(service.arn)
    return task


async def offer(installation: Installation, name: str) -> ServiceArn:
    installation.build.service(
        name, installation.build.definition(name, container("api", port=9000)), 1, offers=["api"]
    )
    arn = next(s.arn for s in installation.store.world.services if s.name == name)
    await installation.steady(arn)
    return arn


async def story(installation: Installation) -> None:
    """A client, a service that comes after it, and one that goes again."""
    installation.build.live("on")
    front = installation.build.service("front", installation.build.definition("front"), 1, offers=[])
    await installation.steady(front)
    await offer(installation, "back")
    await installation.until(lambda: resolvable_names(installation) == ["back-api"])
    gone = await offer(installation, "gone")
    await installation.until(lambda: len(resolvable_names(installation)) == 2)
    installation.build.delete(gone)
    await installation.until(lambda: len(resolvable_names(installation)) == 1)


def resolvable_names(installation: Installation) -> list[str]:
    """The names that the client's hosts file has."""
    sandbox = at_once(installation.runtime.inspect(client(installation).id))
    return [h.name for h in sandbox.hosts if h.address.startswith("127.255.")]


async def ending(installation: Installation) -> dict[str, object]:
    await installation.clock.advance(120)
    task = client(installation)
    assert task.view is not None
    return {
        "found": resolvable_names(installation),
        "called": [n.dns_name for n in task.view.names],
        "carried": installation.feed.has_acked_routes_to(
            ProxyId(task.arn), {(n.address, n.port) for n in task.view.names}
        ),
        "left": await installation.plans_left(),
        "discovery": sorted(d.name for d in installation.store.world.discovery_services),
    }


async def test_a_running_tasks_names_follow_without_a_restart(installation):
    await story(installation)
    reached = await ending(installation)
    assert reached["found"] == reached["called"] == reached["discovery"] == ["back-api"]
    assert reached["carried"] is True
    assert reached["left"] == []
    verbs = [(verb, task) for verb, task, _ in installation.runtime.history if verb in {"prepare", "set_hosts"}]
    ours = client(installation).id
    assert [verb for verb, task in verbs if task == ours] == ["prepare", "set_hosts", "set_hosts", "set_hosts"]


@pytest.mark.parametrize("first", first_cuts(STRIDE))
async def test_a_crash_after_any_step_ends_the_same(first):
    installation = Installation(7)
    installation.start()
    await story(installation)
    actions, expected = installation.fuse.passed, await ending(installation)
    await installation.crash()
    for cut in range(first, actions + 1, STRIDE):
        again = Installation(7)
        again.start()
        again.fuse.set(cut)
        await story(again)
        assert again.crashes == 1, cut
        assert await ending(again) == expected, cut
        await again.crash()
