"""The endpoint for a container's output: it continues from a position, and stays within an account."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from moyai.api.wire.http import HttpRequest
from moyai.console.output import ContainerOutput
from moyai.kernel.ids import AccountId
from moyai.plan.task.container_spec import container_spec
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.world import Builder, container
from tests.unit.plan.tasks import case_of


@pytest.fixture
async def output_endpoint():
    """The endpoint, and a task whose container ``app`` has written two lines."""
    clock, store = ManualClock(), MemoryStore()
    build, runtime = Builder(store, clock), SimRuntime(clock)
    definition = build.definition("plain", replace(container("app"), port_mappings=()))
    task = build.world.tasks[build.run(definition)]
    await runtime.prepare(sandbox_spec(build.world, task, definition))
    await runtime.start(container_spec(case_of(build.world, task), task.containers[0]))
    await runtime.stop(task.id, "app")
    return ContainerOutput(store, runtime), task


def request(query, method="GET"):
    return HttpRequest(method, "/console/data/output", query, {}, b"")


async def lines_of(endpoint, query, account=None):
    answer = await endpoint.answer(request(query), account)
    body = msgspec.json.decode(answer.body)
    return answer.status, [line["text"] for line in body.get("lines", [])], body.get("position")


async def test_output_is_continued_from_a_position(output_endpoint):
    endpoint, task = output_endpoint
    query = f"task={task.id}&container=app"
    status, texts, position = await lines_of(endpoint, query)
    assert status == 200
    assert [text.split()[:2] for text in texts] == [["app", "started"], ["app", "ended"]]
    assert await lines_of(endpoint, f"{query}&after={position}") == (200, [], position)
    assert (await lines_of(endpoint, f"{query}&after=1"))[1] == texts[1:]


@pytest.mark.parametrize(
    "query", ["", "task=1", "container=app", "task=1&container=app&after=-1", "task=1&container=app&after=1e3"]
)
async def test_an_incomplete_request_is_refused(output_endpoint, query):
    assert (await output_endpoint[0].answer(request(query), None)).status == 400


async def test_unknown_containers_and_other_methods_are_refused(output_endpoint):
    endpoint, task = output_endpoint
    assert (await endpoint.answer(request(f"task={task.id}&container=other"), None)).status == 404
    assert (await endpoint.answer(request("task=other&container=app"), None)).status == 404
    assert (await endpoint.answer(request("", "POST"), None)).status == 405


async def test_a_login_reads_its_own_account(output_endpoint):
    endpoint, task = output_endpoint
    query = f"task={task.id}&container=app"
    assert (await lines_of(endpoint, query, AccountId("999999999999")))[0] == 404
    own = AccountId(task.arn.split(":")[4])
    assert (await lines_of(endpoint, query, own))[0] == 200
