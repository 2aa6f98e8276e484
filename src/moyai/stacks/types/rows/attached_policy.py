"""Resource types that put a policy document on several targets: IAM's inline policies, policies of queues and topics.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-policy.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Call, Identified, Procedure
from moyai.stacks.types.resource_type import StackResourceType

OnTarget: TypeAlias = Callable[[Properties, Any], Properties]
"""The input of a call, from the resource's properties and the target."""


class PolicyTargets(msgspec.Struct, frozen=True):
    """The targets that one property lists: the operations that put the document on one of them, and remove it."""

    put: str
    put_input: OnTarget
    remove: str
    remove_input: OnTarget


class AttachedPolicyType(StackResourceType, frozen=True):
    """A document on the targets that one or more properties list. Its physical id is a generated name."""

    targets: Mapping[str, PolicyTargets] = MappingProxyType({})

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Put the document on each target."""
        identifier = existing or context.generate_name(self.longest_name)
        yield Identified(identifier)
        yield from self._put(properties)
        return _physical_resource(identifier, properties)

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Remove the document from former targets, and where it had another name; then put it on each target."""
        del context
        for former in (resource.properties, attempted or {}):
            yield from self._remove(former, after)
        yield from self._put(after)
        return _physical_resource(resource.id, after)

    def delete_steps(self, resource: PhysicalResource) -> Procedure[None]:
        """Remove the document from each target."""
        yield from self._remove(resource.properties, {})

    def describe(self, resource: PhysicalResource, stable: object = None) -> Procedure[PhysicalResource]:
        """The resource, which no operation describes."""
        del stable
        yield from ()
        return _physical_resource(resource.id, resource.properties)

    def _put(self, properties: Properties) -> Procedure[None]:
        for name, targets in self.targets.items():
            for target in properties.get(name, ()):
                yield Call(self.service, targets.put, targets.put_input(properties, target))

    def _remove(self, former: Properties, after: Properties) -> Procedure[None]:
        for name, targets in self.targets.items():
            remaining = [targets.remove_input(after, target) for target in after.get(name, ())]
            for target in former.get(name, ()):
                members = targets.remove_input(former, target)
                if members not in remaining:
                    try:
                        yield Call(self.service, targets.remove, members)
                    except AwsCallFailed as fault:
                        if fault.code not in self.missing:
                            raise


def _physical_resource(identifier: str, properties: Properties) -> PhysicalResource:
    return PhysicalResource(identifier, properties, identifier, {"Id": identifier})
