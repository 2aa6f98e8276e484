"""Drift detection: reads a resource with its type's reading operation, and compares it with what its stack has set.

Promise: a property is compared only when the stack has set it and the operation's answer has it under the same name, so
that a default of the service is no drift.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from msgspec.structs import replace

from moyai.domain.cloudformation.drift import DriftDetection, DriftStatus, ResourceDrift
from moyai.domain.cloudformation.stack import PhysicalResource, StackResource
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.json_values import is_number
from moyai.kernel.scope import Scope
from moyai.stacks.hidden import hide
from moyai.stacks.progress.view import GONE
from moyai.stacks.types.procedure import AwsCallFailed, Call, Procedure
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType

_REFERENCE: Final = "{{resolve:"
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_IDENTIFIER: Final = re.compile(r"(.*N|n)ame|(.*I|i)d|[Aa]rn")
"""The names of members that identify the resource that an answer describes."""
_TYPE_SEPARATOR: Final = re.compile(r"[/:]")
"""The character between the type and the name in the resource part of an ARN."""


def checked_resources(world: World, detection: DriftDetection) -> list[StackResource]:
    """The resources that a detection compares: those that exist, and that the request names if it names any."""
    resources = world.stack_resources.by("stack", detection.stack)
    names = detection.logical_ids or {resource.logical_id for resource in resources}
    return [resource for resource in resources if resource.status not in GONE and resource.logical_id in names]


def new_drift(resource: StackResource, now: Instant, reason: str | None = None) -> ResourceDrift:
    """The drift of a resource before it is compared (NOT_CHECKED), or, with the reason, when it can't be (UNKNOWN)."""
    return ResourceDrift(
        resource.stack,
        resource.logical_id,
        "" if resource.physical is None else resource.physical.id,
        resource.type,
        DriftStatus.NOT_CHECKED if reason is None else DriftStatus.UNKNOWN,
        now,
        reason=reason,
    )


def drift_of(resource: StackResource, now: Instant, hidden: Collection[str]) -> Procedure[ResourceDrift]:
    """How a resource differs from what its stack has set. ``hidden``: the texts that the drift has ``****`` for."""
    kind, physical = resource_types()[resource.type], resource.physical
    drift = new_drift(resource, now)
    if physical is None or kind.read is None:
        return drift
    try:
        answer = yield Call(kind.service, kind.read.operation, kind.read.input(physical))
    except AwsCallFailed as fault:
        if fault.code in kind.missing:
            return replace(drift, status=DriftStatus.DELETED)
        return replace(drift, status=DriftStatus.UNKNOWN, reason=fault.message)
    description = kind.read.find(answer, physical)
    if not description:
        return replace(drift, status=DriftStatus.DELETED)
    expected, actual = _compared_properties(kind, physical, description)
    differences = tuple(_differences(expected, actual, "", scope_of(resource.stack)))
    return replace(
        drift,
        status=DriftStatus.MODIFIED if differences else DriftStatus.IN_SYNC,
        expected=json.dumps(hide(expected, hidden), default=str),
        actual=json.dumps(hide(actual, hidden), default=str),
        differences=tuple(hide(each, hidden) for each in differences),
    )


def _compared_properties(
    kind: StackResourceType, physical: PhysicalResource, description: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The properties that are compared, with their expected values, in the form in which the service is sent them, and
    their actual values. They are those that the stack has set and that ``description`` has; tags, write-only
    properties and those with dynamic references are left out.
    """
    sent_properties = kind.arrange(dict(physical.properties))
    actual_by_name = {name.lower(): value for name, value in description.items()}
    expected, actual = {}, {}
    for name, value in physical.properties.items():
        member = kind.rename.get(name, name).lower()
        is_left_out = name in kind.schema.write_only or (kind.tagging is not None and name == kind.tagging.name)
        if member in actual_by_name and not is_left_out and _REFERENCE not in json.dumps(value, default=str):
            expected[name], actual[name] = sent_properties.get(name, value), actual_by_name[member]
            if _is_other_notation(kind, name, expected[name], actual[name]):
                actual[name] = expected[name]
    return expected, actual


def _is_other_notation(kind: StackResourceType, name: str, expected: Any, actual: Any) -> bool:  # noqa: ANN401 (JSON)
    """Whether the service shows the expected value in another notation, such as 512 for 0.5 GB."""
    if name not in kind.notations:
        return False
    value = kind.notations[name](_text(expected))
    return value is not None and value == kind.notations[name](_text(actual))


def _differences(expected: Any, actual: Any, path: str, scope: Scope) -> Iterator[dict[str, str]]:  # noqa: ANN401 (JSON)
    """The differences of a value from what was set. A member that only ``actual`` has is a default of the service, and
    no difference, except in a document that the service shows as a text, such as a policy.

    ``scope``: the account and region of the stack.
    """
    if isinstance(actual, str):
        document = _document(expected) if isinstance(expected, str) else expected
        parsed = _document(actual)
        if isinstance(document, Mapping | list | tuple) and isinstance(parsed, Mapping | list):
            differences = list(_differences(document, parsed, path, scope))
            if not differences and any(_differences(parsed, document, path, scope)):
                differences = [_difference(path, document, parsed)]
            yield from differences
            return
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        actual_by_name = {name.lower(): value for name, value in actual.items()}
        for name, value in expected.items():
            if name.lower() in actual_by_name:
                yield from _differences(value, actual_by_name[name.lower()], f"{path}/{name}", scope)
            else:
                yield _difference(f"{path}/{name}", value, None)
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if not _has_equal_elements(expected, actual, scope):
            yield _difference(path, expected, actual)
    elif not _is_same(expected, actual, scope):
        yield _difference(path, expected, actual)


def _is_same(expected: Any, actual: Any, scope: Scope) -> bool:  # noqa: ANN401 (JSON)
    """Whether a value means the scalar that was set: the same text, another form of the same number, or the ARN or the
    description of the resource with this name.
    """
    text = _text(expected)
    if isinstance(actual, Mapping):
        return text in (_text(value) for name, value in actual.items() if _IDENTIFIER.fullmatch(name))
    actual_text = _text(actual)
    return (
        text == actual_text
        or _is_name_of(text, parse_arn(actual_text), scope)
        or (  # a text that looks like a number, such as a version, has one form only
            (is_number(expected) or is_number(actual))
            and all(map(_NUMBER.fullmatch, (text, actual_text)))
            and float(text) == float(actual_text)
        )
    )


def _is_name_of(name: str, arn: Arn | None, scope: Scope) -> bool:
    """Whether an ARN is that of the resource with this name in the stack's account and region. The name may include the
    type, as ``alias/x`` does.
    """
    return (
        arn is not None
        and arn.scope.account in {"", scope.account}
        and arn.scope.region in {"", scope.region}
        and name in {arn.resource, _TYPE_SEPARATOR.split(arn.resource, maxsplit=1)[-1]}
    )


def _document(text: str) -> Any:  # noqa: ANN401 (JSON)
    """The value of a JSON text, which is percent-encoded in IAM's answers; None for a text that is no JSON."""
    decoded = unquote(text) if text.startswith("%") else text
    if not decoded.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(decoded)
    except (ValueError, RecursionError):
        return None


def _has_equal_elements(expected: Collection[Any], actual: Collection[Any], scope: Scope) -> bool:
    """Whether two lists have equal elements, in any order."""
    remaining = list(actual)
    for element in expected:
        equal = next((each for each in remaining if not any(_differences(element, each, "", scope))), None)
        if equal is None:
            return False
        remaining.remove(equal)
    return not remaining


def _difference(path: str, expected: Any, actual: Any) -> dict[str, str]:  # noqa: ANN401 (JSON)
    return {
        "property_path": path,
        "expected_value": _text(expected),
        "actual_value": "" if actual is None else _text(actual),
        "difference_type": "REMOVE" if actual is None else "NOT_EQUAL",
    }


def _text(value: Any) -> str:  # noqa: ANN401 (JSON)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, default=str)
