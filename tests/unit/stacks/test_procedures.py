"""Procedures of single resource types, whose calls are answered by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, Stack, StackResource, StackStatus
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.stacks.progress.outcomes import procedure_of
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure, ResourceFailed
from moyai.stacks.types.registry import resource_types

STACK = Stack(StackId("arn:stack"), "shop", StackStatus.CREATE_IN_PROGRESS, None, Instant(0.0))
CONTEXT = ResourceContext(STACK, "Thing", "token")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ATTACHMENT = resource_types()["AWS::SecretsManager::SecretTargetAttachment"]
ATTACHED = {"SecretId": "s", "TargetId": "db", "TargetType": "AWS::RDS::DBInstance"}
NO_DATABASE = AwsCallFailed("Rds", "DBInstanceNotFound", "no such database", 404)


class Secret:
    """A secret with this value, and a database, which may be absent."""

    def __init__(self, value: Mapping[str, Any], host: str | None = "db.local") -> None:
        self.value, self.host = dict(value), host

    def answer(self, call: Call) -> Mapping[str, Any]:
        if call.operation == "DescribeDBInstances":
            if self.host is None:
                raise NO_DATABASE
            return {"DBInstances": [{"Engine": "postgres", "Endpoint": {"Address": self.host}}]}
        if call.operation == "PutSecretValue":
            self.value = json.loads(call.input["SecretString"])
        return {"SecretString": json.dumps(self.value)}


def carry_out(procedure: Procedure[Any], answer: Callable[[Call], Mapping[str, Any]]) -> tuple[Any, list[Any]]:
    """The result of a procedure, and its steps."""
    steps: list[Any] = []
    try:
        step = next(procedure)
        while True:
            steps.append(step)
            try:
                answered = answer(step) if isinstance(step, Call) else {}
            except AwsCallFailed as fault:
                step = procedure.throw(fault)
            else:
                step = procedure.send(answered)
    except StopIteration as end:
        return end.value, steps


def test_an_attachment_whose_database_is_not_there_never_exists():
    procedure = ATTACHMENT.create_steps(ATTACHED, CONTEXT)
    assert isinstance(next(procedure), Call)
    with pytest.raises(AwsCallFailed):
        procedure.throw(NO_DATABASE)


def test_an_attachment_takes_out_of_a_secret_what_it_has_put_there():
    secret = Secret({"password": "p"})
    resource, steps = carry_out(ATTACHMENT.create_steps(ATTACHED, CONTEXT), secret.answer)
    assert Identified("s") in steps
    assert secret.value == {"password": "p", "engine": "postgres", "host": "db.local"}
    secret.value["host"] = "elsewhere"
    carry_out(ATTACHMENT.delete_steps(resource), secret.answer)
    assert secret.value == {"password": "p", "host": "elsewhere"}


@pytest.mark.parametrize(("host", "remaining"), [(None, "db.local"), ("other", "db.local"), ("db.local", None)])
def test_an_attachment_that_was_interrupted_leaves_what_it_would_not_write(host, remaining):
    secret = Secret({"host": "db.local", "username": "u"}, host)
    carry_out(ATTACHMENT.delete_steps(PhysicalResource("s", ATTACHED)), secret.answer)
    assert secret.value.get("host") == remaining


def test_a_version_that_the_function_has_already_is_not_the_stacks():
    kind = resource_types()["AWS::Lambda::Version"]
    first, second = f"{FUNCTION}:1", f"{FUNCTION}:2"

    def answer(call: Call) -> Mapping[str, Any]:
        if call.operation == "ListVersionsByFunction":
            return {"Versions": [{"FunctionArn": first}]} if "Marker" in call.input else {"NextMarker": "next"}
        return {"FunctionArn": published, "FunctionName": "f"}

    published = second
    resource, _ = carry_out(kind.create_steps({"FunctionName": "f"}, CONTEXT), answer)
    assert resource.id == second
    published = first
    with pytest.raises(ResourceFailed, match="already exists"):
        carry_out(kind.create_steps({"FunctionName": "f"}, CONTEXT), answer)


@pytest.mark.parametrize(
    ("replaced", "deleted", "snapshots"),
    [
        ("Snapshot", "Snapshot", {"former", "current"}),
        ("Delete", "Snapshot", {"current"}),
        ("Snapshot", "Delete", {"former"}),
        ("Retain", "Delete", set()),
    ],
)
def test_each_database_is_deleted_by_its_policy_and_leaves_its_own_snapshot(replaced, deleted, snapshots):
    resource = StackResource(
        STACK.arn,
        "Thing",
        "AWS::RDS::DBInstance",
        ResourceStatus.DELETE_IN_PROGRESS,
        Instant(0.0),
        "token",
        physical=PhysicalResource("current", {}),
        obsolete=(PhysicalResource("former", {}),),
        deletion_policy=deleted,
        update_replace_policy=replaced,
    )
    _, steps = carry_out(procedure_of(resource, CONTEXT), lambda _: {})
    calls = [step.input for step in steps if isinstance(step, Call) and step.operation == "DeleteDBInstance"]
    databases = {call["DBInstanceIdentifier"] for call in calls}
    names = {call["DBInstanceIdentifier"]: call.get("FinalDBSnapshotIdentifier") for call in calls}
    assert databases == {"current"} | (set() if replaced == "Retain" else {"former"})
    assert {database for database, name in names.items() if name} == snapshots
    assert len(set(filter(None, names.values()))) == len(snapshots)


def test_the_properties_of_a_task_definitions_proxy_have_a_name_of_their_own():
    kind = resource_types()["AWS::ECS::TaskDefinition"]
    pairs = [{"Name": "AppPorts", "Value": "8080"}]
    proxy = {"Type": "APPMESH", "ContainerName": "envoy", "ProxyConfigurationProperties": pairs}

    def answer(call: Call) -> Mapping[str, Any]:
        return {"taskDefinition": {"taskDefinitionArn": "arn:definition"}}

    _, steps = carry_out(kind.create_steps({"Family": "web", "ProxyConfiguration": proxy}, CONTEXT), answer)
    (registration,) = (step for step in steps if isinstance(step, Call) and step.operation == "RegisterTaskDefinition")
    sent = {"Type": "APPMESH", "ContainerName": "envoy", "Properties": pairs}
    assert registration.input["ProxyConfiguration"] == sent
