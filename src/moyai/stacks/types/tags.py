"""The forms in which services take a resource's tags.

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
"""Objects with Key and Value, the form of tags in the templates of most types."""


class Tagging(msgspec.Struct, frozen=True):
    """The form in which a service takes tags.

    ``members``: the members of a creation's input. ``add``, ``remove``: the operations that change tags, whose inputs
    have the members ``resource`` for the resource, and ``add_input`` or ``remove_input`` for the tags or keys.
    ``name``: the property. ``as_map``: whether the property is a map.
    """

    members: Callable[[TagList], Mapping[str, Any]]
    add: str
    remove: str
    resource: Callable[[PhysicalResource], Mapping[str, Any]]
    add_input: Callable[[TagList], Mapping[str, Any]]
    remove_input: Callable[[Sequence[str]], Mapping[str, Any]]
    name: str = "Tags"
    as_map: bool = False
    reserved: bool = True
    """Whether the service accepts keys with the reserved prefix ``aws:``."""

    def change(self, service: str, changing: PhysicalResource, before: Mapping[str, Any]) -> Procedure[None]:
        """Remove and add the tags that differ from those in the properties ``before``."""
        former_tags = tag_map(before.get(self.name) or ())
        wanted_tags = tag_map(changing.properties.get(self.name) or ())
        resource = self.resource(changing)
        absent_keys = sorted(former_tags.keys() - wanted_tags.keys())
        if absent_keys:
            yield Call(service, self.remove, {**resource, **self.remove_input(absent_keys)})
        changed_tags = tag_list({key: value for key, value in wanted_tags.items() if former_tags.get(key) != value})
        if changed_tags:
            yield Call(service, self.add, {**resource, **self.add_input(changed_tags)})

    def with_stack_tags(self, own: Any, tags: Mapping[str, str]) -> Any:  # noqa: ANN401 (a property)
        """The property ``own``, with each of the stack's tags whose key it does not have. CloudFormation's own tags of
        the stack, which have reserved keys, are left out.

        Raises TemplateFault for a property that has another form, or reserved keys.
        """
        keys = set() if own is None else self._keys(own)
        stack_tags = {key: value for key, value in tags.items() if key not in keys and not is_reserved(key)}
        if not stack_tags or isinstance(own, IntrinsicFunction):
            return own
        return {**stack_tags, **(own or {})} if self.as_map else [*(own or ()), *tag_list(stack_tags)]

    def _keys(self, own: Any) -> set[str]:  # noqa: ANN401 (a property)
        """The keys in the property that are known already. Raises TemplateFault as ``with_stack_tags``."""
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
    """The values of tags by key."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag.get("Value", "")) for tag in tags}


def tag_list(tags: TagList | Mapping[str, Any]) -> TagList:
    """The tags as objects with Key and Value."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return tags


def ec2_tags(resource_type: str, attribute: str | None = None) -> Tagging:
    """The tags of EC2: a specification for the type of resource. ``attribute``: the attribute with the resource's id,
    where that is not the physical id.
    """
    return Tagging(
        members=lambda tags: {"TagSpecifications": [{"ResourceType": resource_type, "Tags": list(tags)}]},
        add="CreateTags",
        remove="DeleteTags",
        resource=lambda r: {"Resources": [r.attributes[attribute] if attribute else r.id]},
        add_input=lambda tags: {"Tags": list(tags)},
        remove_input=lambda keys: {"Tags": [{"Key": key} for key in keys]},
    )


def arn_tags(
    resource: Callable[[PhysicalResource], Mapping[str, Any]], add: str = "TagResource", remove: str = "UntagResource"
) -> Tagging:
    """The tags of most services: a list, and calls that name the resource by its ARN."""
    return Tagging(
        members=lambda tags: {"Tags": list(tags)},
        add=add,
        remove=remove,
        resource=resource,
        add_input=lambda tags: {"Tags": list(tags)},
        remove_input=lambda names: {"TagKeys": list(names)},
    )


def map_tags(
    resource: Callable[[PhysicalResource], Mapping[str, Any]], add: str = "TagResource", remove: str = "UntagResource"
) -> Tagging:
    """The tags of CloudWatch Logs and some other services: a map."""
    return Tagging(
        members=lambda tags: {"Tags": tag_map(tags)},
        add=add,
        remove=remove,
        resource=resource,
        add_input=lambda tags: {"Tags": tag_map(tags)},
        remove_input=lambda names: {"TagKeys": list(names)},
    )
