"""The changes that an update would make: the content of change sets.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html and
API_ResourceChangeDetail.html there
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from moyai.domain.cloudformation.stack import StackResource
from moyai.kernel.ids import ChangeSetArn, StackId
from moyai.stacks.evaluation.scope import ResourceValues
from moyai.stacks.hidden import hide
from moyai.stacks.progress.view import StackView, add_values, hidden_texts, is_left_alone, wanted_properties
from moyai.stacks.template.expressions import GetAtt, IntrinsicFunction, Ref, walk
from moyai.stacks.template.model import NESTED_STACK, TemplateResource
from moyai.stacks.types.calls import changed_properties
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.update_policy import replaced_properties

_UNKNOWN = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""CloudFormation's placeholder for a value that is known only after the change set's execution."""
_AUTOMATIC: Mapping[str, Any] = MappingProxyType(
    {
        "target": {"attribute": "Properties", "requires_recreation": "Never"},
        "evaluation": "Dynamic",
        "change_source": "Automatic",
    }
)
"""The only detail of a nested stack's change when its properties stay: the template at its URL may have changed."""


class NestedReview(msgspec.Struct, frozen=True):
    """A nested stack and its own change set, which is None when nothing changes in the nested stack."""

    stack: StackId
    change_set: ChangeSetArn | None


ReviewNested: TypeAlias = "Callable[[str, Mapping[str, Any]], NestedReview | None]"
"""Makes the change set of the nested stack with a logical id and properties; None when nested stacks get none."""


def compare(
    view: StackView,
    hidden: Collection[str],
    importing: Mapping[str, str] = MappingProxyType({}),
    review: ReviewNested = lambda _name, _wanted: None,
) -> tuple[Mapping[str, Any], ...]:
    """The ResourceChanges of DescribeChangeSet, with members in snake_case, sorted by logical id.

    ``hidden``: the texts that they have ``****`` for. ``importing``: the physical ids of the resources to import, by
    logical id. ``review``: called for each nested stack, in the order of creation.
    """
    unchanged_values: dict[str, ResourceValues] = {}
    values = msgspec.structs.replace(view.instance.values, resources=unchanged_values)
    live, changes = view.live, []
    for name, resource in view.in_order():
        record = live.get(name)
        if record is None and name in importing:
            changes.append(_import_entry(name, resource, importing[name]))
            continue
        is_nested = resource.type == NESTED_STACK
        nested = review(name, wanted_properties(resource, values, view.tags)) if is_nested else None
        if record is None or record.physical is None:
            own_texts = hidden_texts(resource, view.instance, name, view.instance.values)
            changes.append(_add_entry(name, resource, view, own_texts.union(hidden)) | _nested_members(nested))
            continue
        if is_left_alone(record, resource):
            add_values(record, live, unchanged_values)
            continue
        own_texts = hidden_texts(resource, view.instance, name, values).union(record.hidden)
        after = wanted_properties(resource, values, view.tags)
        change = _modify_entry(
            name, resource, record, after, own_texts.union(hidden), view.instance.template.parameters
        )
        if nested is not None and change is not None:
            change = None if nested.change_set is None and is_automatic(change) else change | _nested_members(nested)
        if change is None or (change["replacement"] == "False" and resource.type != NESTED_STACK):
            add_values(record, live, unchanged_values)
        if change is not None:
            changes.append(change)
    changes += [
        _remove_entry(record, {*hidden, *record.hidden})
        for name, record in live.items()
        if name not in view.instance.template.resources
    ]
    return tuple(sorted(changes, key=lambda change: str(change["logical_resource_id"])))


def is_automatic(change: Mapping[str, Any]) -> bool:
    """Whether the only change is that the template of a nested stack may have changed."""
    return bool(change["details"] == [_AUTOMATIC])


def _nested_members(nested: NestedReview | None) -> dict[str, Any]:
    """The members of a nested stack's change that name its own change set."""
    if nested is None or nested.change_set is None:
        return {}
    return {"change_set_id": nested.change_set, "physical_resource_id": nested.stack}


def _import_entry(name: str, resource: TemplateResource, identifier: str) -> dict[str, Any]:
    return {
        "action": "Import",
        "logical_resource_id": name,
        "physical_resource_id": identifier,
        "resource_type": resource.type,
        "scope": [],
        "details": [],
    }


def _add_entry(name: str, resource: TemplateResource, view: StackView, hidden: Collection[str]) -> dict[str, Any]:
    after = wanted_properties(resource, view.instance.values, view.tags)
    return {
        "action": "Add",
        "logical_resource_id": name,
        "resource_type": resource.type,
        "scope": [],
        "details": [],
        "after_context": _context(hide(after, hidden)),
    }


def _remove_entry(record: StackResource, hidden: Collection[str]) -> dict[str, Any]:
    return {
        "policy_action": {"Retain": "Retain", "Snapshot": "Snapshot"}.get(record.deletion_policy, "Delete"),
        "action": "Remove",
        "logical_resource_id": record.logical_id,
        "physical_resource_id": None if record.physical is None else record.physical.id,
        "resource_type": record.type,
        "scope": [],
        "details": [],
        "before_context": _context({} if record.physical is None else hide(record.physical.properties, hidden)),
    }


def _modify_entry(
    name: str,
    resource: TemplateResource,
    record: StackResource,
    after: Mapping[str, Any],
    hidden: Collection[str],
    parameters: Collection[str],
) -> dict[str, Any] | None:
    assert record.physical is not None  # noqa: S101  (checked by the caller)
    before = record.physical.properties
    names = changed_properties(before, after)
    kind = resource_types()[resource.type]
    is_equal = not names and record.type == resource.type
    if is_equal and not kind.always_updates:
        return None
    replacing = replaced_properties(kind, resource.update_policy, before, after)
    certain = {each for each in replacing if not _functions(after.get(each))}
    replacement = "True" if record.type != resource.type or certain else "Conditional" if replacing else "False"
    before, after = hide(before, hidden), hide(after, hidden)
    details = [
        _with_source(detail, parameters)
        for each in sorted(names)
        for detail in _details(each, resource, before, after, replaces=each in replacing)
    ]
    if is_equal:
        details = [dict(_AUTOMATIC)]
    policy = {"policy_action": "ReplaceAnd" + record.update_replace_policy} if replacement == "True" else {}
    return {
        **policy,
        "action": "Modify",
        "logical_resource_id": name,
        "physical_resource_id": record.physical.id,
        "resource_type": resource.type,
        "replacement": replacement,
        "scope": sorted({str(detail["target"]["attribute"]) for detail in details}),
        "details": details,
        "before_context": _context(before),
        "after_context": _context(after),
    }


def _details(
    name: str, resource: TemplateResource, before: Mapping[str, Any], after: Mapping[str, Any], *, replaces: bool
) -> Iterator[dict[str, Any]]:
    functions = _functions(after.get(name))
    target = {
        "attribute": "Tags" if name == "Tags" else "Properties",
        "name": None if name == "Tags" else name,
        "requires_recreation": ("Conditionally" if functions else "Always") if replaces else "Never",
        "path": f"/Properties/{name}",
        "before_value": None if name not in before else _text(before[name]),
        "after_value": None if name not in after else _text(after[name]),
    }
    sources = [*_functions(resource.properties.get(name))]
    if not sources:
        yield {"target": target, "evaluation": "Static", "change_source": "DirectModification"}
    for source in sources:
        is_attribute = isinstance(source, GetAtt)
        yield {
            "target": target,
            "evaluation": "Dynamic" if functions else "Static",
            "change_source": "ResourceAttribute" if is_attribute else "ResourceReference",
            "causing_entity": f"{source.resource}.{_text(source.attribute)}"
            if isinstance(source, GetAtt)
            else source.name,
        }


def _with_source(detail: dict[str, Any], parameters: Collection[str]) -> dict[str, Any]:
    """The detail, with the source ParameterReference when its causing entity is a parameter."""
    is_parameter = detail.get("causing_entity") in parameters
    return {**detail, "change_source": "ParameterReference"} if is_parameter else detail


def _functions(value: Any) -> list[Ref | GetAtt]:  # noqa: ANN401 (JSON, or functions)
    return [] if value is None else [each for each in walk(_frozen(value)) if isinstance(each, Ref | GetAtt)]


def _frozen(value: Any) -> Any:  # noqa: ANN401 (JSON, or functions)
    if isinstance(value, list):
        return tuple(map(_frozen, value))
    return {name: _frozen(member) for name, member in value.items()} if isinstance(value, dict) else value


def _context(properties: Mapping[str, Any]) -> str:
    return json.dumps({"Properties": properties}, default=_as_unknown, separators=(",", ":"))


def _text(value: Any) -> str:  # noqa: ANN401 (JSON, or functions)
    return value if isinstance(value, str) else json.dumps(value, default=_as_unknown, separators=(",", ":"))


def _as_unknown(value: object) -> str:
    if isinstance(value, IntrinsicFunction):
        return _UNKNOWN
    raise TypeError(value)
