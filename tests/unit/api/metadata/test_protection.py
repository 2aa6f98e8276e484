"""A task that protects itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.api.metadata.app import MetadataApp
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.store.memory import MemoryStore
from moyai.testing.world import Builder
from tests.unit.plan.tasks import schedule

ROLE = "arn:aws:iam::123456789012:role/worker"


class ProtectedTask:
    """A service's task and the endpoint that it asks."""

    def __init__(self, role: str | None = ROLE) -> None:
        self.store = MemoryStore()
        self.build = Builder(self.store)
        definition = replace(self.build.definition("s"), task_role_arn=role)
        self.store.apply([Put(definition)])
        service = self.build.service("s", definition, 2)
        schedule(self.build, service)
        self.task, self.other = self.build.tasks(service)

    @property
    def stored_task(self) -> Task:
        return self.store.world.tasks[self.task.arn]

    async def ask(
        self,
        body: bytes | None = None,
        *,
        method: str = "GET",
        peer: str = "",
        path: str = "",
        messages: Sequence[dict[str, Any]] = (),
    ) -> Any:
        """The status and the answer. ``messages``: what comes of a PUT instead of a whole body."""
        sent: list[dict[str, Any]] = []
        whole = {"type": "http.request", "body": body or b"", "more_body": False}
        coming = iter(messages or [whole])

        async def receive() -> dict[str, Any]:
            return next(coming)

        async def send(message: Any) -> None:
            sent.append(message)

        own = f"/api/{runtime_id(self.task.containers[0].arn)}/task-protection/v1/state"
        scope = {
            "type": "http",
            "method": method if body is None and not messages else "PUT",
            "path": path or own,
            "client": (peer or self.task.interface.address, 5),
        }
        await MetadataApp(self.store, None, self.build.clock)(scope, receive, send)  # type: ignore[arg-type]
        return sent[0]["status"], json.loads(sent[1]["body"])


async def test_a_task_sets_and_clears_its_protection():
    place = ProtectedTask()
    arn, now = place.task.arn, place.build.clock.now()
    nothing = {"protection": {"ExpirationDate": None, "ProtectionEnabled": False, "TaskArn": arn}}
    assert await place.ask() == (200, nothing)
    status, answer = await place.ask(b'{"ProtectionEnabled": true, "ExpiresInMinutes": 60}')
    assert (status, answer["protection"]["ProtectionEnabled"]) == (200, True)
    assert answer["protection"]["ExpirationDate"].endswith("Z")
    assert place.stored_task.protected_until == later(now, 3600)
    assert await place.ask() == (200, answer)
    assert await place.ask(b'{"ProtectionEnabled": true}') != (200, answer)
    assert place.stored_task.protected_until == later(now, 7200)
    assert await place.ask(b'{"ProtectionEnabled": false}') == (200, nothing)
    assert place.stored_task.protected_until is None


async def test_a_body_that_is_not_text_is_refused():
    status, answer = await ProtectedTask().ask(b'{"\xff": true}')
    assert (status, answer["error"]["Code"]) == (400, "InvalidParameterException")


async def test_a_truncated_body_changes_nothing():
    place = ProtectedTask()
    messages = [{"type": "http.request", "body": b'{"ProtectionEnabled": true}', "more_body": True}]
    messages.append({"type": "http.disconnect"})
    status, _ = await place.ask(messages=messages)
    assert (status, place.stored_task.protected_until) == (408, None)


async def test_a_stopping_task_cannot_protect_itself():
    place = ProtectedTask()
    place.store.apply([Put(replace(place.stored_task, desired_status=DesiredStatus.STOPPED))])
    failure = {"Arn": place.task.arn, "Detail": None, "Reason": "DEPLOYMENT_BLOCKED"}
    assert await place.ask(b'{"ProtectionEnabled": true}') == (200, {"failure": failure})
    assert place.stored_task.protected_until is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b"{}",
        b'{"ProtectionEnabled": "yes"}',
        b'{"ProtectionEnabled": true, "ExpiresInMinutes": 0}',
        b'{"ProtectionEnabled": true, "ExpiresInMinutes": 2881}',
        b'{"ProtectionEnabled": true, "Forever": true}',
        b'{"ProtectionEnabled": true, "ExpiresInMinutes": ' + b"1" * 5000 + b"}",
        b"[" * 100_000,
    ],
)
async def test_invalid_protection_is_refused_and_changes_nothing(body):
    place = ProtectedTask()
    status, said = await place.ask(body)
    assert (status, said["error"]["Code"]) == (400, "InvalidParameterException")
    assert place.stored_task.protected_until is None


async def test_a_task_without_a_role_cannot_protect_itself():
    place = ProtectedTask(role=None)
    status, said = await place.ask(b'{"ProtectionEnabled": true}')
    assert (status, said["error"]["Code"]) == (400, "AccessDeniedException")
    assert said["error"]["Message"] == "Invalid Request: no task IAM role credentials available for task"


async def test_a_neighbour_cannot_protect_a_task():
    place = ProtectedTask()
    neighbour = place.other.interface.address
    assert (await place.ask(b'{"ProtectionEnabled": true}', peer=neighbour))[0] == 404
    for path in ("/api/", f"/api/{place.task.id}/task-protection/v1/state", "/api/x/task-protection/v1/state"):
        assert (await place.ask(b'{"ProtectionEnabled": true}', path=path))[0] == 404
    assert (await place.ask(method="DELETE"))[0] == 405
    assert place.stored_task.protected_until is None
