"""Stack policies: which resources an update may change, replace or delete.

Promise: a policy denies every action that no statement allows, and a Deny statement outweighs every Allow.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final, Literal

import msgspec

from moyai.domain.cloudformation.errors import StackFault

_Texts = str | tuple[str, ...]
_PREFIX: Final = "LogicalResourceId/"


class PolicyAction(StrEnum):
    """The effect of an update on a resource that exists."""

    MODIFY = "Update:Modify"
    REPLACE = "Update:Replace"
    DELETE = "Update:Delete"


class _Condition(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """The resource types that a statement covers; all types where it has no condition."""

    string_equals: dict[Literal["ResourceType"], _Texts] | None = None
    string_like: dict[Literal["ResourceType"], _Texts] | None = None

    def covers(self, kind: str) -> bool:
        equals, like = self.string_equals, self.string_like
        return (equals is None or kind in _patterns(equals["ResourceType"])) and (
            like is None or _matches(like["ResourceType"], kind)
        )


class _Statement(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    effect: Literal["Allow", "Deny"]
    principal: Literal["*"] = "*"
    action: _Texts | None = None
    not_action: _Texts | None = None
    resource: _Texts | None = None
    not_resource: _Texts | None = None
    condition: _Condition = _Condition()
    sid: str = ""

    def __post_init__(self) -> None:
        if (self.action is None) == (self.not_action is None) or (self.resource is None) == (self.not_resource is None):
            raise ValueError("a statement has one of Action and NotAction, and one of Resource and NotResource")

    def covers(self, action: PolicyAction, logical_id: str, kind: str) -> bool:
        name = f"{_PREFIX}{logical_id}"
        return (
            (_matches(self.action, action) if self.action is not None else not _matches(self.not_action, action))
            and (_matches(self.resource, name) if self.resource is not None else not _matches(self.not_resource, name))
            and self.condition.covers(kind)
        )


class StackPolicy(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """The policy of a stack."""

    statement: tuple[_Statement, ...]

    def denial(self, action: PolicyAction, logical_id: str, kind: str) -> str | None:
        """Why an action on a resource of the type ``kind`` is denied, in AWS's words; None when it is allowed."""
        covering = {
            number: each for number, each in enumerate(self.statement, 1) if each.covers(action, logical_id, kind)
        }
        denying = next((number for number, each in covering.items() if each.effect == "Deny"), None)
        if denying is None and covering:
            return None
        reason = "No statement allows" if denying is None else f"Statement [#{denying}] does not allow"
        return f"Action denied by stack policy: {reason} [{action}] for resource [{_PREFIX}{logical_id}];"


def parse_policy(text: str) -> StackPolicy:
    """The policy of a JSON text, whose Statement is a list or a single statement. Raises StackFault."""
    try:
        document = msgspec.json.decode(text)
        if isinstance(document, dict) and isinstance(document.get("Statement"), dict):
            document = {**document, "Statement": [document["Statement"]]}
        if isinstance(document, dict):
            document.pop("Version", None)
        return msgspec.convert(document, StackPolicy)
    except (msgspec.DecodeError, msgspec.ValidationError) as fault:
        raise StackFault(f"Error validating stack policy: Invalid stack policy: {fault}") from None


def _patterns(texts: _Texts | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else texts or ()


def _matches(patterns: _Texts | None, text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in _patterns(patterns))
