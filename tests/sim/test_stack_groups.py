"""Auto Scaling groups of stacks: records without instances, whatever their policies say of these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moyai.domain.cloudformation.stack import StackStatus
from moyai.kernel.scope import Scope
from moyai.stacks.types.procedure import Call
from tests.sim.stack_machine import NAME, Machine

POLICIES = {
    "CreationPolicy": {
        "ResourceSignal": {"Count": "2", "Timeout": "PT15M"},
        "AutoScalingCreationPolicy": {"MinSuccessfulInstancesPercent": 80},
    },
    "UpdatePolicy": {
        "AutoScalingRollingUpdate": {
            "MinInstancesInService": "1",
            "PauseTime": "PT15M",
            "WaitOnResourceSignals": "true",
        }
    },
}


class GroupMachine(Machine):
    """A machine with a server that keeps Auto Scaling groups, as they were sent."""

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[str, dict[str, Any]] = {}

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        if call.service != "autoscaling":
            return await super().call(scope, call)
        match call.operation:
            case "CreateAutoScalingGroup" | "UpdateAutoScalingGroup":
                self.groups.setdefault(call.input["AutoScalingGroupName"], {}).update(call.input)
            case "DescribeAutoScalingGroups":
                return {"AutoScalingGroups": [self.groups[name] for name in call.input["AutoScalingGroupNames"]]}
        return {}


def template(size: str, configuration: str) -> str:
    properties = {
        "MinSize": "1",
        "MaxSize": size,
        "LaunchConfigurationName": configuration,
        "MetricsCollection": [{"Granularity": "1Minute"}],
    }
    group = {"Type": "AWS::AutoScaling::AutoScalingGroup", "Properties": properties, **POLICIES}
    return json.dumps({"Resources": {"Group": group}})


async def test_a_group_waits_for_no_signals_and_is_not_replaced():
    machine = GroupMachine()
    await machine.ask("CreateStack", StackName=NAME, TemplateBody=template("2", "first"))
    assert await machine.finish() is StackStatus.CREATE_COMPLETE
    [name] = machine.groups
    await machine.ask("UpdateStack", StackName=NAME, TemplateBody=template("3", "second"))
    assert await machine.finish() is StackStatus.UPDATE_COMPLETE
    assert list(machine.groups) == [name]
    assert (machine.groups[name]["MaxSize"], machine.groups[name]["LaunchConfigurationName"]) == ("3", "second")
    assert "MetricsCollection" not in machine.groups[name]
