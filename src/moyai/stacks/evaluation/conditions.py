"""The conditions and rules of a template.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import msgspec

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.evaluate import evaluate, truth_of
from moyai.stacks.evaluation.scope import Values
from moyai.stacks.template.expressions import ConditionRef, walk
from moyai.stacks.template.model import ParsedTemplate


def evaluate_conditions(template: ParsedTemplate, values: Values) -> dict[str, bool]:
    """The value of every condition. Raises TemplateFault for conditions that refer to each other in a circle."""
    conditions: dict[str, bool] = {}
    for name in condition_order(template):
        known = msgspec.structs.replace(values, conditions=conditions)
        conditions[name] = truth_of(evaluate(template.conditions[name], known))
    return conditions


def condition_order(template: ParsedTemplate) -> tuple[str, ...]:
    """The conditions, each after those that it refers to. Raises TemplateFault when there is no such order."""
    edges = {
        name: {each.name for each in walk(condition) if isinstance(each, ConditionRef)}
        for name, condition in template.conditions.items()
    }
    try:
        return tuple(TopologicalSorter(edges).static_order())
    except CycleError as fault:
        circle = ", ".join(sorted(set(fault.args[1])))
        raise TemplateFault(f"Template error: Circular dependency between conditions: [{circle}]") from None


def check_rules(template: ParsedTemplate, values: Values) -> None:
    """Raise TemplateFault for the first assertion that the parameters do not fulfil."""
    for name, rule in template.rules.items():
        if rule.condition is not None and not truth_of(evaluate(rule.condition, values)):
            continue
        for assertion in rule.assertions:
            if not truth_of(evaluate(assertion.condition, values)):
                reason = assertion.description or "an assertion is false"
                raise TemplateFault(f"Template error: rule {name} failed: {reason}")
