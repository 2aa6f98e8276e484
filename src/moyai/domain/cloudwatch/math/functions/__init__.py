"""The functions of metric math, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.math.around import Around
from moyai.domain.cloudwatch.math.functions.arguments import Function
from moyai.domain.cloudwatch.math.functions.arrays import ARRAYS
from moyai.domain.cloudwatch.math.functions.calendar import CALENDAR
from moyai.domain.cloudwatch.math.functions.choose import CHOOSE
from moyai.domain.cloudwatch.math.functions.fill import FILL
from moyai.domain.cloudwatch.math.functions.pointwise import POINTWISE
from moyai.domain.cloudwatch.math.functions.summarize import SUMMARIZE
from moyai.domain.cloudwatch.math.line import Term

FUNCTIONS: Mapping[str, Function] = MappingProxyType({**SUMMARIZE, **POINTWISE, **ARRAYS, **CALENDAR, **FILL, **CHOOSE})
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "ANOMALY_DETECTION_BAND": "there is no anomaly detection",
        "DB_PERF_INSIGHTS": "there are no databases",
        "INSIGHT_RULE_METRIC": "there is no Contributor Insights",
        "LAMBDA": "there are no Lambda data sources",
        "SERVICE_QUOTA": "there are no usage metrics",
    }
)
"""Functions that CloudWatch has and moyai doesn't, and why."""


def apply(name: str, arguments: Sequence[Term], around: Around) -> Term:
    """What the function gives. Raises ValidationFault."""
    function = FUNCTIONS.get(name)
    if function is None:
        if name in REFUSED:
            raise ValidationFault(f"The function {name} is not supported by moyai: {REFUSED[name]}.")
        raise ValidationFault(f"There is no function '{name[:50]}'.")
    if not function.least <= len(arguments) <= function.most:
        most = "" if function.least == function.most else f" to {function.most}"
        raise ValidationFault(f"{name} takes {function.least}{most} arguments, and has {len(arguments)}.")
    try:
        return function.call(arguments, around)
    except ValidationFault as fault:
        raise ValidationFault(f"{name}: {fault}") from fault
