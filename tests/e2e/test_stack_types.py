"""Every resource type of CloudFormation on a control plane: created, read, updated, deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest

from moyai.stacks.types.registry import resource_types
from tests.e2e.installation import Installation
from tests.e2e.stack_cases import NETWORK_CASES, Case, resource
from tests.e2e.stack_cases_databases import DATABASE_CASES
from tests.e2e.stack_cases_ec2 import EC2_CASES
from tests.e2e.stack_cases_elsewhere import OTHER_SERVICES
from tests.e2e.stack_cases_services import SERVICE_CASES, UNTESTED
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e]
AT_ONCE = 8
ABSENT_GROUP = {"Fails": {**resource("Logs::LogStream", LogGroupName="absent"), "DependsOn": "It"}}
"""A resource whose creation fails when ``It`` is updated."""
CASES = (*NETWORK_CASES, *EC2_CASES, *SERVICE_CASES, *OTHER_SERVICES, *DATABASE_CASES)


def template(case: Case, properties: Mapping[str, Any], more: Mapping[str, Any] = MappingProxyType({})) -> str:
    tested: dict[str, Any] = {"Type": case.type, "Properties": properties}
    if case.depends_on:
        tested["DependsOn"] = case.depends_on
    outputs: dict[str, Any] = {"Ref": {"Value": {"Ref": "It"}}}
    names = {name: name.replace(".", "") for name in case.attributes if name != "Ref"}
    outputs |= {output: {"Value": {"Fn::GetAtt": ["It", name]}} for name, output in names.items()}
    return json.dumps({"Resources": {**case.others, "It": tested, **more}, "Outputs": outputs})


def outputs_of(stack: Mapping[str, Any]) -> dict[str, str]:
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


class Life:
    """A stack of one case, through creation, update and deletion, in an account of its own."""

    def __init__(self, server: Installation, case: Case) -> None:
        account = str(100_000_000_000 + CASES.index(case))
        self.cfn = server.client("cloudformation", key=account)
        self.case = case
        self.name = "of-" + case.type.removeprefix("AWS::").replace("::", "")
        self.ids: list[str] = []
        """The physical id after each step."""
        self.outputs: dict[str, str] = {}
        self.rolled_back: tuple[str, dict[str, str]] | None = None
        """The physical id and the outputs after an update that was rolled back."""

    def run(self) -> Life:
        properties = self.case.properties
        body = template(self.case, properties)
        self.cfn.create_stack(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        self.wait("CREATE_COMPLETE")
        [stack] = self.cfn.describe_stacks(StackName=self.name)["Stacks"]
        self.outputs = outputs_of(stack)
        self.ids.append(self.physical_id())
        if self.case.changed:
            changed = {**properties, **self.case.changed}
            self.update(template(self.case, changed, ABSENT_GROUP), "UPDATE_ROLLBACK_COMPLETE")
            [stack] = self.cfn.describe_stacks(StackName=self.name)["Stacks"]
            self.rolled_back = (self.physical_id(), outputs_of(stack))
            self.update(template(self.case, changed), "UPDATE_COMPLETE")
            self.ids.append(self.physical_id())
        identity = stack["StackId"]
        self.cfn.delete_stack(StackName=self.name)
        self.name = identity
        self.wait("DELETE_COMPLETE")
        return self

    def update(self, body: str, state: str) -> None:
        self.cfn.update_stack(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        self.wait(state)

    def wait(self, state: str) -> None:
        def final_state() -> str | None:
            [stack] = self.cfn.describe_stacks(StackName=self.name)["Stacks"]
            status = str(stack["StackStatus"])
            return None if status.endswith(("PROGRESS", "CLEANUP_IN_PROGRESS")) else status

        assert eventually(final_state, f"{self.name} ends") == state, self.failures()

    def failures(self) -> str:
        events = self.cfn.describe_stack_events(StackName=self.name)["StackEvents"]
        return "; ".join(
            f"{e['LogicalResourceId']}: {e['ResourceStatusReason']}" for e in events if "FAILED" in e["ResourceStatus"]
        )

    def physical_id(self) -> str:
        described = self.cfn.describe_stack_resource(StackName=self.name, LogicalResourceId="It")
        return str(described["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture(scope="module")
def lives(simulation: Installation, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Life]]]:
    """The lives of the cases that are tested, at the same time: most of each is waiting."""
    tests = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    chosen = [params["case"] for params in tests if isinstance(params.get("case"), Case)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {case.type: pool.submit(Life(simulation, case).run) for case in chosen}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
def test_a_type_is_created_read_updated_and_deleted(lives, case):
    life = lives[case.type].result()
    for name, pattern in case.attributes.items():
        value = life.outputs[name.replace(".", "")]
        assert re.match(pattern, value, re.DOTALL), (name, value)
    assert case.moved or life.rolled_back in (None, (life.ids[0], life.outputs))
    assert len(set(life.ids)) == (2 if case.replaced or case.moved else 1)


def test_every_type_has_a_case():
    assert {case.type for case in CASES} | UNTESTED.keys() == resource_types().keys()
