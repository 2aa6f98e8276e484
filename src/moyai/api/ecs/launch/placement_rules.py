"""Rules of placement constraints and placement strategies, for services, tasks and task definitions.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.placement import (
    BINPACK,
    DISTINCT_INSTANCE,
    MEMBER_OF,
    RANDOM,
    SPREAD,
    PlacementConstraint,
    PlacementStrategy,
)
from moyai.expressions.cluster_query.parse import InvalidClusterQuery, parse_cluster_query
from moyai.expressions.cluster_query.syntax import ClusterQuery
from moyai.kernel.errors import ClientFault
from moyai.plan.placement.spread import INSTANCE_FIELDS

MAX_CONSTRAINTS = 10
_MAX_STRATEGIES = 5
_ATTRIBUTE = re.compile(r"attribute:[A-Za-z0-9_./\\-]{1,128}")


def parse_expression(text: str, fault: type[ClientFault] = InvalidParameter) -> ClusterQuery:
    """Parse an expression of the cluster query language. Raises ``fault``."""
    try:
        return parse_cluster_query(text)
    except InvalidClusterQuery as error:
        raise fault(f"Invalid expression: {error}") from error


def check_constraints(constraints: Sequence[PlacementConstraint], fault: type[ClientFault] = InvalidParameter) -> None:
    """Check the type and expression of each constraint. Raises ``fault``."""
    for constraint in constraints:
        if constraint.type == DISTINCT_INSTANCE and constraint.expression:
            raise fault("distinctInstance expression should not be specified")
        if constraint.type == MEMBER_OF and not constraint.expression:
            raise fault("memberOf expression should be specified")
        if constraint.type not in {DISTINCT_INSTANCE, MEMBER_OF}:
            raise fault(f"placement constraint type should be one of [{DISTINCT_INSTANCE},{MEMBER_OF}]")
        if constraint.expression:
            parse_expression(constraint.expression, fault)


def check_strategies(strategies: Sequence[PlacementStrategy]) -> None:
    """Check the number of strategies, and the type and field of each. Raises InvalidParameter."""
    if len(strategies) > _MAX_STRATEGIES:
        raise InvalidParameter(f"Maximum number of strategies is {_MAX_STRATEGIES}")
    for strategy in strategies:
        _check_strategy(strategy)


def _check_strategy(strategy: PlacementStrategy) -> None:
    field = strategy.field or ""
    match strategy.type:
        case "random" if field:
            raise InvalidParameter(f"{RANDOM} field should not be specified")
        case "binpack" if field.lower() not in {"cpu", "memory"}:
            raise InvalidParameter(f"{BINPACK} field '{field}' is invalid")
        case "spread" if field.lower() not in INSTANCE_FIELDS and not _ATTRIBUTE.fullmatch(field):
            raise InvalidParameter(f"{SPREAD} field '{field}' is invalid")
        case "random" | "binpack" | "spread":
            return
        case _:
            raise InvalidParameter(f"placement strategy type should be one of [{RANDOM},{SPREAD},{BINPACK}]")
