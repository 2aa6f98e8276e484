"""Checks a template's resources against their types, before any of them is created.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-template.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudformation.errors import InsufficientCapabilities, TemplateFault
from moyai.stacks.skipping import type_refusal
from moyai.stacks.template.expressions import Expression, GetAtt, is_value, walk
from moyai.stacks.template.model import DeletionPolicy, ParsedTemplate, TemplateResource
from moyai.stacks.template.references import resource_expressions
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.rows.waiting import CONDITION, signal_policy
from moyai.stacks.types.update_policy import AUTO_SCALING_GROUP, update_policy_complaint

_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AWS::IAM::Group": "GroupName",
        "AWS::IAM::InstanceProfile": "InstanceProfileName",
        "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
        "AWS::IAM::Role": "RoleName",
        "AWS::IAM::User": "UserName",
    }
)
"""By IAM's resource types, the property with a name that the template chooses."""
_NAMED_IAM: Final = "CAPABILITY_NAMED_IAM"
_IAM: Final = "CAPABILITY_IAM"
_AUTO_EXPAND: Final = "CAPABILITY_AUTO_EXPAND"
_INSTANCE_POLICY: Final = "AutoScalingCreationPolicy"
"""The member of a group's CreationPolicy about its instances. It has no effect, because groups have no instances here.
"""


def check_known(names: Iterable[str]) -> None:
    """Raise TemplateFault for types that moyai does not have, all of them at once."""
    types = resource_types()
    unknown = {name for name in names if name not in types}
    if unknown:
        raise type_refusal(unknown)


def check_types(resources: Mapping[str, TemplateResource]) -> None:
    """Raise TemplateFault for the types that moyai does not have, all of them at once, or for the first resource with
    an attribute or a property that its type does not have, or without one that it requires.
    """
    check_known(resource.type for resource in resources.values())
    for name, resource in resources.items():
        _check_attributes(name, resource)
        complaint = next(property_complaints(resource), None)
        if complaint is not None:
            raise TemplateFault(f"Properties validation failed for resource {name} with message:\n{complaint}")


def check_attributes(template: ParsedTemplate) -> None:
    """Raise TemplateFault for the first Fn::GetAtt of an attribute that the resource's type does not have."""
    expressions = [each for resource in template.resources.values() for each in resource_expressions(resource)]
    expressions += [output.value for output in template.outputs.values()]
    for each in (each for expression in expressions for each in walk(expression) if isinstance(each, GetAtt)):
        kind = resource_types()[template.resources[each.resource].type]
        if isinstance(each.attribute, str) and not kind.has_attribute(each.attribute):
            raise TemplateFault(
                f"Template error: resource {each.resource} does not support attribute type {each.attribute} in "
                "Fn::GetAtt"
            )


def _check_attributes(name: str, resource: TemplateResource) -> None:
    if resource.creation_policy:
        _check_creation_policy(name, resource.type, resource.creation_policy)
    complaint = update_policy_complaint(resource.type, resource.update_policy)
    if complaint is not None:
        raise TemplateFault(f"Template error: the resource {name} can't have this UpdatePolicy: {complaint}.")
    kind = resource_types()[resource.type]
    takes_snapshot = DeletionPolicy.SNAPSHOT in {resource.deletion_policy, resource.update_replace_policy}
    if takes_snapshot and kind.final_snapshot is None:
        raise TemplateFault(f"Template error: resource type {resource.type} does not support deletion policy Snapshot")


def _check_creation_policy(name: str, kind: str, policy: Mapping[str, Expression]) -> None:
    if kind not in {CONDITION, AUTO_SCALING_GROUP}:
        raise TemplateFault(f"Template error: the resource {name} can't have a CreationPolicy: {kind}.")
    is_group = kind == AUTO_SCALING_GROUP
    signals = {member: value for member, value in policy.items() if not is_group or member != _INSTANCE_POLICY}
    if is_value(signals) and signal_policy(signals) is None and (signals or not is_group):
        raise TemplateFault(f"Template error: the CreationPolicy of {name} must be a ResourceSignal: Count, Timeout.")


def property_complaints(resource: TemplateResource) -> Iterator[str]:
    """A message for each property that the resource's type does not allow, and for each that it requires and lacks."""
    schema = resource_types()[resource.type].schema
    for name in resource.properties:
        if name in schema.read_only:
            yield f"Encountered unsupported properties in {{/}}: [{name}] is read-only"
        elif name not in schema.properties and not schema.is_open:
            yield f"#: extraneous key [{name}] is not permitted"
        elif name in schema.unsupported:
            yield f"#: moyai does not support the key [{name}]"
    for name in sorted(schema.required - resource.properties.keys()):
        yield f"#: required key [{name}] not found"


def needed_capabilities(template: ParsedTemplate) -> tuple[str, ...]:
    """The capabilities that a stack of this template needs."""
    resources = template.resources.values()
    names = []
    if any(name in resource.properties for resource in resources if (name := _NAMES.get(resource.type))):
        names.append(_NAMED_IAM)
    elif any(resource.type.startswith("AWS::IAM::") for resource in resources):
        names.append(_IAM)
    return (*names, *((_AUTO_EXPAND,) if template.transforms else ()))


def check_capabilities(template: ParsedTemplate, capabilities: tuple[str, ...]) -> None:
    """Raise InsufficientCapabilities when the request lacks a capability that the template needs."""
    needed_names = needed_capabilities(template)
    has = set(capabilities) | ({_IAM} if _NAMED_IAM in capabilities else set())
    if not set(needed_names) <= has:
        raise InsufficientCapabilities(f"Requires capabilities : [{', '.join(needed_names)}]")
