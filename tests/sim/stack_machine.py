"""A stack loop with the real gateway and store, whose calls can fail, or be the last ones before the loop dies."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from msgspec.structs import replace

from moyai.api.control.stack_signals import CustomResponseHandler
from moyai.api.wire.http import HttpRequest
from moyai.app.adapters.gateway_caller import GatewayCaller
from moyai.domain.cloudformation.stack import StackStatus
from moyai.kernel.scope import Scope
from moyai.reconcile.stacks import StackLoop
from moyai.stacks.template.model import NESTED_STACK
from moyai.stacks.types.procedure import Call
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.api.installation import MODELS, Installation

NAME = "shop"
FILES = "https://s3.us-east-1.amazonaws.com/templates/"
"""Where the templates of nested stacks are."""
LASTING = frozenset({"Describe", "Get", "List"})
"""Verbs of operations that change nothing."""


def template(*, nested: bool = True, **changes: Any) -> str:
    """A template whose resources refer to each other; ``changes``: members of resources by logical id, None to leave
    one out; ``nested``: with a nested stack, and a resource that has the value of one of its outputs.
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
    if nested:
        resources["Nested"] = {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": FILES + "inner", "Parameters": {"Days": 7, "Cluster": {"Ref": "Cluster"}}},
        }
        resources["InnerName"] = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Nested", "Outputs.Logs"]}},
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
    Nested={"Parameters": {"Days": 14, "Cluster": "other"}},
    Subnet=None,
)
INNER = json.dumps(
    {
        "Parameters": {"Days": {"Type": "Number"}, "Cluster": {"Type": "String"}},
        "Resources": {
            "InnerLogs": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {"RetentionInDays": {"Ref": "Days"}, "LogGroupName": {"Fn::Sub": "/inner/${Cluster}"}},
            },
        },
        "Outputs": {"Logs": {"Value": {"Ref": "InnerLogs"}}},
    }
)
"""The template of the nested stack. A change of the parameter Cluster replaces its log group."""


class Machine(GatewayCaller):
    """An installation, its stack loop, and what happens to the loop's calls."""

    def __init__(self) -> None:
        self.installation = Installation()
        gateway = self.installation.gateway
        super().__init__(gateway, {**MODELS}, self.installation.clock, "localhost:4566")
        self.ids = SeededIds(3)
        self.files = {"inner": INNER}
        self.calls = 0
        self.requests: list[dict[str, Any]] = []
        """What the functions of custom resources were asked."""
        self.function: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: {"PhysicalResourceId": "thing-1"}
        """What they answer; None: nothing."""
        self.invoked: Mapping[str, Any] = {}
        """What a call of a function that answers nothing returns."""
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
        if call.service == "lambda":
            return await self._invoke(call)
        if any(call.operation.startswith(verb) for verb in LASTING):
            return await super().call(scope, call)
        url = str(call.input.get("TemplateURL", ""))
        if url:
            members = {name: value for name, value in call.input.items() if name != "TemplateURL"}
            call = replace(call, input={**members, "TemplateBody": self.files[url.removeprefix(FILES)]})
        self.calls += 1
        self.before(self.calls)
        answer = await super().call(scope, call)
        self.installation.settle()
        if self.calls == self.cut_at:
            self._cut.set()
            await asyncio.Event().wait()
        return answer

    async def _invoke(self, call: Call) -> Mapping[str, Any]:
        """Call the function of a custom resource, which answers at once, before the call has."""
        self.calls += 1
        self.before(self.calls)
        request = json.loads(call.input["Payload"])
        self.requests.append(request)
        members = self.function(request)
        if members is None:
            return self.invoked
        await self.respond(request, members)
        if self.calls == self.cut_at:
            self._cut.set()
            await asyncio.Event().wait()
        return {}

    async def respond(self, request: Mapping[str, Any], members: Mapping[str, Any]) -> None:
        """Answer a request of a custom resource, as its function does."""
        url = urlsplit(request["ResponseURL"])
        answer = {"Status": "SUCCESS", "RequestId": request["RequestId"], **members}
        sent = HttpRequest("PUT", url.path, url.query, {}, json.dumps(answer).encode())
        response = await CustomResponseHandler(self.installation.store)(sent)
        assert response.status == 200, response

    async def ask(self, operation: str, **members: Any) -> Mapping[str, Any]:
        """Call an operation of CloudFormation, as a user."""
        return await super().call(SCOPE, Call("cloudformation", operation, members))

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
        undeleted = {event.physical_id for event in self.world.stack_events if event.status == "DELETE_FAILED"}
        stack_resources: dict[str, list[str]] = {kind: [] for kind in self.existing()}
        for resource in self.world.stack_resources:
            assert not resource.status.in_progress, resource
            assert resource.obsolete == (), resource
            if resource.type in stack_resources and resource.physical and "DELETE_COMPLETE" not in resource.status:
                stack_resources[resource.type].append(resource.physical.id)
        assert {kind: sorted(set(ids) - undeleted) for kind, ids in self.existing().items()} == {
            kind: sorted(set(ids) - undeleted) for kind, ids in stack_resources.items()
        }

    def failures(self) -> list[tuple[str, str | None]]:
        """Why resources have failed."""
        return [(event.logical_id, event.reason) for event in self.world.stack_events if "FAILED" in event.status]

    def descriptions(self) -> dict[str, Any]:
        """The descriptions of the resources of the stack and of its nested stacks."""
        stacks, descriptions = [self.stack.arn], {}
        for stack in stacks:
            for resource in self.world.stack_resources.by("stack", stack):
                if resource.physical and "DELETE_COMPLETE" not in resource.status:
                    descriptions[resource.logical_id] = resource.physical.properties
                    stacks += [resource.physical.id] if resource.type == NESTED_STACK else []
        return descriptions
