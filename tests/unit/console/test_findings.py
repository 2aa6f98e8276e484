"""The findings of ``moyai doctor`` about a service, as the console gets them."""

from __future__ import annotations

from urllib.parse import quote

import msgspec
import pytest

from moyai.api.wire.http import HttpRequest
from moyai.console.findings import FindingsEndpoint
from moyai.domain.sandbox.state import ExpectedListener
from moyai.domain.world import Put
from moyai.kernel.ids import AccountId
from moyai.plan.doctor import findings
from moyai.plan.events import announce, not_listening
from moyai.store.memory import MemoryStore
from moyai.testing.world import Builder
from tests.unit.plan.tasks import settled_service


@pytest.fixture
def shop():
    """The endpoint, and a service with a task that does not listen."""
    build, service = settled_service(1)
    (task,) = build.tasks(service)
    text = not_listening(task, [ExpectedListener("tcp", 80, 80, ("127.0.0.1",))], 40.0)
    build.book.apply(announce(build.world, service, [text], build.clock.now(), build.ids))
    return build, service


async def answer(build: Builder, service: str, method: str = "GET", account: AccountId | None = None):
    store = MemoryStore()
    store.apply([Put(record) for record in build.world.records()])
    request = HttpRequest(method, "/console/data/findings", f"service={quote(service)}", {})
    response = await FindingsEndpoint(store).answer(request, account)
    assert isinstance(response.body, bytes)
    return response.status, msgspec.json.decode(response.body)


async def test_a_service_has_the_findings_of_the_doctor(shop):
    build, service = shop
    status, body = await answer(build, service)
    assert status == 200
    assert [finding["kind"] for finding in body["findings"]] == ["not-listening"]
    assert body["findings"] == list(msgspec.to_builtins(findings(build.world, {})))


async def test_other_accounts_and_methods_are_refused(shop):
    build, service = shop
    assert (await answer(build, service, account=AccountId("999999999999")))[0] == 404
    assert (await answer(build, f"{service}x"))[0] == 404
    assert (await answer(build, service, "POST"))[0] == 405
