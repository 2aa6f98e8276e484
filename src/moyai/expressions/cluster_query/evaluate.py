"""Evaluates a cluster query for a container instance.

Promise: a negative operator is true exactly where its positive one is false, so also for an instance without the
attribute or task. ``task:group`` equals a group when any task on the instance is in it. A pattern has to match the
whole value; one that takes too long is given up, so that no pattern delays other work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from types import MappingProxyType
from typing import Any

import msgspec

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import DesiredStatus, Task
from moyai.expressions.cluster_query.syntax import (
    ATTRIBUTE,
    Alternative,
    ClusterQuery,
    Conjunction,
    Negation,
    Operator,
    SubjectComparison,
    instant_of,
    version_of,
)
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.patterns import matches_whole

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
    """A pattern took longer than it may. It would be as slow for the next instance, so the caller should stop."""


class InstanceFacts(msgspec.Struct, frozen=True):
    """The values that queries compare, of one container instance. An attribute without a value has an empty one."""

    attributes: Mapping[str, str] = {}
    agent_connected: bool = True
    agent_version: str = ""
    ec2_instance_id: str = ""
    registered_at: Instant = Instant(0)
    running_tasks: int = 0
    groups: frozenset[str] = frozenset()


def instance_facts(instance: ContainerInstance, tasks: list[Task]) -> InstanceFacts:
    """The facts of an instance; ``tasks`` are those on it that are not STOPPED."""
    running = [task for task in tasks if task.desired_status is DesiredStatus.RUNNING]
    return InstanceFacts(
        attributes={attribute.name: attribute.value or "" for attribute in instance.attributes},
        agent_connected=instance.agent_connected,
        agent_version=instance.version_info.agent_version or "",
        ec2_instance_id=instance.ec2_instance_id,
        registered_at=instance.registered_at,
        running_tasks=len(running),
        groups=frozenset(task.group for task in running),
    )


def satisfies(facts: InstanceFacts, query: ClusterQuery) -> bool:
    """Whether the instance is one of those that the query selects. Raises PatternTooSlow."""
    match query:
        case SubjectComparison():
            return _compares(facts, query)
        case Negation(inner):
            return not satisfies(facts, inner)
        case Conjunction(parts):
            return all(satisfies(facts, part) for part in parts)
        case Alternative(parts):
            return any(satisfies(facts, part) for part in parts)


def _compares(facts: InstanceFacts, comparison: SubjectComparison) -> bool:
    positive = _NEGATIVE.get(comparison.operator)
    if positive is not None:
        return not _compares(facts, SubjectComparison(comparison.subject, positive, comparison.values))
    if comparison.operator is Operator.EXISTS:
        return bool(_values(facts, comparison.subject))
    if (
        comparison.subject in {"agentVersion", "registeredAt", "runningTasksCount"}
        and comparison.operator is not Operator.MATCHES
    ):
        return _orders(facts, comparison)
    return any(_equals_or_matches(value, comparison) for value in _values(facts, comparison.subject))


def _equals_or_matches(value: str, comparison: SubjectComparison) -> bool:
    if comparison.operator is not Operator.MATCHES:
        return value in comparison.values
    try:
        return matches_whole(comparison.values[0], value, _PATTERN_SECONDS)
    except TimeoutError as error:
        raise PatternTooSlow(f"The pattern {comparison.values[0]!r} takes too long.") from error


def _orders(facts: InstanceFacts, comparison: SubjectComparison) -> bool:
    """Compare dates, versions and numbers by their meaning; a malformed version only by its text."""
    own: object
    others: list[Any]
    match comparison.subject:
        case "registeredAt":
            own, others = facts.registered_at, [instant_of(value) for value in comparison.values]
        case "runningTasksCount":
            own, others = facts.running_tasks, [int(value) for value in comparison.values]
        case _:
            own, others = version_of(facts.agent_version), [version_of(value) for value in comparison.values]
    if own is None or None in others:
        return comparison.operator not in _ORDER and facts.agent_version in comparison.values
    compare = _ORDER.get(comparison.operator)
    return own in others if compare is None else compare(own, others[0])


def _values(facts: InstanceFacts, subject: str) -> tuple[str, ...]:
    """The subject's values, as text: none, one, or a value for each group."""
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
