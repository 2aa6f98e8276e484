"""AWS::CloudFormation::Stack: a stack as a resource of another one.

Promise: the nested stack is created, updated and deleted by CloudFormation's public operations. Cleanup after its
update waits for the root stack, so that a rollback of that can use the former resources again.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-nested-stacks.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from moyai.domain.cloudformation.stack import IMPORTING, UPDATING, OnFailure, PhysicalResource, StackStatus
from moyai.stacks.template.model import NESTED_STACK
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure, ResourceFailed, Wait
from moyai.stacks.types.resource_type import FIRST_WAIT, LATER_WAIT, MOST_LOOKS, QUICK_LOOKS, StackResourceType
from moyai.stacks.types.rows.inputs import ids
from moyai.stacks.types.tags import arn_tags

_LONGEST_NAME: Final = 128
_OUTPUTS: Final = "Outputs."
WRONG_PARAMETERS: Final = "Value of property Parameters must be an object with String (or simple type) properties"
_NO_UPDATES: Final = "No updates are to be performed."
_UPDATED: Final = frozenset({StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS, StackStatus.UPDATE_COMPLETE})
_ROLLING_BACK: Final = frozenset(
    {StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS}
)
_UNCHANGED: Final = frozenset(
    {StackStatus.CREATE_COMPLETE, StackStatus.UPDATE_COMPLETE, StackStatus.UPDATE_ROLLBACK_COMPLETE}
)


class NestedStack(StackResourceType, frozen=True):
    """The type of nested stacks."""

    def has_attribute(self, name: str) -> bool:
        """Whether a name has the form ``Outputs.Name``. Only the nested template knows which outputs there are."""
        return name.startswith(_OUTPUTS) and name != _OUTPUTS

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the stack, and wait until it is complete."""
        identifier = existing
        if identifier is None:
            identifier = yield from self._create_stack(properties, context)
            yield Identified(identifier)
        described = yield from self._await_description(identifier, {StackStatus.CREATE_IN_PROGRESS})
        if described["StackStatus"] != StackStatus.CREATE_COMPLETE:
            raise ResourceFailed(f"Embedded stack {identifier} was not successfully created: {_reason(described)}")
        return _resource(identifier, properties, described)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Update the stack, or roll it back when the stack around it is rolled back, and wait until it is complete."""
        if context.goes_back:
            is_changed = attempted is not None or resource.properties != after
            yield from self._roll_back(resource.id, after, context, is_changed=is_changed)
            described = yield from self._await_description(
                resource.id, {StackStatus.UPDATE_IN_PROGRESS, *_ROLLING_BACK}
            )
            successes = _UPDATED | _UNCHANGED
        else:
            has_begun = yield from self._update_stack(resource.id, after, context)
            described = yield from self._await_description(resource.id, {StackStatus.UPDATE_IN_PROGRESS})
            successes = _UPDATED if has_begun else _UPDATED | _UNCHANGED
        if described["StackStatus"] not in successes:
            raise ResourceFailed(
                f"Embedded stack {resource.id} was not successfully updated. Currently in {described['StackStatus']} "
                f"with reason: {_reason(described)}"
            )
        return _resource(resource.id, after, described)

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Delete the stack, if it exists, after the end of an update or import of it."""
        try:
            yield from self._await_description(resource.id, UPDATING | IMPORTING)
        except AwsCallFailed as fault:
            if "does not exist" in fault.message:
                return
            raise
        yield Call(self.service, "DeleteStack", {"StackName": resource.id})
        described = yield from self._await_description(resource.id, {StackStatus.DELETE_IN_PROGRESS})
        if described["StackStatus"] != StackStatus.DELETE_COMPLETE:
            raise ResourceFailed(f"Embedded stack {resource.id} was not successfully deleted: {_reason(described)}")

    def _create_stack(self, properties: Properties, context: ResourceContext) -> Procedure[str]:
        in_review = context.stack.nested.get(context.logical_id)
        name = context.generate_name(_LONGEST_NAME) if in_review is None else in_review.split("/")[1]
        members = {"StackName": name, "OnFailure": "DO_NOTHING", **_input(properties, context)}
        if "TimeoutInMinutes" in properties:
            members["TimeoutInMinutes"] = properties["TimeoutInMinutes"]
        try:
            answer = yield Call(self.service, self.create, members, context.token)
        except AwsCallFailed as fault:
            if not (context.is_repeated and fault.code == "AlreadyExistsException"):
                raise
            answer = yield from self._await_description(name)
        return str(answer["StackId"])

    def _update_stack(self, identifier: str, after: Properties, context: ResourceContext) -> Procedure[bool]:
        """Begin an update; returns whether there is anything to update."""
        disables_rollback = context.stack.on_failure is OnFailure.DO_NOTHING
        members = {"StackName": identifier, "DisableRollback": disables_rollback, **_input(after, context)}
        try:
            yield Call(self.service, "UpdateStack", members)
        except AwsCallFailed as fault:
            if fault.message == _NO_UPDATES:
                return False
            if not (context.is_repeated and "can not be updated" in fault.message):
                raise
        return True

    def _roll_back(
        self, identifier: str, before: Properties, context: ResourceContext, *, is_changed: bool
    ) -> Procedure[None]:
        stack = {"StackName": identifier}
        match StackStatus((yield from self._await_description(identifier))["StackStatus"]):
            case StackStatus.UPDATE_IN_PROGRESS:
                yield Call(self.service, "CancelUpdateStack", stack)
            case StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS | StackStatus.UPDATE_FAILED:
                yield Call(self.service, "RollbackStack", stack)
            case StackStatus.UPDATE_ROLLBACK_FAILED:
                skipped = _skipped_in(identifier, context)
                yield Call(self.service, "ContinueUpdateRollback", {**stack, "ResourcesToSkip": skipped})
            case StackStatus.CREATE_COMPLETE | StackStatus.UPDATE_COMPLETE if is_changed:
                yield from self._update_stack(identifier, before, context)
            case _:
                pass  # the stack is rolling back, or has done so, without a call

    def _await_description(
        self, identifier: str, pending: Collection[StackStatus] = frozenset()
    ) -> Procedure[Mapping[str, Any]]:
        """The stack's description in DescribeStacks, once its status is none of ``pending``."""
        for look in range(MOST_LOOKS):
            [described] = (yield Call(self.service, "DescribeStacks", {"StackName": identifier}))["Stacks"]
            if described["StackStatus"] not in pending:
                result: Mapping[str, Any] = described
                return result
            yield Wait(FIRST_WAIT if look < QUICK_LOOKS else LATER_WAIT)
        raise ResourceFailed(f"Embedded stack {identifier} did not stabilize.")


def nested_stack_row() -> NestedStack:
    """The row of nested stacks."""
    return NestedStack(
        NESTED_STACK,
        "cloudformation",
        "CreateStack",
        "StackId",
        "DeleteStack",
        ids("StackName"),
        always_updates=True,
        update="UpdateStack",
        tagging=arn_tags(ids("StackName"), "UpdateStack", "UpdateStack"),
    )


def nested_parameters(properties: Properties) -> Mapping[str, Any] | None:
    """The parameters of a nested stack, which are scalars or functions; None when the template has other values."""
    parameters = properties.get("Parameters", {})
    if not isinstance(parameters, Mapping) or any(isinstance(each, list | Mapping) for each in parameters.values()):
        return None
    return parameters


def _input(properties: Properties, context: ResourceContext) -> dict[str, Any]:
    """The members that the inputs of creations and updates have in common."""
    parameters = nested_parameters(properties)
    if parameters is None:
        raise ResourceFailed(WRONG_PARAMETERS)
    members: dict[str, Any] = {
        "TemplateURL": properties.get("TemplateURL"),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": context.stack.capabilities,
        "NotificationARNs": properties.get("NotificationARNs", ()),
        "Tags": [*properties.get("Tags", ()), *context.tags],
        "RoleARN": context.stack.role_arn,
    }
    return {name: value for name, value in members.items() if value is not None}


def _resource(identifier: str, properties: Properties, described: Mapping[str, Any]) -> PhysicalResource:
    outputs = {_OUTPUTS + each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", ())}
    return PhysicalResource(identifier, properties, identifier, outputs)


def _reason(described: Mapping[str, Any]) -> str:
    return str(described.get("StackStatusReason") or described["StackStatus"])


def _skipped_in(identifier: str, context: ResourceContext) -> list[str]:
    """The resources that a rollback skips in this stack and in its nested stacks. In ``Stack.Resource``, ``Stack`` is
    the stack's name or logical id.
    """
    own = {context.logical_id, identifier.split("/")[1]}
    parts = [name.partition(".") for name in context.stack.skipped if "." in name]
    return [resource if stack in own else f"{stack}.{resource}" for stack, _, resource in parts]
