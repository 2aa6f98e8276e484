"""The forms in which services take tags.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.domain.tagging import is_reserved
from moyai.stacks.template.expressions import IntrinsicFunction
from moyai.stacks.types.procedure import Call, Procedure

TagList: TypeAlias = "Sequence[Mapping[str, Any]]"
"""Objects with Key and Value, as most types' templates have them."""


class Tagging(msgspec.Struct, frozen=True):
    """How a service takes tags: in the input of a creation, and by calls of their own.

    ``resource``: the members by which those calls name a resource. ``name``: the property. ``as_map``: whether
    templates have tags as a map.
    """

    members: Callable[[TagList], Mapping[str, Any]]
    add: str
    remove: str
    resource: Callable[[PhysicalResource], Mapping[str, Any]]
    added: Callable[[TagList], Mapping[str, Any]]
    removed: Callable[[Sequence[str]], Mapping[str, Any]]
    name: str = "Tags"
    as_map: bool = False
    reserved: bool = True
    """Whether the service's model has reserved keys."""

    def change(self, service: str, changing: PhysicalResource, before: Mapping[str, Any]) -> Procedure[None]:
        """Add and remove what differs from the tags in the properties ``before``."""
        former, wanted = tag_map(before.get(self.name) or ()), tag_map(changing.properties.get(self.name) or ())
        resource = self.resource(changing)
        absent = sorted(former.keys() - wanted.keys())
        if absent:
            yield Call(service, self.remove, {**resource, **self.removed(absent)})
        other = tag_list({key: value for key, value in wanted.items() if former.get(key) != value})
        if other:
            yield Call(service, self.add, {**resource, **self.added(other)})

    def with_stack_tags(self, own: Any, tags: Mapping[str, str]) -> Any:  # noqa: ANN401 (a property)
        """The property with the stack's tags, where the resource has none of the same key.

        A nested stack's tags of CloudFormation are its own. Raises TemplateFault for what is no tags, or reserved ones.
        """
        keys = set() if own is None else self._keys(own)
        added = {key: value for key, value in tags.items() if key not in keys and not is_reserved(key)}
        if not added or isinstance(own, IntrinsicFunction):
            return own
        return {**added, **(own or {})} if self.as_map else [*(own or ()), *tag_list(added)]

    def _keys(self, own: Any) -> set[str]:  # noqa: ANN401 (a property)
        """The keys in the property, as far as they are known yet."""
        if isinstance(own, IntrinsicFunction):
            return set()
        if self.as_map and not isinstance(own, Mapping):
            raise TemplateFault(f"Value of property {self.name} must be an object")
        if not self.as_map and not isinstance(own, list | tuple):
            raise TemplateFault(f"Value of property {self.name} must be of type List")
        tags = own.items() if self.as_map else map(self._pair, own)
        keys = {str(key) for key, value in tags if self._is_scalar(key) and self._is_scalar(value)}
        reserved = next(filter(is_reserved, sorted(keys)), None)
        if reserved is not None:
            raise TemplateFault(
                f"The tag key {reserved} in the property {self.name} begins with aws:, a reserved prefix"
            )
        return keys

    def _pair(self, tag: Any) -> tuple[Any, Any]:  # noqa: ANN401 (an element of a property)
        if isinstance(tag, IntrinsicFunction):
            return tag, ""
        if not isinstance(tag, Mapping) or "Key" not in tag:
            raise TemplateFault(f"Each element of the property {self.name} must be an object with Key and Value")
        return tag["Key"], tag.get("Value", "")

    def _is_scalar(self, text: Any) -> bool:  # noqa: ANN401 (a key or value)
        """Whether a key or a value is known. Raises TemplateFault for a list or an object."""
        if isinstance(text, str | int | float):
            return True
        if isinstance(text, IntrinsicFunction):
            return False
        raise TemplateFault(f"The keys and values in the property {self.name} must be strings")


def tag_map(tags: TagList | Mapping[str, Any]) -> dict[str, str]:
    """Tags by key."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def tag_list(tags: TagList | Mapping[str, Any]) -> TagList:
    """Tags as objects."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return tags


def ec2_tags(resource_type: str, attribute: str | None = None) -> Tagging:
    """EC2's: a specification for the type of resource. ``attribute``: which has the id, where the physical id is
    another.
    """
    return Tagging(
        members=lambda tags: {"TagSpecifications": [{"ResourceType": resource_type, "Tags": list(tags)}]},
        add="CreateTags",
        remove="DeleteTags",
        resource=lambda r: {"Resources": [r.attributes[attribute] if attribute else r.id]},
        added=lambda tags: {"Tags": list(tags)},
        removed=lambda keys: {"Tags": [{"Key": key} for key in keys]},
    )


def arn_tags(
    resource: Callable[[PhysicalResource], Mapping[str, Any]],
    add: str = "TagResource",
    remove: str = "UntagResource",
    keys: str = "TagKeys",
) -> Tagging:
    """The tags of most services: a list, and calls that name the resource by its ARN."""
    return Tagging(
        members=lambda tags: {"Tags": list(tags)},
        add=add,
        remove=remove,
        resource=resource,
        added=lambda tags: {"Tags": list(tags)},
        removed=lambda names: {keys: list(names)},
    )


def map_tags(
    resource: Callable[[PhysicalResource], Mapping[str, Any]], add: str = "TagResource", remove: str = "UntagResource"
) -> Tagging:
    """CloudWatch Logs' and some others': a map."""
    return Tagging(
        members=lambda tags: {"Tags": tag_map(tags)},
        add=add,
        remove=remove,
        resource=resource,
        added=lambda tags: {"Tags": tag_map(tags)},
        removed=lambda names: {"TagKeys": list(names)},
    )
