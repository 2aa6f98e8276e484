"""Live endpoints on the whole control plane: a running task's names follow, whatever dies on the way."""

from __future__ import annotations

import pytest

from moyai.domain.ecs.task import Task
from moyai.kernel.ids import ProxyId, ServiceArn
from moyai.testing.world import container
from tests.model.harness import at_once
from tests.sim.control import Installation

STRIDE = 4


def client(made: Installation) -> Task:
    service = next(s for s in made.store.world.services if s.name == "front")
    (task,) = made.build.tasks(service.arn)
    return task


async def offer(made: Installation, name: str) -> ServiceArn:
    made.build.service(name, made.build.definition(name, container("api", port=9000)), 1, offers=["api"])
    arn = next(s.arn for s in made.store.world.services if s.name == name)
    await made.steady(arn)
    return arn


async def story(made: Installation) -> None:
    """A client, a service that comes after it, and one that goes again."""
    made.build.live("on")
    front = made.build.service("front", made.build.definition("front"), 1, offers=[])
    await made.steady(front)
    await offer(made, "back")
    await made.until(lambda: resolvable_names(made) == ["back-api"])
    gone = await offer(made, "gone")
    await made.until(lambda: len(resolvable_names(made)) == 2)
    made.build.delete(gone)
    await made.until(lambda: len(resolvable_names(made)) == 1)


def resolvable_names(made: Installation) -> list[str]:
    """The names that the client's hosts file has."""
    sandbox = at_once(made.runtime.inspect(client(made).id))
    return [h.name for h in sandbox.hosts if h.address.startswith("127.255.")]


async def ending(made: Installation) -> dict[str, object]:
    await made.clock.advance(120)
    task = client(made)
    assert task.view is not None
    return {
        "found": resolvable_names(made),
        "called": [n.dns_name for n in task.view.names],
        "carried": made.feed.has_acked_routes_to(ProxyId(task.arn), {(n.address, n.port) for n in task.view.names}),
        "left": await made.plans_left(),
        "discovery": sorted(d.name for d in made.store.world.discovery_services),
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


@pytest.mark.parametrize("offset", range(STRIDE))
async def test_a_crash_after_any_step_ends_the_same(offset):
    installation = Installation(7)
    installation.start()
    await story(installation)
    actions, expected = installation.fuse.passed, await ending(installation)
    await installation.crash()
    for cut in range(1 + offset, actions + 1, STRIDE):
        again = Installation(7)
        again.start()
        again.fuse.set(cut)
        await story(again)
        assert again.crashes == 1, cut
        assert await ending(again) == expected, cut
        await again.crash()
