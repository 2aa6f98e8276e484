"""Custom resources: the requests to their functions, and what follows from the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moyai.api.control.stack_signals import MAX_RESPONSE, CustomResponseHandler
from moyai.api.wire.http import HttpRequest
from moyai.domain.cloudformation.stack import StackResource, StackStatus
from moyai.domain.defaults import Defaults
from moyai.domain.world import Put
from moyai.stacks.types.procedure import AwsCallFailed
from tests.sim.stack_machine import NAME, Machine

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:thing"

TAGS = [{"Key": "team", "Value": "shop"}]
FAILED_THING = ("Thing", "CREATE_FAILED")


def template(size: object = 1, **more: object) -> str:
    thing = {"Type": "Custom::Thing", "Properties": {"ServiceToken": FUNCTION, "Size": size, "On": True, **more}}
    name = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Thing", "Name"]}}}
    return json.dumps({"Resources": {"Thing": thing, "Name": name}, "Outputs": {"Id": {"Value": {"Ref": "Thing"}}}})


def by_size(request: dict[str, Any]) -> dict[str, Any]:
    """A thing is replaced when its size changes."""
    size = request["ResourceProperties"]["Size"]
    return {"PhysicalResourceId": f"thing-{size}", "Data": {"Name": f"of {size}"}}


@pytest.fixture
def machine() -> Machine:
    machine = Machine()
    machine.function = by_size
    return machine


async def create(machine: Machine, **more: object) -> StackStatus:
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template(**more))
    return await machine.finish()


def kinds(machine: Machine) -> list[tuple[str, str | None]]:
    return [(request["RequestType"], request.get("PhysicalResourceId")) for request in machine.requests]


async def test_a_function_makes_changes_and_deletes_a_resource(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    [request] = machine.requests
    assert (request["RequestType"], request["ResourceType"], request["LogicalResourceId"]) == (
        "Create",
        "Custom::Thing",
        "Thing",
    )
    assert request["ResourceProperties"] == {"ServiceToken": FUNCTION, "Size": "1", "On": "true"}
    assert machine.stack.outputs["Id"].value == "thing-1"
    [parameter] = machine.world.parameters
    assert parameter.versions[-1].value.reveal() == "of 1"
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template(2))
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    assert machine.requests[1]["OldResourceProperties"]["Size"] == "1"
    assert kinds(machine)[1:] == [("Update", "thing-1"), ("Delete", "thing-1")]
    await machine.ask("DeleteStack", StackName=NAME)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE
    assert kinds(machine)[3:] == [("Delete", "thing-2")]


async def test_a_resource_whose_type_is_skipped_since_is_left_alone_until_it_is_deleted(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    machine.installation.store.apply([Put(Defaults(skipped_types=("Custom::*",)))])
    review = {"StackName": NAME, "ChangeSetName": "later", "TemplateBody": template(2, Tier="gold")}
    await machine.ask("CreateChangeSet", **review)
    async with machine.loop():
        described = await machine.ask("DescribeChangeSet", StackName=NAME, ChangeSetName="later")
    assert described["Changes"] == []
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template(2, Tier="gold"), Tags=TAGS)
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    [thing] = [each for each in machine.world.stack_resources if each.logical_id == "Thing"]
    assert (thing.type, thing.physical.id, thing.physical.properties["Size"]) == ("Custom::Thing", "thing-1", 1)
    assert machine.stack.outputs["Id"].value == "thing-1"
    assert kinds(machine) == [("Create", None)]
    machine.installation.store.apply([Put(Defaults())])
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template(2))
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    assert kinds(machine)[1:] == [("Update", "thing-1"), ("Delete", "thing-1")]


async def test_a_refused_creation_is_deleted_where_it_names_a_resource(machine):
    machine.function = lambda request: {
        "Status": "FAILED" if request["RequestType"] == "Create" else "SUCCESS",
        "PhysicalResourceId": "half",
        "Reason": "no room",
    }
    assert await create(machine) is StackStatus.ROLLBACK_COMPLETE
    assert kinds(machine) == [("Create", None), ("Delete", "half")]
    reason = "Received response status [FAILED] from custom resource. Message returned: no room (RequestId: "
    assert any(name == "Thing" and str(text).startswith(reason) for name, text in machine.failures())


async def test_an_update_that_fails_goes_back_to_the_former_properties(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    machine.function = lambda request: (
        {"Status": "FAILED", "Reason": "no"} if request["ResourceProperties"]["Size"] == "2" else by_size(request)
    )
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template(2))
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_COMPLETE
    assert kinds(machine)[1:] == [("Update", "thing-1"), ("Update", "thing-1")]
    assert machine.requests[2]["ResourceProperties"]["Size"] == "1"
    assert machine.descriptions()["Thing"]["Size"] == 1


@pytest.mark.parametrize("answer", [{"Status": "FAILED", "Reason": None, "PhysicalResourceId": None}, None, {}])
async def test_a_creation_that_fails_without_an_id_is_deleted_under_a_drawn_one(machine, answer):
    machine.function = lambda request: answer if request["RequestType"] == "Create" else {}
    assert await create(machine, ServiceTimeout=5) is StackStatus.ROLLBACK_COMPLETE
    [(_, unnamed), (kind, name)] = kinds(machine)
    assert (unnamed, kind) == (None, "Delete")
    assert str(name).startswith("shop-Thing-")


async def test_the_time_for_an_answer_does_not_begin_again_with_the_control_plane(machine):
    machine.function = lambda request: None if request["RequestType"] == "Create" else {}
    clock = machine.installation.clock
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template(ServiceTimeout=60))
    begun_at = clock.now()
    for restart in range(1, 3):
        async with machine.loop():
            await clock.until(lambda end=begun_at + 25 * restart: clock.now() > end)
    assert await machine.finish() is StackStatus.ROLLBACK_COMPLETE
    [failed] = [each for each in machine.world.stack_events if (each.logical_id, each.status) == FAILED_THING]
    assert failed.at - begun_at < 65


@pytest.mark.parametrize("operation", ["DeleteStack", "UpdateStack"])
async def test_the_time_for_the_answer_to_a_deletion_does_not_begin_again(machine, operation):
    """A deletion of the stack, and the cleanup after an update that has replaced the resource."""
    assert await create(machine, ServiceTimeout=60) is StackStatus.CREATE_COMPLETE
    machine.function = lambda request: None if request["RequestType"] == "Delete" else by_size(request)
    clock = machine.installation.clock
    update = {"TemplateBody": template(2, ServiceTimeout=60)} if operation == "UpdateStack" else {}
    await machine.ask(operation, StackName=NAME, **update)
    begun_at = clock.now()
    for restart in range(1, 3):
        async with machine.loop():
            await clock.until(lambda end=begun_at + 25 * restart: clock.now() > end)
    await machine.finish()
    [failed] = [e for e in machine.world.stack_events if (e.logical_id, e.status) == ("Thing", "DELETE_FAILED")]
    assert "did not receive a response" in failed.reason
    assert failed.at - begun_at < 65


async def test_a_function_that_is_not_run_says_what_to_do(machine):
    machine.function = lambda _: None
    machine.invoked = {"FunctionError": "Handled", "Payload": b"error running docker: no socket"}
    assert await create(machine) is StackStatus.ROLLBACK_COMPLETE
    assert kinds(machine) == [("Create", None)]
    [(_, reason)] = [each for each in machine.failures() if each[0] == "Thing"]
    assert f"{FUNCTION} was not run for the Create request" in str(reason)
    assert "error running docker: no socket. To go on, name a server that runs it" in str(reason)


async def test_a_resource_whose_function_is_not_run_any_more_can_be_kept(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    machine.function = lambda _: None
    machine.invoked = {"FunctionError": "Handled", "Payload": b"error running docker: no socket"}
    await machine.ask("DeleteStack", StackName=NAME)
    assert await machine.finish() is StackStatus.DELETE_FAILED
    assert any("keep the resource (delete-stack --retain-resources Thing)" in str(r) for _, r in machine.failures())


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({"ServiceToken": "arn:aws:sqs:us-east-1:123456789012:q"}, "Invalid service token."),
        ({"ServiceTimeout": "000013600"}, "ServiceTimeout must be an integer between 1 and 3600."),
        ({"ServiceTimeout": 0}, "ServiceTimeout must be an integer between 1 and 3600."),
    ],
)
async def test_wrong_properties_fail_the_resource(machine, properties, reason):
    assert await create(machine, **properties) is StackStatus.ROLLBACK_COMPLETE
    assert machine.failures()[0] == ("Thing", reason)
    assert machine.requests == []


async def test_a_function_that_cannot_be_called_fails_the_resource(machine):
    def refuse(_: int) -> None:
        raise AwsCallFailed("Lambda", "NotImplemented", "lambda is not part of moyai", 501)

    machine.before = refuse
    assert await create(machine) is StackStatus.ROLLBACK_COMPLETE
    assert any("lambda is not part of moyai" in str(reason) for _, reason in machine.failures())


async def test_another_service_token_is_refused(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    body = template(ServiceToken=FUNCTION + "2")
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body)
    assert await machine.finish() is StackStatus.UPDATE_ROLLBACK_COMPLETE
    assert ("Thing", "Modifying service token is not allowed.") in machine.failures()


@pytest.mark.parametrize("cut_at", [1, 2, 3])
async def test_an_answer_from_before_a_crash_counts(machine, cut_at):
    machine.cut_at = cut_at
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    await machine.ask("DeleteStack", StackName=NAME)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE
    assert kinds(machine) == [("Create", None), ("Delete", "thing-1")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b" " * (MAX_RESPONSE + 1), 400),
        (b'{"Status": "SUCCESS", "RequestId": "other"}', 404),
        (b'{"Status": "SUCCESS", "RequestId": "other", "Reason": null, "PhysicalResourceId": null}', 404),
        (b'{"Status": "SUCCESS", "RequestId": "other", "\xff": "\xff"}', 400),
        (b'{"Status": "SUCCESS", "RequestId": "other", "Data": {"a": %d}}' % 2**64, 400),
        (b'{"Status": "SUCCESS", "RequestId": "other", "Data": {"a": %b}}' % (b"[" * 1500 + b"]" * 1500), 400),
    ],
)
async def test_answers_that_nothing_waits_for_are_refused(machine, body, status):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    [resource] = [each for each in machine.world.stack_resources if each.logical_id == "Thing"]
    handler = CustomResponseHandler(machine.installation.store)
    request = HttpRequest("PUT", "/_moyai/response", f"token={resource.token}", {}, body)
    assert (await handler(request)).status == status


@pytest.mark.parametrize("is_answered", [False, True])
async def test_a_request_is_not_sent_again_after_its_time_has_passed(machine, is_answered):
    machine.function = lambda request: None if request["RequestType"] == "Create" else {}
    clock = machine.installation.clock
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template(ServiceTimeout=60))
    async with machine.loop():
        await clock.until(lambda: machine.requests)
    await clock.advance(70)
    async with machine.loop():
        await clock.settle()
        if is_answered:
            await machine.respond(machine.requests[0], by_size(machine.requests[0]))
        await clock.until(lambda: not machine.stack.status.in_progress)
    assert kinds(machine)[:1] == [("Create", None)]
    if is_answered:
        assert machine.stack.status is StackStatus.CREATE_COMPLETE
        assert len(machine.requests) == 1
    else:
        [(kind, name)] = kinds(machine)[1:]
        assert (kind, str(name).startswith("shop-Thing-")) == ("Delete", True)


@pytest.mark.parametrize(
    ("failures", "code", "status"),
    [(1, "InternalFailure", 500), (100, "InternalFailure", 500), (100, "ServiceUnavailable", 503)],
)
async def test_a_request_whose_server_fails_is_sent_again_and_its_resource_is_deleted(machine, failures, code, status):
    """A connection that broke, or a server's own 503, says nothing about the request: the function may be making the
    resource.
    """
    remaining = [failures]

    def break_off(request: dict[str, Any]) -> dict[str, Any]:
        if request["RequestType"] == "Create" and remaining[0]:
            remaining[0] -= 1
            raise AwsCallFailed("Lambda", code, "the connection broke", status)
        return by_size(request)

    machine.function = break_off
    outcome = await create(machine)
    if failures == 1:
        assert outcome is StackStatus.CREATE_COMPLETE
        assert kinds(machine) == [("Create", None)] * 2
        assert machine.stack.outputs["Id"].value == "thing-1"
        return
    assert outcome is StackStatus.ROLLBACK_COMPLETE
    assert len({request["RequestId"] for request in machine.requests[:-1]}) == 1
    kind, name = kinds(machine)[-1]
    assert (kind, str(name).startswith("shop-Thing-")) == ("Delete", True)
    [(_, reason)] = [each for each in machine.failures() if each[0] == "Thing"]
    assert "It is not known whether" in str(reason)
    assert "was not run" not in str(reason)


async def test_a_request_that_no_server_has_received_made_nothing(machine):
    def refuse(request: dict[str, Any]) -> dict[str, Any]:
        raise AwsCallFailed("Lambda", "RequestNotReceived", "http://127.0.0.1:9 can't be reached", 503)

    machine.function = refuse
    assert await create(machine) is StackStatus.ROLLBACK_COMPLETE
    assert {kind for kind, _ in kinds(machine)} == {"Create"}, "what was not made is not deleted"
    [(_, reason)] = [each for each in machine.failures() if each[0] == "Thing"]
    assert "was not run for the Create request" in str(reason)
    assert "can't be reached" in str(reason)


async def test_a_cleanup_that_fails_does_not_advise_to_keep_the_resource(machine):
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    machine.function = lambda request: None if request["RequestType"] == "Delete" else by_size(request)
    machine.invoked = {"FunctionError": "Handled", "Payload": b"error running docker: no socket"}
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template(2))
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    [(_, reason)] = [each for each in machine.failures() if each[0] == "Thing"]
    assert "retain-resources" not in str(reason)
    assert "delete thing-1 yourself" in str(reason)


async def test_the_beginning_of_an_exchange_is_on_disk_before_the_request_leaves(machine):
    saved: list[object] = []

    def look(_: int) -> None:
        records = [each for each in machine.installation.store.saved_records() if isinstance(each, StackResource)]
        saved.extend(each.exchange for each in records if each.logical_id == "Thing")

    machine.before = look
    assert await create(machine) is StackStatus.CREATE_COMPLETE
    assert saved[0] is not None
