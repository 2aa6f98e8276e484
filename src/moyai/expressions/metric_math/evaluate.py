"""Evaluates an expression, and looks its functions up by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import TypeAlias

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.metric_math.aggregate_functions import AGGREGATE_FUNCTIONS, ARRAY_FUNCTIONS
from moyai.expressions.metric_math.arguments import EvaluationContext, Function
from moyai.expressions.metric_math.operators import negate, operate
from moyai.expressions.metric_math.parser import (
    ArrayNode,
    CallNode,
    NameNode,
    NegationNode,
    Node,
    NumberNode,
    OperatorChain,
    TextNode,
    parse,
)
from moyai.expressions.metric_math.series import Operand, SeriesArray, TimeSeries
from moyai.expressions.metric_math.series_functions import SERIES_FUNCTIONS

Result: TypeAlias = TimeSeries | SeriesArray

FUNCTIONS: Mapping[str, Function] = MappingProxyType({**AGGREGATE_FUNCTIONS, **ARRAY_FUNCTIONS, **SERIES_FUNCTIONS})
UNSUPPORTED_FUNCTIONS: Mapping[str, str] = MappingProxyType(
    {
        "ANOMALY_DETECTION_BAND": "there is no anomaly detection",
        "DB_PERF_INSIGHTS": "there are no databases",
        "INSIGHT_RULE_METRIC": "there is no Contributor Insights",
        "LAMBDA": "there are no Lambda data sources",
        "SERVICE_QUOTA": "there are no usage metrics",
    }
)
"""Functions that CloudWatch has and moyai doesn't, and why."""


def evaluate(expression: str, context: EvaluationContext) -> Result:
    """The series, or the array of series, that the expression results in. Raises ValidationFault."""
    result = _evaluate(parse(expression), context)
    if isinstance(result, float | str):
        raise ValidationFault("The result must be a time series or an array of time series, and is a single value.")
    return result


def _evaluate(node: Node, context: EvaluationContext) -> Operand:
    operand = _operand(node, context)
    if isinstance(operand, TimeSeries):
        context.spend(len(operand.values) + 1)
    elif isinstance(operand, tuple):
        context.spend(sum(len(series.values) + 1 for series in operand))
    return operand


def _operand(node: Node, context: EvaluationContext) -> Operand:
    match node:
        case NumberNode(value) | TextNode(value):
            return value
        case NameNode(name):
            return name if name[:1].isupper() else context.answer(name)
        case ArrayNode(items):
            return _flatten([_evaluate(item, context) for item in items])
        case NegationNode(operand):
            return negate(_evaluate(operand, context))
        case OperatorChain(first, rest):
            return reduce(
                lambda left, step: operate(step[0], left, _evaluate(step[1], context)), rest, _evaluate(first, context)
            )
        case CallNode(function, arguments):
            return _call(function, tuple(_evaluate(argument, context) for argument in arguments), context)


def _flatten(items: list[Operand]) -> SeriesArray:
    """One array of the series; arrays among the items are joined."""
    members: list[TimeSeries] = []
    for item in items:
        if isinstance(item, TimeSeries):
            members.append(item)
        elif isinstance(item, tuple):
            members += item
        else:
            raise ValidationFault("An array can hold time series only.")
    return tuple(members)


def _call(name: str, arguments: Sequence[Operand], context: EvaluationContext) -> Operand:
    function = FUNCTIONS.get(name)
    if function is None:
        if name in UNSUPPORTED_FUNCTIONS:
            raise ValidationFault(f"The function {name} is not supported by moyai: {UNSUPPORTED_FUNCTIONS[name]}.")
        raise ValidationFault(f"There is no function '{name[:50]}'.")
    if not function.least <= len(arguments) <= function.most:
        most = "" if function.least == function.most else f" to {function.most}"
        raise ValidationFault(f"{name} takes {function.least}{most} arguments, and has {len(arguments)}.")
    try:
        return function.call(arguments, context)
    except ValidationFault as fault:
        raise ValidationFault(f"{name}: {fault}") from fault
