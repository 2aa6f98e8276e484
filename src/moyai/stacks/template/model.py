"""The parsed form of a template.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.text import Json

NESTED_STACK: Final = "AWS::CloudFormation::Stack"
CUSTOM: Final = "AWS::CloudFormation::CustomResource"
_CUSTOM_NAME: Final = re.compile(r"Custom::[A-Za-z0-9_@-]{1,60}")
"""The type names that a template may choose for custom resources."""
EMPTY: Final[Mapping[str, Expression]] = MappingProxyType({})


def is_custom(kind: str) -> bool:
    """Whether this is the name of a type of custom resources."""
    return kind == CUSTOM or _CUSTOM_NAME.fullmatch(kind) is not None


class DeletionPolicy(Enum):
    """What happens to a resource when it leaves its stack, or to the former physical resource after a replacement."""

    DELETE = "Delete"
    RETAIN = "Retain"
    RETAIN_EXCEPT_ON_CREATE = "RetainExceptOnCreate"
    SNAPSHOT = "Snapshot"


class ParameterDeclaration(msgspec.Struct, frozen=True, rename="pascal", forbid_unknown_fields=True):
    """A parameter as the template declares it. Limits that are absent are None."""

    type: str
    default: str | int | float | bool | None = None
    allowed_values: tuple[str | int | float | bool, ...] | None = None
    allowed_pattern: str | None = None
    constraint_description: str | None = None
    description: str = ""
    min_length: int | str | None = None
    max_length: int | str | None = None
    min_value: int | float | str | None = None
    max_value: int | float | str | None = None
    no_echo: bool | str = False

    @property
    def is_hidden(self) -> bool:
        """Whether no API shows the value (NoEcho)."""
        return self.no_echo in {True, "true", "True"}


class Assertion(msgspec.Struct, frozen=True):
    """A condition that the parameters must fulfil, and the text of the error when they don't."""

    condition: Expression
    description: str = ""


class TemplateRule(msgspec.Struct, frozen=True):
    """Assertions, which are checked when the rule's condition is true or absent."""

    assertions: tuple[Assertion, ...]
    condition: Expression | None = None


class TemplateResource(msgspec.Struct, frozen=True):
    """A resource as the template declares it. The names in its policies are those of the template's text."""

    type: str
    properties: Mapping[str, Expression] = EMPTY
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: DeletionPolicy = DeletionPolicy.DELETE
    update_replace_policy: DeletionPolicy = DeletionPolicy.DELETE
    has_deletion_policy: bool = False
    """Whether the template has the member DeletionPolicy, or ``deletion_policy`` is the default."""
    creation_policy: Mapping[str, Expression] = EMPTY
    update_policy: Mapping[str, Expression] = EMPTY
    metadata: Mapping[str, Expression] = EMPTY


class TemplateOutput(msgspec.Struct, frozen=True):
    """An output. ``export``: the name under which other stacks import it."""

    value: Expression
    description: str = ""
    condition: str | None = None
    export: Expression | None = None


class ParsedTemplate(msgspec.Struct, frozen=True):
    """A template after its transforms. The keys of all mappings are the names in the template."""

    resources: Mapping[str, TemplateResource]
    description: str = ""
    metadata: Mapping[str, Json] = msgspec.field(default_factory=dict)
    parameters: Mapping[str, ParameterDeclaration] = msgspec.field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, Mapping[str, Expression]]] = msgspec.field(default_factory=dict)
    conditions: Mapping[str, Expression] = msgspec.field(default_factory=dict)
    rules: Mapping[str, TemplateRule] = msgspec.field(default_factory=dict)
    outputs: Mapping[str, TemplateOutput] = msgspec.field(default_factory=dict)
    transforms: tuple[str, ...] = ()
