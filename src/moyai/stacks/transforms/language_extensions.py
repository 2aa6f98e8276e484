"""The transform AWS::LanguageExtensions: loops, and functions in policies.

Promise: a loop's result is what its members would be, were they written out; a name that results twice is refused.
The functions that this transform adds are in ``template.functions``.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.text import Json

FOR_EACH: Final = "Fn::ForEach::"
MAX_MEMBERS: Final = 10_000
"""Members that the loops of one template may make; more than any template may have."""
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Za-z0-9]")

Resolve: TypeAlias = Callable[[Json], Expression]
"""Evaluates an expression that refers to parameters and mappings only."""


def extend_language(document: dict[str, Json], resolve: Resolve) -> dict[str, Json]:
    """The document without loops, and with texts as policies. Raises TemplateFault."""
    loops = _Loops(resolve)
    extended = {name: loops.expand(section) for name, section in document.items()}
    resources = extended.get("Resources")
    if isinstance(resources, dict):
        extended["Resources"] = {name: _resolve_policies(resource, resolve) for name, resource in resources.items()}
    return extended


def _resolve_policies(resource: Json, resolve: Resolve) -> Json:
    if not isinstance(resource, dict):
        return resource
    policies = {"DeletionPolicy", "UpdateReplacePolicy"} & resource.keys()
    return resource | {name: text_of(resolve(resource[name])) for name in policies}


class _Loops:
    """Expands loops; ``_count`` is how many members they have made."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._count = 0

    def expand(self, value: Json) -> Json:
        if isinstance(value, list):
            return [self.expand(element) for element in value]
        if not isinstance(value, dict):
            return value
        members: dict[str, Json] = {}
        for name, member in value.items():
            made_members = self._members_of(name, member) if name.startswith(FOR_EACH) else {name: self.expand(member)}
            repeated = next((each for each in made_members if each in members), None)
            if repeated is not None:
                raise TemplateFault(
                    f"Template error: {FOR_EACH}… results in the name {repeated}, which is there already"
                )
            members |= made_members
        return members

    def _members_of(self, loop: str, argument: Json) -> dict[str, Json]:
        match argument:
            case [str() as identifier, (list() | dict()) as collection, dict() as body] if body:
                pass
            case _:
                raise TemplateFault(
                    f"Template error: {loop} requires a list with an identifier, a collection, and an object"
                )
        values = self._resolve(collection)
        if not isinstance(values, tuple):
            raise TemplateFault(f"Template error: the collection of {loop} must be a list of strings")
        members: dict[str, Json] = {}
        for value in values:
            self._count += len(body)
            if self._count > MAX_MEMBERS:
                raise TemplateFault(f"Template error: the loops of the template make more than {MAX_MEMBERS} members")
            written_out = self.expand(_with_value(body, identifier, text_of(value)))
            if not isinstance(written_out, dict) or written_out.keys() & members.keys():
                raise TemplateFault(f"Template error: the names that {loop} makes are not different")
            members |= written_out
        return members


def _with_value(value: Json, identifier: str, element: str) -> Json:
    """The body of a loop for one element: ``${X}`` is the element, ``&{X}`` its letters and digits."""
    if isinstance(value, str):
        return value.replace("${" + identifier + "}", element).replace(
            "&{" + identifier + "}", _NOT_ALPHANUMERIC.sub("", element)
        )
    if isinstance(value, list):
        return [_with_value(each, identifier, element) for each in value]
    if isinstance(value, dict):
        if value == {"Ref": identifier}:
            return element
        return {
            str(_with_value(name, identifier, element)): _with_value(member, identifier, element)
            for name, member in value.items()
        }
    return value
