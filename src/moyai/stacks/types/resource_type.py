"""The procedures of a resource type: they create, update, delete and describe a resource.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import jmespath
import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.kernel.clock import Seconds
from moyai.stacks.types.calls import EMPTY, Children, Follow, Properties, Stable, changed_properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure, ResourceFailed, Wait
from moyai.stacks.types.row import ResourceTypeRow
from moyai.stacks.types.tags import tag_list

FIRST_WAIT: Final = Seconds(0.2)
LATER_WAIT: Final = Seconds(1.0)
QUICK_LOOKS: Final = 10
MOST_LOOKS: Final = 10_800
IN_USE_TRIES: Final = 300
"""Number of look-ups of a resource's state with the first wait between them, and in all; attempts to delete a resource
that is in use.
"""
_EXISTS: Final = re.compile("Already|Exists|Duplicate|Conflict")
"""A part of every error code for a name that another resource has."""
NO_SNAPSHOT: Final = "SkipFinalSnapshot"
"""The member of a deletion's input for a deletion without a final snapshot."""
IN_USE: Final = frozenset(
    {
        "CacheSubnetGroupInUse",
        "DependencyViolation",
        "ResourceInUse",
        "ResourceInUseException",
        "ResourceConflictException",
        "DeleteConflict",
    }
)
"""The error codes for the deletion of a resource that another one uses, for a short time still."""


class StackResourceType(ResourceTypeRow, frozen=True):
    """A resource type: its row, and the procedures that follow from it."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the resource, or complete the one with the physical id ``existing``, whose creation was interrupted.
        Returns the created resource.
        """
        values = dict(properties)
        if self.name_property is not None:
            suffix = self.name_end(values)
            name = context.generate_name(self.longest_name - len(suffix), lower_case=self.lower_case)
            values.setdefault(self.name_property, name + suffix)
        identifier = existing
        if identifier is None:
            yield from self._refuse_taken_name(properties, context)
            identifier = yield from self._create(values, context)
            yield Identified(identifier)
        resource = PhysicalResource(identifier, values)
        yield from self._finish(resource)
        for name, follow in self.follow.items():
            if name in values and follow.at_creation:
                yield follow.call(self.service, name, resource)
        for name, children in self.children.items():
            if name in values and children.at_creation:
                yield from children.change(self.service, resource, [children.initial], values[name])
        described = yield from self.describe(resource, self.stable)
        return msgspec.structs.replace(described, properties=properties)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the resource to the properties ``after``, and return the changed one. ``attempted``: the properties of
        an earlier update that failed, some of which the resource may have.
        """
        del context
        before = resource.properties
        possible = before if attempted is None else attempted
        changed_names = changed_properties(before, after) | changed_properties(before, possible)
        changing = msgspec.structs.replace(resource, properties=after)
        plain_names = changed_names - self.own_calls
        if plain_names and self.update is not None:
            sent_names = (after.keys() if self.update_whole else plain_names & after.keys()) & self.schema.updated
            present = {name: after[name] for name in sorted(sent_names - self.own_calls)}
            values = self._input({name: self.cleared[name] for name in plain_names & self.cleared.keys()} | present)
            wrapped = values if self.update_wrapper is None else {self.update_wrapper: values}
            members = {**wrapped, **(self.update_by or self.by_id)(changing)}
            yield from self._answer_of(Call(self.service, self.update, members))
        for name in sorted(changed_names & self.follow.keys()):
            yield from self._change_followed(name, changing, before.get(name), possible.get(name, before.get(name)))
        for name in sorted(changed_names & self.children.keys()):
            children = self.children[name]
            former = [before.get(name, children.initial), possible.get(name, children.initial)]
            yield from children.change(self.service, changing, former, after.get(name, ()))
        if self.tagging is not None and self.tagging.name in changed_names:
            yield from self.tagging.change(self.service, changing, before)
        return (yield from self.describe(changing, self.stable))

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Delete the resource, if it exists. While it is in use, the deletion is tried again."""
        if self.delete is None:
            return
        for name, children in self.children.items():
            if children.blocks_deletion:
                yield from children.change(self.service, resource, [resource.properties.get(name, ())], ())
        for attempt in range(1, IN_USE_TRIES + 1):
            try:
                yield from self._answer_of(Call(self.service, self.delete, self.by_id(resource)))
                break
            except AwsCallFailed as fault:
                if fault.code in self.missing:
                    return
                if fault.code not in IN_USE or attempt == IN_USE_TRIES:
                    raise
            yield Wait(LATER_WAIT)
        if self.gone is not None:
            yield from self._look(resource, self.gone, missing_is_done=True)

    def removal_steps(self, resource: PhysicalResource, context: ResourceContext) -> Procedure[None]:
        """Delete the resource, as ``delete_steps``. Types whose deletion needs the context override this."""
        del context
        yield from self.delete_steps(resource)

    def with_snapshot(self, name: str) -> StackResourceType:
        """The type with a deletion that takes a snapshot of this name."""
        member = self.final_snapshot
        if member is None:
            return self

        def members(resource: PhysicalResource) -> Properties:
            others = {each: value for each, value in self.by_id(resource).items() if each != NO_SNAPSHOT}
            return {**others, member: name}

        return msgspec.structs.replace(self, by_id=members)

    def describe(self, resource: PhysicalResource, stable: Stable | None = None) -> Procedure[PhysicalResource]:
        """The resource with its attributes, once it is stable. Raises ResourceFailed if it fails or does not exist."""
        description = yield from self._look(resource, stable)
        attributes = self._attributes(resource.properties, description)
        for name, lookup in self.lookups.items():
            answer = yield Call(self.service, lookup.operation, lookup.input(resource))
            attributes[name] = lookup.find(answer, resource)
        described = msgspec.structs.replace(resource, attributes=attributes)
        attributes |= self.derive(described)
        return msgspec.structs.replace(described, ref=resource.id, attributes=attributes)

    def _look(
        self, resource: PhysicalResource, stable: Stable | None, *, missing_is_done: bool = False
    ) -> Procedure[Properties]:
        if self.read is None:
            return EMPTY
        looks = 0
        while True:
            try:
                answer = yield Call(self.service, self.read.operation, self.read.input(resource))
            except AwsCallFailed as fault:
                if missing_is_done and fault.code in self.missing:
                    return EMPTY
                raise
            description = self.read.find(answer, resource)
            if not description and missing_is_done:
                return EMPTY
            if not description:
                raise ResourceFailed(f"{resource.id} of type {self.name} does not exist.")
            state = None if stable is None else jmespath.search(stable.path, description)
            if stable is None or state in stable.done:
                return dict(description)
            if state in stable.failed:
                raise ResourceFailed(jmespath.search(stable.reason, description) or f"{resource.id} is {state}.")
            looks += 1
            if looks > MOST_LOOKS:
                raise ResourceFailed(f"{resource.id} did not stabilize.")
            yield Wait(FIRST_WAIT if looks <= QUICK_LOOKS else LATER_WAIT)

    def _attributes(self, properties: Properties, description: Properties) -> dict[str, Any]:
        by_lower_case = {name.lower(): value for name, value in description.items()}
        attributes = {name: value for name, value in properties.items() if name in self.schema.properties}
        for name in self.schema.properties | self.schema.read_only:
            if name.lower() in by_lower_case:
                attributes[name] = by_lower_case[name.lower()]
        for name, path in self.attributes.items():
            attributes[name] = jmespath.search(path, description)
        return {name: _plain(value) for name, value in attributes.items() if value is not None}

    def creation_input(self, properties: Properties) -> dict[str, Any]:
        """The members of the creation's input that these properties set."""
        separate: dict[str, Follow | Children] = {**self.follow, **self.children}
        later = {name for name in self.own_calls if name not in separate or separate[name].at_creation}
        later |= self.update_only
        complete = {**self.defaults(properties), **properties}
        return self._input({name: value for name, value in complete.items() if name not in later})

    def _create(self, values: Mapping[str, Any], context: ResourceContext) -> Procedure[str]:
        members = self.creation_input(values)
        members |= self.context_members(context)
        if self.idempotency_member is not None:
            members[self.idempotency_member] = context.token
        if self.tagging is not None:
            own = tag_list(values.get(self.tagging.name) or ())
            tags = [*own, *context.tags] if self.tagging.reserved else [*own]
            members |= self.tagging.members(tags) if tags else {}
        call = Call(self.service, self.create, members, context.token)
        try:
            answer = yield from self._answer_of(call)
        except AwsCallFailed as fault:
            if not (context.is_repeated and _EXISTS.search(fault.code)):
                raise
            answer = yield from self._repeat(call, PhysicalResource("", values))
            if jmespath.search(self.identifier, {**values, **answer}) is None:
                raise  # the resource with this name was not created by the interrupted procedure
        return str(jmespath.search(self.identifier, {**self.context_members(context), **values, **answer}))

    def _finish(self, resource: PhysicalResource) -> Procedure[None]:
        """The calls that complete a creation, once the physical id is recorded."""
        for operation, members in self.finish:
            yield Call(self.service, operation, members(resource))

    def _refuse_taken_name(self, properties: Properties, context: ResourceContext) -> Procedure[None]:
        """Raise ResourceFailed when another resource has the template's name, because ``create`` would overwrite it."""
        name = (
            properties.get(self.name_property)
            if self.name_property
            else jmespath.search(self.identifier, dict(properties))
        )
        if self.read_existing is None or name is None or context.is_repeated:
            return
        read, resource = self.read_existing(context), PhysicalResource(str(name), properties)
        try:
            answer = yield Call(self.service, read.operation, read.input(resource))
        except AwsCallFailed as fault:
            if fault.code in self.missing:
                return
            raise
        if read.find(answer, resource):
            raise self.already_exists(str(name), context)

    def already_exists(self, identifier: str, context: ResourceContext) -> ResourceFailed:
        """The failure of a creation that would overwrite another resource."""
        return ResourceFailed(
            f"Resource handler returned message: \"Resource of type '{self.name}' with identifier '{identifier}' "
            f'already exists." (RequestToken: {context.token}, HandlerErrorCode: AlreadyExists)'
        )

    def _repeat(self, call: Call, resource: PhysicalResource) -> Procedure[Mapping[str, Any]]:
        """The answer to a creation whose resource exists since before an interruption."""
        if self.undo and self.delete is not None:
            yield Call(self.service, self.delete, call.input)
            return (yield from self._answer_of(call))
        if self.read_repeated is None:
            return EMPTY
        answer = yield Call(self.service, self.read_repeated.operation, self.read_repeated.input(resource))
        return dict(self.read_repeated.find(answer, resource) or EMPTY)

    def _answer_of(self, call: Call) -> Procedure[Mapping[str, Any]]:
        """The answer to a call. Where that is an asynchronous operation, its target's id, once it has succeeded."""
        answer = yield call
        if self.operation_target is None or "OperationId" not in answer:
            return answer
        while True:
            operation = (yield Call(self.service, "GetOperation", {"OperationId": answer["OperationId"]}))["Operation"]
            if operation["Status"] == "SUCCESS":
                return {"Id": jmespath.search(self.operation_target, operation)}
            if operation["Status"] == "FAIL":
                raise ResourceFailed(operation.get("ErrorMessage", "the operation failed"))
            yield Wait(FIRST_WAIT)

    def _change_followed(self, name: str, resource: PhysicalResource, before: Any, possible: Any) -> Procedure[None]:  # noqa: ANN401 (a property)
        follow = self.follow[name]
        properties = dict(resource.properties)
        if follow.complete is not None:
            properties[name] = follow.complete(resource, [each for each in (before, possible) if each is not None])
        elif name not in properties and follow.default is not None:
            properties[name] = follow.default(resource, possible)
        if name in properties:
            yield follow.call(self.service, name, msgspec.structs.replace(resource, properties=properties))
        elif follow.reset is not None:
            yield Call(self.service, follow.reset, (follow.reset_by or self.by_id)(resource))
        else:
            raise ResourceFailed(f"moyai can't remove the property {name} from {self.name}: set it to its default.")

    def _input(self, values: dict[str, Any]) -> dict[str, Any]:
        return {self.rename.get(name, name): value for name, value in self.arrange(values).items()}


def _plain(value: Any) -> Any:  # noqa: ANN401 (an attribute)
    """The attribute as templates have it: a time is a text."""
    return value.isoformat() if isinstance(value, datetime) else value
