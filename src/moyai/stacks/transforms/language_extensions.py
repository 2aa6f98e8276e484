"""The transform AWS::LanguageExtensions: loops (Fn::ForEach), and functions in deletion policies.

Promise: a loop becomes the members that it stands for; a name that occurs twice is refused. The functions that this
transform adds are in ``template.functions``.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.budget import NODE, Budget
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.text import Json

FOR_EACH: Final = "Fn::ForEach::"
_NOT_ALPHANUMERIC: Final = re.compile(r"[^A-Za-z0-9]")

Resolve: TypeAlias = Callable[[Json], Expression]
"""Evaluates an expression that refers to parameters and mappings only."""


def extend_language(document: dict[str, Json], resolve: Resolve, budget: Budget) -> dict[str, Json]:
    """The document with its loops expanded, and with texts for the functions in deletion policies.

    ``budget`` is spent on the values that the loops make. Raises TemplateFault.
    """
    loops = _Loops(resolve, budget)
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
    """Expands loops, within the budget."""

    def __init__(self, resolve: Resolve, budget: Budget) -> None:
        self._resolve, self._budget = resolve, budget

    def expand(self, value: Json) -> Json:
        if isinstance(value, list):
            return [self.expand(element) for element in value]
        if not isinstance(value, dict):
            return value
        members: dict[str, Json] = {}
        for name, member in value.items():
            new_members = self._members_of(name, member) if name.startswith(FOR_EACH) else {name: self.expand(member)}
            repeated = next((each for each in new_members if each in members), None)
            if repeated is not None:
                raise TemplateFault(
                    f"Template error: {FOR_EACH}… results in the name {repeated}, which is there already"
                )
            members |= new_members
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
            written_out = self.expand(_with_value(body, identifier, text_of(value), self._budget))
            if not isinstance(written_out, dict) or written_out.keys() & members.keys():
                raise TemplateFault(f"Template error: the names that {loop} makes are not different")
            members |= written_out
        return members


def _with_value(value: Json, identifier: str, element: str, budget: Budget) -> Json:
    """The body of a loop for one element: ``${X}`` becomes the element, ``&{X}`` its letters and digits.

    Variables in the element itself are not replaced.
    """
    budget.spend(NODE)
    if isinstance(value, str):
        variable = "{" + identifier + "}"
        budget.spend(len(value) + value.count(variable) * len(element))
        replacements = {"$": element, "&": _NOT_ALPHANUMERIC.sub("", element)}
        return re.sub("[$&]" + re.escape(variable), lambda match: replacements[match[0][0]], value)
    if isinstance(value, list):
        return [_with_value(each, identifier, element, budget) for each in value]
    if isinstance(value, dict):
        if value == {"Ref": identifier}:
            return element
        return {
            str(_with_value(name, identifier, element, budget)): _with_value(member, identifier, element, budget)
            for name, member in value.items()
        }
    return value
