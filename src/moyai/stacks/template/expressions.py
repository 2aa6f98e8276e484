"""The expressions of a template: plain values, and functions of them.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec

Scalar: TypeAlias = "str | int | float | bool"
Expression: TypeAlias = "Scalar | tuple[Expression, ...] | Mapping[str, Expression] | IntrinsicFunction"
"""A value is an expression without a function in it."""
HIDDEN_TEXT: Final = "****"
"""The replacement of a hidden parameter's value."""


class IntrinsicFunction(msgspec.Struct, frozen=True):
    """The base of all functions. Their members are expressions, or names."""


class NoValue(IntrinsicFunction, frozen=True):
    """``AWS::NoValue``: the member or element with this value is left out."""


class Ref(IntrinsicFunction, frozen=True):
    """The value of a parameter or of a pseudo parameter, or the identifier of a resource."""

    name: str


class GetAtt(IntrinsicFunction, frozen=True):
    """An attribute of a resource."""

    resource: str
    attribute: Expression


class Join(IntrinsicFunction, frozen=True):
    """Texts with a delimiter between them. Fn::Sub is a Join without delimiter."""

    delimiter: str
    items: Expression


class Split(IntrinsicFunction, frozen=True):
    """The parts of a text."""

    delimiter: str
    source: Expression


class Select(IntrinsicFunction, frozen=True):
    """An element of a list; the first has the index 0."""

    index: Expression
    items: Expression


class FindInMap(IntrinsicFunction, frozen=True):
    """A value of a mapping. ``default`` needs AWS::LanguageExtensions."""

    mapping: Expression
    top_key: Expression
    second_key: Expression
    default: Expression | None = None


class GetAvailabilityZones(IntrinsicFunction, frozen=True):
    """The names of a region's zones; an empty text means the stack's region."""

    region: Expression


class Cidr(IntrinsicFunction, frozen=True):
    """The first ``count`` ranges with ``bits`` host bits in a range of addresses."""

    block: Expression
    count: Expression
    bits: Expression | None = None


class Base64(IntrinsicFunction, frozen=True):
    """A text in Base64."""

    text: Expression


class ImportValue(IntrinsicFunction, frozen=True):
    """The value that another stack exports."""

    name: Expression


class Length(IntrinsicFunction, frozen=True):
    """The number of elements of a list. It needs AWS::LanguageExtensions."""

    items: Expression


class ToJsonString(IntrinsicFunction, frozen=True):
    """A value as a JSON text. It needs AWS::LanguageExtensions."""

    value: Expression


class If(IntrinsicFunction, frozen=True):
    """One of two expressions, by a condition of the template."""

    condition: str
    then: Expression
    otherwise: Expression


class ConditionRef(IntrinsicFunction, frozen=True):
    """The value of a condition of the template."""

    name: str


class Equals(IntrinsicFunction, frozen=True):
    """Whether two values are equal as texts."""

    first: Expression
    second: Expression


class NotCondition(IntrinsicFunction, frozen=True):
    """The opposite of a condition."""

    condition: Expression


class And(IntrinsicFunction, frozen=True):
    """Whether all conditions are true."""

    conditions: tuple[Expression, ...]


class Or(IntrinsicFunction, frozen=True):
    """Whether one of the conditions is true."""

    conditions: tuple[Expression, ...]


class Contains(IntrinsicFunction, frozen=True):
    """Whether a list has a text. Only rules have it."""

    items: Expression
    text: Expression


class EachMemberIn(IntrinsicFunction, frozen=True):
    """Whether each text of a list is in another list. Only rules have it."""

    items: Expression
    allowed: Expression


class EachMemberEquals(IntrinsicFunction, frozen=True):
    """Whether each text of a list equals a text. Only rules have it."""

    items: Expression
    text: Expression


def children(expression: Expression) -> Iterator[Expression]:
    """The expressions directly within an expression."""
    if isinstance(expression, IntrinsicFunction):
        for name in expression.__struct_fields__:
            member = getattr(expression, name)
            if member is not None:
                yield member
    elif isinstance(expression, tuple):
        yield from expression
    elif isinstance(expression, Mapping):
        yield from expression.values()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and all expressions within it, each before those within it. An expression that Fn::Sub inserts in
    several places is yielded once, so that the walk is no longer than the template.
    """
    seen: set[int] = set()
    remaining = [expression]
    while remaining:
        each = remaining.pop()
        if not isinstance(each, IntrinsicFunction | tuple | Mapping):
            yield each
        elif id(each) not in seen:
            seen.add(id(each))
            yield each
            remaining.extend(reversed(tuple(children(each))))


def is_value(expression: Expression) -> bool:
    """Whether the expression has no function in it."""
    return not any(isinstance(each, IntrinsicFunction) for each in walk(expression))
