"""Stacks with the real gateway and store, when the control plane dies at any call, or any call fails.

Whatever happens, a stack ends in a state that AWS knows, its resources are those that exist, and nothing else is left.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.domain.cloudformation.stack import StackStatus
from moyai.domain.world import Put
from moyai.kernel.scope import Scope
from moyai.reconcile.stacks import StackLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.api.installation import MODELS, Installation

NAME = "shop"
LASTING = frozenset({"Describe", "Get", "List"})
"""Verbs of operations that change nothing."""


def template(**changes: Any) -> str:
    """A template whose resources refer to each other; ``changes``: members of resources by logical id, None to leave
    one out.
    """
    resources: dict[str, Any] = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16", "EnableDnsHostnames": True}},
        "Subnet": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "Vpc"},
                "CidrBlock": {"Fn::Select": [0, {"Fn::Cidr": ["10.9.0.0/16", 2, 8]}]},
            },
        },
        "Gateway": {"Type": "AWS::EC2::InternetGateway"},
        "Attachment": {
            "Type": "AWS::EC2::VPCGatewayAttachment",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "InternetGatewayId": {"Ref": "Gateway"}},
        },
        "Group": {
            "Type": "AWS::EC2::SecurityGroup",
            "Properties": {
                "GroupDescription": "callers",
                "VpcId": {"Ref": "Vpc"},
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}],
            },
        },
        "Namespace": {"Type": "AWS::ServiceDiscovery::HttpNamespace", "Properties": {"Name": "shop.local"}},
        "Cluster": {
            "Type": "AWS::ECS::Cluster",
            "Properties": {"ServiceConnectDefaults": {"Namespace": {"Fn::GetAtt": ["Namespace", "Arn"]}}},
        },
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Name": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::Sub": "${Cluster}/${Logs}"}},
        },
    }
    for logical_id, properties in changes.items():
        if properties is None:
            del resources[logical_id]
        else:
            resources[logical_id].setdefault("Properties", {}).update(properties)
    return json.dumps({"Resources": resources, "Outputs": {"Vpc": {"Value": {"Ref": "Vpc"}}}})


CHANGED = template(
    Vpc={"EnableDnsHostnames": False},
    Group={
        "GroupDescription": "other callers",
        "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "CidrIp": "10.0.0.0/8"}],
    },
    Namespace={"Name": "shop2.local"},
    Logs={"RetentionInDays": 14},
    Subnet=None,
)


class Machine:
    """An installation, its stack loop, and what happens to the loop's calls."""

    def __init__(self) -> None:
        self.installation = Installation()
        gateway = self.installation.gateway
        self._caller = GatewayCaller(gateway, {**MODELS}, self.installation.clock, "localhost:4566")
        self.ids = SeededIds(3)
        self.calls = 0
        self.before: Callable[[int], None] = lambda _: None
        self.cut_at: int | None = None
        """The call whose answer never comes back: the control plane dies."""
        self._cut = asyncio.Event()

    @property
    def world(self) -> Any:
        return self.installation.store.world

    @property
    def stack(self) -> Any:
        return next(iter(self.world.stacks))

    @property
    def body(self) -> str:
        return str(self.world.stack_templates[self.stack.target].body)

    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        """Answer a call of the loop."""
        if any(call.operation.startswith(verb) for verb in LASTING):
            return await self._caller.call(scope, call)
        self.calls += 1
        self.before(self.calls)
        answer = await self._caller.call(scope, call)
        self.installation.settle()
        if self.calls == self.cut_at:
            self._cut.set()
            await asyncio.Event().wait()
        return answer

    async def ask(self, operation: str, **members: Any) -> Mapping[str, Any]:
        """Call an operation of CloudFormation, as a user."""
        return await self._caller.call(SCOPE, Call("cloudformation", operation, members))

    @asynccontextmanager
    async def loop(self) -> AsyncIterator[None]:
        """The loop, until the end of the block."""
        store, clock = self.installation.store, self.installation.clock
        task = asyncio.create_task(StackLoop(store, self, clock, self.ids).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def finish(self) -> StackStatus:
        """Let the operation end, and return the stack's state; the loop is begun anew where it was cut."""
        while True:
            async with self.loop():
                await self.installation.clock.until(lambda: self._cut.is_set() or not self.stack.status.in_progress)
            if not self._cut.is_set():
                status: StackStatus = self.stack.status
                return status
            self._cut.clear()
            self.cut_at = None

    def existing(self) -> dict[str, list[str]]:
        """The physical ids of everything that exists, by type; nothing in it is older than the test."""
        world = self.world
        return {
            "AWS::EC2::VPC": [vpc.id for vpc in world.vpcs if vpc.cidr.startswith("10.9.")],
            "AWS::EC2::Subnet": [subnet.id for subnet in world.subnets if subnet.cidr.startswith("10.9.")],
            "AWS::EC2::InternetGateway": [
                gateway.id for gateway in world.internet_gateways if gateway.vpc not in self._default_vpcs()
            ],
            "AWS::EC2::SecurityGroup": [group.id for group in world.security_groups if "callers" in group.description],
            "AWS::ServiceDiscovery::HttpNamespace": [namespace.id for namespace in world.namespaces],
            "AWS::ECS::Cluster": [c.name for c in world.clusters if c.name != "default" and c.status != "INACTIVE"],
            "AWS::Logs::LogGroup": [group.name for group in world.log_groups],
            "AWS::SSM::Parameter": [parameter.name for parameter in world.parameters],
        }

    def _default_vpcs(self) -> set[str]:
        return {vpc.id for vpc in self.world.vpcs if vpc.is_default}

    def check(self) -> None:
        """Everything that exists is a resource of the stack, once, and the other way round; but for what could not be
        cleaned up, which an event tells.
        """
        left = {event.physical_id for event in self.world.stack_events if event.status == "DELETE_FAILED"}
        stack_resources: dict[str, list[str]] = {kind: [] for kind in self.existing()}
        for resource in self.world.stack_resources:
            assert not resource.status.in_progress, resource
            assert resource.obsolete == (), resource
            if resource.type in stack_resources and resource.physical and "DELETE_COMPLETE" not in resource.status:
                stack_resources[resource.type].append(resource.physical.id)
        assert {kind: sorted(set(ids) - left) for kind, ids in self.existing().items()} == {
            kind: sorted(set(ids) - left) for kind, ids in stack_resources.items()
        }

    def failures(self) -> list[tuple[str, str | None]]:
        """Why resources have failed."""
        return [(event.logical_id, event.reason) for event in self.world.stack_events if "FAILED" in event.status]

    def descriptions(self) -> dict[str, Any]:
        """What the stack's resources are like."""
        return {
            resource.logical_id: resource.physical.properties
            for resource in self.world.stack_resources
            if resource.physical and "DELETE_COMPLETE" not in resource.status
        }


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def create_stack(machine: Machine, body: str = "") -> Machine:
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=body or template())
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    machine.check()
    return machine


async def count_calls(operation: Callable[[Machine], Any], *, first: bool) -> int:
    """How many calls an operation makes."""
    machine = Machine()
    if not first:
        await create_stack(machine)
        machine.calls = 0
    await operation(machine)
    await machine.finish()
    return machine.calls


async def create(machine: Machine) -> None:
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template())


async def update(machine: Machine) -> None:
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=CHANGED)


async def delete(machine: Machine) -> None:
    await machine.ask("DeleteStack", StackName=NAME)


OPERATIONS = [
    (create, True, StackStatus.CREATE_COMPLETE, StackStatus.ROLLBACK_COMPLETE),
    (update, False, StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE),
    (delete, False, StackStatus.DELETE_COMPLETE, StackStatus.DELETE_FAILED),
]


@pytest.mark.parametrize(("operation", "first", "done", "failed"), OPERATIONS)
async def test_a_control_plane_killed_after_any_call_goes_on(operation, first, done, failed):
    total = await count_calls(operation, first=first)
    assert total > 5
    for number in range(1, total + 1):
        machine = Machine()
        if not first:
            await create_stack(machine)
            machine.calls = 0
        machine.cut_at = number
        await operation(machine)
        assert await machine.finish() is done, (number, machine.failures())
        machine.check()


@pytest.mark.parametrize(("operation", "first", "done", "failed"), OPERATIONS)
async def test_a_call_that_fails_leaves_what_was_before(operation, first, done, failed):
    total = await count_calls(operation, first=first)
    for number in range(1, total + 1):
        machine = Machine()
        before = {}
        if not first:
            await create_stack(machine)
            before = machine.descriptions()
            machine.calls = 0

        def fail(call: int, number: int = number) -> None:
            if call == number:
                raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)

        machine.before = fail
        await operation(machine)
        status = await machine.finish()
        machine.check()
        if operation is update:
            # a failure while the update cleans up no longer concerns it
            assert status in {failed, done}
            assert (machine.descriptions() == before) is (status is failed)
        elif operation is create:
            assert status is failed
            assert machine.descriptions() == {}
        else:
            assert status is failed
            await delete(machine)
            assert await machine.finish() is done
            machine.check()


def random_template(chance: random.Random) -> str:
    """A template with some of the resources, with some of their properties changed."""
    changes: dict[str, Any] = {
        "Vpc": chance.choice(({}, {"EnableDnsHostnames": False})),
        "Group": chance.choice(({}, {"GroupDescription": "other callers"}, {"SecurityGroupIngress": []})),
        "Namespace": {"Name": f"shop{chance.randrange(4)}.local"},
        "Logs": {"RetentionInDays": chance.choice((1, 7, 14))},
        "Name": {"Value": chance.choice(("a", {"Ref": "Logs"}, {"Ref": "Cluster"}))},
    }
    for logical_id in ("Name", "Subnet", "Attachment", "Group"):
        if chance.random() < 0.3:
            changes[logical_id] = None
    return template(**changes)


@pytest.mark.parametrize("seed", range(8))
async def test_any_updates_with_any_failures_leave_one_of_the_two_templates(machine, seed):
    chance = random.Random(seed)  # noqa: S311 (repeatable is the point)
    await create_stack(machine, random_template(chance))
    for _ in range(6):
        body, before = random_template(chance), machine.descriptions()
        machine.calls, fails_at = 0, chance.randrange(1, 20)
        machine.cut_at = chance.randrange(1, 12) if chance.random() < 0.3 else None

        def fail(call: int, fails_at: int = fails_at) -> None:
            if call == fails_at:
                raise AwsCallFailed("Test", "ServiceUnavailable", "no", 503)

        machine.before = fail
        if json.loads(body) == json.loads(machine.body):
            continue
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=body)
        status = await machine.finish()
        if status is StackStatus.UPDATE_ROLLBACK_FAILED:
            await machine.ask("ContinueUpdateRollback", StackName=NAME)
            status = await machine.finish()
        assert status in {StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE}, machine.failures()
        machine.check()
        if status is StackStatus.UPDATE_ROLLBACK_COMPLETE:
            assert machine.descriptions() == before
        else:
            assert machine.descriptions().keys() == json.loads(body)["Resources"].keys()
    machine.before = lambda _: None
    left = [event for event in machine.world.stack_events if event.status == "DELETE_FAILED"]
    await delete(machine)
    assert await machine.finish() is StackStatus.DELETE_COMPLETE or left
    machine.check()


SERVICE: dict[str, Any] = {
    "Task": {
        "Type": "AWS::ECS::TaskDefinition",
        "Properties": {"ContainerDefinitions": [{"Name": "web", "Image": "web", "Memory": 64}]},
    },
    "Service": {
        "Type": "AWS::ECS::Service",
        "Properties": {"Cluster": {"Ref": "Cluster"}, "TaskDefinition": {"Ref": "Task"}, "DesiredCount": 1},
    },
}
"""A service that never becomes stable: nothing here runs tasks."""


def with_service(**properties: Any) -> str:
    document = json.loads(template())
    resources = {name: dict(resource) for name, resource in SERVICE.items()}
    resources["Service"]["Properties"] = {**resources["Service"]["Properties"], **properties}
    return json.dumps({**document, "Resources": {**document["Resources"], **resources}})


def waits(machine: Machine) -> Callable[[], bool]:
    return lambda: any(
        resource.logical_id == "Service" and resource.physical and resource.status.in_progress
        for resource in machine.world.stack_resources
    )


def services(machine: Machine) -> list[str]:
    return [service.name for service in machine.world.services if service.status != "INACTIVE"]


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_resource_that_waits_is_given_up_with_its_stack(machine, is_first):
    if is_first:
        await machine.ask("CreateStack", StackName=NAME, TemplateBody=with_service())
    else:
        await create_stack(machine)
        await machine.ask("UpdateStack", StackName=NAME, TemplateBody=with_service())
    async with machine.loop():
        await machine.installation.clock.until(waits(machine))
        assert len(services(machine)) == 1
        if is_first:
            await machine.ask("DeleteStack", StackName=NAME)
        else:
            with pytest.raises(AwsCallFailed, match="can not be deleted"):
                await machine.ask("DeleteStack", StackName=NAME)
            await machine.ask("CancelUpdateStack", StackName=NAME)
        deleted = [r for r in machine.world.services if r.status == "DRAINING"]
        assert deleted == []
        await machine.installation.clock.until(
            lambda: not machine.stack.status.in_progress or any(s.status == "DRAINING" for s in machine.world.services)
        )
        assert [service.status for service in machine.world.services] == ["DRAINING"]
    assert machine.stack.status in {
        StackStatus.DELETE_IN_PROGRESS,
        StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS,
    }


async def test_a_stack_whose_import_has_vanished_is_still_deleted(machine):
    await create_stack(machine)
    document = json.loads(template())
    document["Outputs"]["Vpc"]["Export"] = {"Name": "vpc"}
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=json.dumps(document))
    await machine.finish()
    importing = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::ImportValue": "vpc"}}}
    await machine.ask("CreateStack", StackName="other", TemplateBody=json.dumps({"Resources": {"A": importing}}))
    async with machine.loop():
        stacks = machine.world.stacks
        await machine.installation.clock.until(lambda: not any(stack.status.in_progress for stack in stacks))
        exporter = next(stack for stack in stacks if stack.name == NAME)
        machine.installation.store.apply([Put(replace(exporter, outputs={}))])
        await machine.ask("DeleteStack", StackName="other")
        await machine.installation.clock.until(lambda: not any(stack.status.in_progress for stack in stacks))
    assert [stack.status for stack in stacks if stack.name == "other"] == [StackStatus.DELETE_COMPLETE]
