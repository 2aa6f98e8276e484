"""Whether a container instance satisfies an expression of the cluster query language.

Promise: a negative operator is true wherever its positive one is not, so also where there is no such attribute or
task. ``task:group`` equals a group when any task on the instance is of it. A pattern has to match the whole value, and
one that takes too long matches nothing: no pattern holds anything up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

import msgspec
import regex

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.plan.placement.syntax import (
    ATTRIBUTE,
    Alternative,
    Comparison,
    Conjunction,
    Expression,
    Negation,
    Operator,
)
from moyai.plan.placement.values import instant_of, version_of

_PATTERN_SECONDS = 0.05
_NEGATIVE: Mapping[Operator, Operator] = MappingProxyType(
    {
        Operator.NOT_EQUALS: Operator.EQUALS,
        Operator.NOT_EXISTS: Operator.EXISTS,
        Operator.NOT_IN: Operator.IN,
        Operator.NOT_MATCHES: Operator.MATCHES,
    }
)
_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = MappingProxyType(
    {Operator.GREATER: gt, Operator.GREATER_EQUAL: ge, Operator.LESS: lt, Operator.LESS_EQUAL: le}
)


class PatternTooSlow(MoyaiError):
    """A pattern took longer than it may; whoever asks for more instances with it would wait again."""


class Facts(msgspec.Struct, frozen=True):
    """What expressions ask of one container instance. An attribute without a value has an empty one."""

    attributes: Mapping[str, str] = {}
    agent_connected: bool = True
    agent_version: str = ""
    ec2_instance_id: str = ""
    registered_at: Instant = Instant(0)
    running_tasks: int = 0
    groups: frozenset[str] = frozenset()


def satisfies(facts: Facts, expression: Expression) -> bool:
    """Whether the instance is one of those that the expression means. Raises PatternTooSlow."""
    match expression:
        case Comparison():
            return _compares(facts, expression)
        case Negation(inner):
            return not satisfies(facts, inner)
        case Conjunction(parts):
            return all(satisfies(facts, part) for part in parts)
        case Alternative(parts):
            return any(satisfies(facts, part) for part in parts)


def _compares(facts: Facts, asked: Comparison) -> bool:
    positive = _NEGATIVE.get(asked.operator)
    if positive is not None:
        return not _compares(facts, Comparison(asked.subject, positive, asked.values))
    if asked.operator is Operator.EXISTS:
        return bool(_values(facts, asked.subject))
    if (
        asked.subject in {"agentVersion", "registeredAt", "runningTasksCount"}
        and asked.operator is not Operator.MATCHES
    ):
        return _orders(facts, asked)
    return any(_is(value, asked) for value in _values(facts, asked.subject))


def _is(value: str, asked: Comparison) -> bool:
    if asked.operator is not Operator.MATCHES:
        return value in asked.values
    try:
        return regex.fullmatch(asked.values[0], value, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError as error:
        raise PatternTooSlow(f"The pattern {asked.values[0]!r} takes too long.") from error


def _orders(facts: Facts, asked: Comparison) -> bool:
    """Dates, versions and numbers by what they mean; a version that is none only by its text."""
    own: object
    others: list[Any]
    match asked.subject:
        case "registeredAt":
            own, others = facts.registered_at, [instant_of(value) for value in asked.values]
        case "runningTasksCount":
            own, others = facts.running_tasks, [int(value) for value in asked.values]
        case _:
            own, others = version_of(facts.agent_version), [version_of(value) for value in asked.values]
    if own is None or None in others:
        return asked.operator not in _ORDER and facts.agent_version in asked.values
    compare = _ORDER.get(asked.operator)
    return own in others if compare is None else compare(own, others[0])


def _values(facts: Facts, subject: str) -> tuple[str, ...]:
    """The subject's values, as text: none, one, or as many as there are groups."""
    if subject.startswith(ATTRIBUTE):
        value = facts.attributes.get(subject.removeprefix(ATTRIBUTE))
        return () if value is None else (value,)
    if subject == "task:group":
        return tuple(sorted(facts.groups))
    single = {
        "agentConnected": "true" if facts.agent_connected else "false",
        "agentVersion": facts.agent_version,
        "ec2InstanceId": facts.ec2_instance_id,
        "registeredAt": str(facts.registered_at),
        "runningTasksCount": str(facts.running_tasks),
    }
    return (single[subject],)
