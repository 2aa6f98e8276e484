"""A task with a role gets its own keys, and the gateway knows whose they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from msgspec.structs import replace

from moyai.api.gateway import ApiGateway, GatewayDependencies
from moyai.api.metadata.credentials import PREFIX, credentials
from moyai.api.models import load_models
from moyai.api.senders import role_session_of
from moyai.api.sts.service import STS
from moyai.api.wire.http import HttpRequest
from moyai.domain.ecs.task import Task, TaskOverride, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.domain.sts.session import SessionRoot, credentials_id
from moyai.domain.world import Put
from moyai.kernel.errors import AccessDenied
from moyai.kernel.secret import Secret
from moyai.plan.task.container_spec import container_spec
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import Builder
from tests.unit.plan.tasks import case_of

ROOT = SessionRoot(Secret("0123456789abcdef"))
ROLE = "arn:aws:iam::123456789012:role/path/api"
MODELS = load_models(["sts", "ssm"])
VARIABLE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"


class TaskGateway:
    """An installation with a gateway that only tasks use."""

    def __init__(self) -> None:
        self.store, self.clock = MemoryStore(), ManualClock()
        self.build = Builder(self.store, self.clock)
        self.build.book.apply([Put(ROOT)])

    def task(self, role: str | None = ROLE) -> Task:
        definition = replace(self.build.definition("api"), task_role_arn=role)
        self.build.book.apply([Put(definition)])
        return self.build.world.tasks[self.build.run(definition)]

    def get(self, task: Task, path: str | None = None, peer: str | None = None) -> tuple[int, Any]:
        asked = path or PREFIX + credentials_id(ROOT, task.arn)
        return credentials(self.build.world, asked, peer or task.interface.address, self.clock.now())

    def ask(self, keys: dict[str, str], body: str = "Action=GetCallerIdentity&Version=2011-06-15") -> tuple[int, str]:
        """The gateway's answer to a request that is signed with these keys."""
        headers = {"content-type": "application/x-www-form-urlencoded", "host": "169.254.170.2:4566"}
        request = AWSRequest("POST", "http://169.254.170.2:4566/", headers, body)
        input_credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["Token"])
        signer: Any = SigV4Auth(input_credentials, "sts", "eu-west-1")
        request.context["timestamp"] = datetime.fromtimestamp(self.clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        signer._modify_request_before_signing(request)
        text = signer.string_to_sign(request, signer.canonical_request(request))
        signer._inject_signature_to_request(request, signer.signature(text, request))
        dependencies = GatewayDependencies(self.store, self.clock, SeededIds(1), sessions_only=True)
        sent = {name.lower(): str(value) for name, value in request.headers.items()}
        gateway = ApiGateway((STS,), MODELS, dependencies)
        answer = asyncio.run(gateway.answer(HttpRequest("POST", "/", "", sent, body.encode())))
        return answer.status, answer.body.decode()


@pytest.fixture
def task_gateway():
    return TaskGateway()


def test_the_gateway_identifies_the_caller_by_its_credentials(task_gateway):
    task = task_gateway.task()
    status, keys = task_gateway.get(task)
    assert (status, keys["RoleArn"]) == (200, ROLE)
    assert keys["AccessKeyId"].startswith("ASIA")
    status, said = task_gateway.ask(keys)
    assert status == 200
    assert f"<Arn>arn:aws:sts::123456789012:assumed-role/api/{task.id}</Arn>" in said


def test_only_the_task_itself_gets_its_credentials(task_gateway):
    task, other = task_gateway.task(), task_gateway.task()
    assert task_gateway.get(task, peer=other.interface.address)[0] == 404
    assert task_gateway.get(task, path=f"{PREFIX}{task.id}")[0] == 404
    assert task_gateway.get(task_gateway.task(role=None))[0] == 404
    task_gateway.build.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert task_gateway.get(task)[0] == 404


@pytest.mark.parametrize("mode", [NetworkMode.BRIDGE, NetworkMode.HOST])
def test_a_task_with_a_shared_address_gets_no_credentials(task_gateway, mode):
    task = replace(task_gateway.task(), network_mode=mode)
    task_gateway.build.book.apply([Put(task)])
    assert task_gateway.get(task)[0] == 404


def test_credentials_expire_with_time_and_task(task_gateway):
    task = task_gateway.task()
    keys = task_gateway.get(task)[1]
    task_gateway.clock.turn_to(task_gateway.clock.now() + 3600)
    assert task_gateway.get(task)[1]["AccessKeyId"] != keys["AccessKeyId"]
    assert task_gateway.ask(keys)[0] == 200
    task_gateway.build.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert "The security token included in the request is invalid." in task_gateway.ask(keys)[1]
    task_gateway.build.book.apply([Put(task)])
    task_gateway.clock.turn_to(task_gateway.clock.now() + 6 * 3600)
    assert "The security token included in the request is expired" in task_gateway.ask(keys)[1]


@pytest.mark.parametrize("member", ["AccessKeyId", "SecretAccessKey", "Token"])
def test_altered_credentials_are_refused(task_gateway, member):
    keys = task_gateway.get(task_gateway.task())[1]
    changes = {**keys, member: keys[member][:-1] + ("A" if keys[member][-1] != "A" else "B")}
    assert task_gateway.ask(changes)[0] == 403


def test_credentials_of_another_installation_are_refused(task_gateway):
    keys = task_gateway.get(task_gateway.task())[1]
    task_gateway.build.book.apply([Put(SessionRoot(Secret("another")))])
    assert "The security token included in the request is invalid." in task_gateway.ask(keys)[1]
    assert (
        "Missing Authentication Token" in task_gateway.ask({"AccessKeyId": "a", "SecretAccessKey": "b", "Token": ""})[1]
    )


@pytest.mark.parametrize("operation", ["GetParameter", "PutMetricData", "ListTasks", "AssumeRole"])
def test_a_role_may_call_read_and_telemetry_operations(task_gateway, operation):
    session(task_gateway).check("any", operation)


@pytest.mark.parametrize("operation", ["RunTask", "PutParameter", "DeleteSecret", "CreateLogGroup"])
def test_a_role_may_not_call_other_operations(task_gateway, operation):
    with pytest.raises(AccessDenied, match=f"api/[0-9a-f]+ is not authorized to perform: any:{operation} "):
        session(task_gateway).check("any", operation)


def session(place):
    token = place.get(place.task())[1]["Token"]
    request = HttpRequest("POST", "/", "", {"x-amz-security-token": token}, b"")
    role_session = role_session_of(place.build.world, request, place.clock.now())
    assert role_session is not None
    return role_session


def test_a_tasks_environment_names_its_credentials_path(task_gateway):
    task, none = task_gateway.task(), task_gateway.task(role=None)
    environment = container_spec(case_of(task_gateway.build.world, task), task.containers[0]).environment
    assert environment[VARIABLE] == PREFIX + credentials_id(ROOT, task.arn)
    assert VARIABLE not in container_spec(case_of(task_gateway.build.world, none), none.containers[0]).environment
    given_none = replace(none, overrides=TaskOverride(task_role_arn=ROLE))
    assert (
        VARIABLE in container_spec(case_of(task_gateway.build.world, given_none), given_none.containers[0]).environment
    )
