"""A template with its parameters applied: the resources that are to exist, and their order.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-dependson.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import cast

import msgspec

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.evaluate import evaluate
from moyai.stacks.evaluation.scope import Values
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.model import ParsedTemplate, TemplateOutput, TemplateResource
from moyai.stacks.template.references import check_references, dependencies


def apply_values(template: ParsedTemplate, values: Values) -> ParsedTemplate:
    """The template reduced to the resources and outputs whose conditions are true, in which the functions that remain
    are those of resources, and of parameters that ``values`` does not have. Raises TemplateFault.

    ``values`` has the results of the template's conditions.
    """
    active = {
        name: resource
        for name, resource in template.resources.items()
        if resource.condition is None or values.conditions[resource.condition]
    }
    resources = {name: _apply_to_resource(resource, values, active) for name, resource in active.items()}
    outputs = {
        name: _apply_to_output(output, values)
        for name, output in template.outputs.items()
        if output.condition is None or values.conditions[output.condition]
    }
    unknown = {name: each for name, each in template.parameters.items() if name not in values.parameters}
    applied = msgspec.structs.replace(
        template, resources=resources, outputs=outputs, conditions={}, parameters=unknown, mappings={}, rules={}
    )
    check_references(applied)
    return applied


def creation_order(resources: Mapping[str, TemplateResource]) -> dict[str, frozenset[str]]:
    """The resources that must exist before each one, by its name. Raises TemplateFault for a circular dependency."""
    edges = dependencies(resources)
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as fault:
        circle = sorted(set(fault.args[1]))
        raise TemplateFault(f"Circular dependency between resources: [{', '.join(circle)}]") from None
    return edges


def _apply_to_resource(resource: TemplateResource, values: Values, active: Collection[str]) -> TemplateResource:
    def evaluate_members(expressions: Mapping[str, Expression]) -> Mapping[str, Expression]:
        return cast("Mapping[str, Expression]", evaluate(expressions, values))

    return msgspec.structs.replace(
        resource,
        condition=None,
        depends_on=tuple(name for name in resource.depends_on if name in active),
        properties=evaluate_members(resource.properties),
        creation_policy=evaluate_members(resource.creation_policy),
        update_policy=evaluate_members(resource.update_policy),
        metadata=evaluate_members(resource.metadata),
    )


def _apply_to_output(output: TemplateOutput, values: Values) -> TemplateOutput:
    return msgspec.structs.replace(
        output,
        condition=None,
        value=evaluate(output.value, values),
        export=None if output.export is None else evaluate(output.export, values),
    )
