"""The URLs of templates: which object of S3 each names, and which are refused."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from moyai.api.cloudformation.service import cloudformation
from moyai.api.cloudformation.stacks import CreateStackRequest
from moyai.api.cloudformation.template_url import MAX_OBJECT, MAX_POLICY, parse_object_url, read_template_object
from moyai.api.operation import Context
from moyai.domain.cloudformation.errors import CloudFormationFault, StackFault
from moyai.ports.delegate import DelegatedRequest, DelegatedResponse
from moyai.stacks.records import instance_of, processed_text
from moyai.store.memory import MemoryStore
from moyai.testing.clock import ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.api.objects import Objects

HOST = "127.0.0.1:4566"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://127.0.0.1:4566/bucket/a/b%20c.json", "/bucket/a/b%20c.json"),
        ("http://localhost:4566/bucket/a.json", "/bucket/a.json"),
        ("http://bucket.127.0.0.1:4566/a.json", "/bucket/a.json"),
        ("https://s3.amazonaws.com/bucket/a.json", "/bucket/a.json"),
        ("https://s3.eu-west-1.amazonaws.com/bucket/a.json?versionId=1", "/bucket/a.json?versionId=1"),
        ("https://s3-eu-west-1.amazonaws.com/bucket/a.json", "/bucket/a.json"),
        ("https://s3.dualstack.eu-west-1.amazonaws.com/bucket/a.json", "/bucket/a.json"),
        ("https://s3-fips.us-east-1.amazonaws.com/bucket/a.json", "/bucket/a.json"),
        ("https://bucket.s3.amazonaws.com/a.json", "/bucket/a.json"),
        ("https://my.bucket.s3.eu-west-1.amazonaws.com/a/b.json", "/my.bucket/a/b.json"),
        ("https://bucket.s3-us-west-2.amazonaws.com/a.json", "/bucket/a.json"),
        ("https://bucket.s3.dualstack.us-west-2.amazonaws.com/a.json", "/bucket/a.json"),
        ("https://bucket.s3.cn-north-1.amazonaws.com.cn/a.json", "/bucket/a.json"),
    ],
)
def test_an_url_of_s3_names_an_object(url, target):
    assert parse_object_url(url, HOST).target == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.json",
        "file:///etc/passwd",
        "s3://bucket/a.json",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:80/bucket/a.json",
        "http://127.0.0.1:99999/bucket/a.json",
        "http://user@127.0.0.1:4566/bucket/a.json",
        "https://example.com/bucket/a.json",
        "https://s3.amazonaws.com.example.com/bucket/a.json",
        "https://bucket.s3.us-east-1.amazonaws.com@example.com/a.json",
        "https://xs3.amazonaws.com/bucket/a.json",
        "https://s3.amazonaws.com/",
        "https://s3.amazonaws.com/bucket",
        "https://bucket.s3.amazonaws.com/",
        "http://127.0.0.1:4566/",
    ],
)
def test_any_other_url_is_refused(url):
    with pytest.raises(StackFault, match="TemplateURL must"):
        parse_object_url(url, HOST)


def read(objects: Objects | None, key: str) -> str:
    store, clock = MemoryStore(), ManualClock()
    context = Context(SCOPE, clock.now(), SeededIds(1), store, "arn", "test", "request", host=HOST)
    return asyncio.run(read_template_object(objects, context, f"http://{HOST}/bucket/{key}"))


def ask(name: str, request: Any, objects: Objects) -> Any:
    """Call an operation of CloudFormation, with these objects in S3; the world after it."""
    store, clock = MemoryStore(), ManualClock()
    context = Context(SCOPE, clock.now(), SeededIds(1), store, "arn", "test", "request", host=HOST)
    answer: Any = cloudformation(objects).operations[name].handle(context, request)
    asyncio.run(answer)
    return store.world


INCLUDING = json.dumps(
    {
        "Resources": {
            "Logs": {"Type": "AWS::Logs::LogGroup"},
            "Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://bucket/more.yaml"}},
        }
    }
)
MORE = {"/bucket/more.yaml": b"More: {Type: AWS::Logs::LogGroup}"}
EXPAND = ("CAPABILITY_AUTO_EXPAND",)


def test_the_files_that_a_template_includes_are_read_from_s3():
    world = ask("CreateStack", CreateStackRequest("shop", INCLUDING, capabilities=EXPAND), Objects(dict(MORE)))
    [template], [stack] = world.stack_templates, world.stacks
    assert template.body == INCLUDING
    assert template.included == {"s3://bucket/more.yaml": MORE["/bucket/more.yaml"].decode()}
    assert instance_of(world, stack, template).template.resources.keys() == {"Logs", "More"}
    assert json.loads(processed_text(world, stack, template))["Resources"].keys() == {"Logs", "More"}


@pytest.mark.parametrize(
    ("creation", "objects", "message"),
    [
        (CreateStackRequest("shop", INCLUDING), MORE, "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"),
        (
            CreateStackRequest("shop", INCLUDING, capabilities=EXPAND),
            {"/bucket/other": b""},
            "Transform AWS::Include failed with: S3 error: The specified key does not exist.",
        ),
        (
            CreateStackRequest("shop", INCLUDING.replace("s3://", "https://example.com/"), capabilities=EXPAND),
            MORE,
            "Transform AWS::Include failed with: TemplateURL must be a supported URL.",
        ),
        (
            CreateStackRequest("shop", "{}", stack_policy_body="{}", stack_policy_url="https://s3.amazonaws.com/b/k"),
            MORE,
            "Stack Policy URL and Stack Policy Body can not both be specified.",
        ),
        (
            CreateStackRequest("shop", "{}", stack_policy_url="https://s3.amazonaws.com/bucket/long"),
            {"/bucket/long": b" " * (MAX_POLICY + 1)},
            f"Stack Policy may not exceed {MAX_POLICY} bytes in size.",
        ),
    ],
)
def test_files_and_policies_that_cannot_be_had_are_reported(creation, objects, message):
    with pytest.raises(CloudFormationFault) as caught:
        ask("CreateStack", creation, Objects(dict(objects)))
    assert caught.value.message.startswith(message)


def test_a_stack_policy_is_read_from_s3():
    policy = '{"Statement": {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}}'
    body = '{"Resources": {"Logs": {"Type": "AWS::Logs::LogGroup"}}}'
    creation = CreateStackRequest("shop", body, stack_policy_url=f"http://{HOST}/bucket/policy")
    [stack] = ask("CreateStack", creation, Objects({"/bucket/policy": policy.encode()})).stacks
    assert stack.policy == policy


def test_a_template_is_read_from_the_server_of_s3_for_the_callers_account():
    objects = Objects({"/bucket/a.json": b"{}"})
    assert read(objects, "a.json") == "{}"
    [request] = objects.requests
    assert (request.service, request.method, request.scope, request.body) == ("s3", "GET", SCOPE, None)
    assert f"Credential={SCOPE.account}/" in request.headers["authorization"]


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (Objects({"/bucket/b.json": b"{}"}), "S3 error: The specified key does not exist."),
        (Objects({"/bucket/a.json": b"x" * (MAX_OBJECT + 1)}), f"Template may not exceed {MAX_OBJECT} bytes in size."),
        (Objects({"/bucket/a.json": b"\xff"}), "Template format error: the template is not UTF-8."),
        (Objects({}), "S3 error: s3 is not part of moyai; install"),
        (None, "S3 error: S3 is not part of moyai."),
    ],
)
def test_an_object_that_cannot_be_read_is_reported(objects, message):
    with pytest.raises(StackFault) as caught:
        read(objects, "a.json")
    assert caught.value.message.startswith(message)


class JumpingLoop(asyncio.SelectorEventLoop):
    """A loop whose time can be moved on."""

    moved = 0.0

    def time(self) -> float:
        return super().time() + self.moved


class SlowObjects(Objects):
    """S3 that takes 20 seconds for each object."""

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        loop.moved += 20
        for _ in range(3):  # the loop looks at its timers
            await asyncio.sleep(0)
        return await super().forward(request)


def test_all_files_that_a_template_includes_have_one_timeout():
    resources = {f"R{number}": {"Type": "AWS::Logs::LogGroup"} for number in range(3)}
    for number, resource in enumerate(resources.values()):
        location = {"Location": f"s3://bucket/{number}.yaml"}
        resource["Fn::Transform"] = {"Name": "AWS::Include", "Parameters": location}  # type: ignore[assignment]
    objects = SlowObjects({f"/bucket/{number}.yaml": b"{}" for number in range(3)})
    creation = CreateStackRequest("shop", json.dumps({"Resources": resources}), capabilities=EXPAND)
    clock = ManualClock()
    context = Context(SCOPE, clock.now(), SeededIds(1), MemoryStore(), "arn", "test", "request", host=HOST)
    answer: Any = cloudformation(objects).operations["CreateStack"].handle(context, creation)
    with asyncio.Runner(loop_factory=JumpingLoop) as runner, pytest.raises(StackFault, match="within 30 seconds"):
        runner.run(answer)
    assert len(objects.requests) == 1
