"""The forms in which services take tags.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.procedure import Call, Procedure

TagList: TypeAlias = "Sequence[Mapping[str, Any]]"
"""Objects with Key and Value, as templates have them."""


class Tagging(msgspec.Struct, frozen=True):
    """How a service takes tags: in the input of a creation, and by calls of their own.

    ``resource``: the members by which those calls name a resource.
    """

    members: Callable[[TagList], Mapping[str, Any]]
    add: str
    remove: str
    resource: Callable[[PhysicalResource], Mapping[str, Any]]
    added: Callable[[TagList], Mapping[str, Any]]
    removed: Callable[[Sequence[str]], Mapping[str, Any]]

    def change(
        self, service: str, changing: PhysicalResource, before: TagList | None, after: TagList | None
    ) -> Procedure[None]:
        """Add and remove what differs."""
        former, wanted = tag_map(before or ()), tag_map(after or ())
        resource = self.resource(changing)
        absent = sorted(former.keys() - wanted.keys())
        if absent:
            yield Call(service, self.remove, {**resource, **self.removed(absent)})
        other = [{"Key": key, "Value": value} for key, value in wanted.items() if former.get(key) != value]
        if other:
            yield Call(service, self.add, {**resource, **self.added(other)})


def tag_map(tags: TagList) -> dict[str, str]:
    """Tags by key."""
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def ec2_tags(resource_type: str) -> Tagging:
    """EC2's: a specification for the type of resource."""
    return Tagging(
        members=lambda tags: {"TagSpecifications": [{"ResourceType": resource_type, "Tags": list(tags)}]},
        add="CreateTags",
        remove="DeleteTags",
        resource=lambda r: {"Resources": [r.id]},
        added=lambda tags: {"Tags": list(tags)},
        removed=lambda keys: {"Tags": [{"Key": key} for key in keys]},
    )


def arn_tags(
    resource: Callable[[PhysicalResource], Mapping[str, Any]],
    add: str = "TagResource",
    remove: str = "UntagResource",
    keys: str = "TagKeys",
) -> Tagging:
    """Those of most services: a list, and calls that name the resource by its ARN."""
    return Tagging(
        members=lambda tags: {"Tags": list(tags)},
        add=add,
        remove=remove,
        resource=resource,
        added=lambda tags: {"Tags": list(tags)},
        removed=lambda names: {keys: list(names)},
    )


def map_tags(resource: Callable[[PhysicalResource], Mapping[str, Any]]) -> Tagging:
    """CloudWatch Logs': a map."""
    return Tagging(
        members=lambda tags: {"Tags": tag_map(tags)},
        add="TagResource",
        remove="UntagResource",
        resource=resource,
        added=lambda tags: {"Tags": tag_map(tags)},
        removed=lambda names: {"TagKeys": list(names)},
    )
