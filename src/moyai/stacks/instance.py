"""Instantiates a template with the parameters of one stack: its transforms, conditions, rules and resource order.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from graphlib import TopologicalSorter
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.evaluation.budget import Budget
from moyai.stacks.evaluation.conditions import check_rules, evaluate_conditions
from moyai.stacks.evaluation.evaluate import evaluate, text_of
from moyai.stacks.evaluation.parameters import ParameterValue, parameter_texts, parameter_values
from moyai.stacks.evaluation.scope import Values
from moyai.stacks.graph import apply_values, creation_order
from moyai.stacks.skipping import skip_resources
from moyai.stacks.template.condition_functions import IN_CONDITIONS
from moyai.stacks.template.expressions import HIDDEN_TEXT, Expression, ImportValue, Ref, is_value, walk
from moyai.stacks.template.functions import LANGUAGE_EXTENSIONS, parse_expression
from moyai.stacks.template.model import NESTED_STACK, ParsedTemplate
from moyai.stacks.template.references import check_references
from moyai.stacks.template.sections import EXTENSIONS, parse_declarations, parse_template, transform_names
from moyai.stacks.template.text import Json
from moyai.stacks.transforms.language_extensions import extend_language
from moyai.stacks.transforms.serverless import SERVERLESS, nest_applications

_NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


class ParameterSource(msgspec.Struct, frozen=True):
    """The sources of the parameters' texts, each by the parameter's name.

    ``request``: the request. ``previous``: the stack's former values that are to be used again. ``stored``: what the
    Parameter Store holds for parameters of its types. ``unknown``: the names of parameters whose texts are
    placeholders; conditions are evaluated with these, and in resources such a parameter remains a function.
    """

    request: Mapping[str, str] = _NO_TEXTS
    previous: Mapping[str, str] = _NO_TEXTS
    stored: Mapping[str, str] = _NO_TEXTS
    unknown: frozenset[str] = frozenset()


class StackInstance(msgspec.Struct, frozen=True):
    """The desired state of a stack.

    ``template`` has the resources and outputs whose conditions are true, with functions only of resources and of
    unknown parameters, which are the only parameters it has. ``order``: the resources that must exist before each one,
    by its name. ``values``: what the expressions of resources are evaluated with.
    """

    template: ParsedTemplate
    parameters: Mapping[str, ParameterValue]
    values: Values
    order: Mapping[str, frozenset[str]]
    sequence: tuple[str, ...] = ()
    """All resources in an order of creation."""
    imports: tuple[str, ...] = ()
    """The names of the exports that the template imports."""
    masked: Mapping[str, Mapping[str, Expression]] = msgspec.field(default_factory=dict)
    """By logical id, the properties of each resource that uses hidden parameters, with ``****`` as their values."""

    @property
    def may_change_itself(self) -> bool:
        """Whether an update with the same template and parameters can change something, because a stack is nested."""
        return any(resource.type == NESTED_STACK for resource in self.template.resources.values())


NO_INSTANCE: Final = StackInstance(ParsedTemplate({}), {}, Values(), {})
"""The desired state of a stack that is deleted."""


def processed_document(
    document: Mapping[str, Json], source: ParameterSource, values: Values, skipped_types: Collection[str]
) -> dict[str, Json]:
    """The document after its transforms, with the resources of the types ``skipped_types`` as skipped ones.

    Raises TemplateFault.
    """
    declarations, _, known = _with_parameters(document, source, values)
    return _transform(document, _hidden_names(declarations), known, skipped_types)


def instantiate(
    document: Mapping[str, Json], source: ParameterSource, values: Values, skipped_types: Collection[str] = ()
) -> StackInstance:
    """The instance of a document in which AWS::Include has been applied already. Raises TemplateFault.

    ``values`` has the pseudo parameters, zones and exports. ``skipped_types``: types whose resources are not created.
    """
    declarations, parameters, evaluation = _with_parameters(document, source, values)
    template = parse_template(_transform(document, _hidden_names(declarations), evaluation, skipped_types))
    check_references(template)
    evaluation = msgspec.structs.replace(evaluation, conditions=evaluate_conditions(template, evaluation))
    if source.unknown:
        known = {name: value for name, value in evaluation.parameters.items() if name not in source.unknown}
        evaluation = msgspec.structs.replace(evaluation, parameters=known)
    else:
        check_rules(template, evaluation)
    active_template = apply_values(template, evaluation)
    imports = tuple(sorted(_imported_names(template, evaluation) & evaluation.exports.keys()))
    evaluation = msgspec.structs.replace(evaluation, budget=None)
    order = creation_order(active_template.resources)
    sequence = tuple(TopologicalSorter(order).static_order())
    masked = _masked_properties(template, active_template, evaluation)
    return StackInstance(active_template, parameters, evaluation, order, sequence, imports, masked)


def _with_parameters(
    document: Mapping[str, Json], source: ParameterSource, values: Values
) -> tuple[ParsedTemplate, dict[str, ParameterValue], Values]:
    """The declarations of a document, its parameters' values, and ``values`` extended by these and by its mappings."""
    declarations = parse_declarations(document)
    texts = parameter_texts(declarations, source.request, source.previous)
    parameters = parameter_values(declarations, texts, source.stored, source.unknown)
    evaluation = msgspec.structs.replace(
        values,
        parameters={**values.parameters, **{name: parameter.value for name, parameter in parameters.items()}},
        mappings=declarations.mappings,
        budget=Budget(),
    )
    return declarations, parameters, evaluation


def _hidden_names(template: ParsedTemplate) -> frozenset[str]:
    """The names of the parameters whose values no API shows (NoEcho)."""
    return frozenset(name for name, parameter in template.parameters.items() if parameter.is_hidden)


def _masked_properties(
    template: ParsedTemplate, active_template: ParsedTemplate, values: Values
) -> dict[str, Mapping[str, Expression]]:
    """As ``StackInstance.masked``. A property that can't be evaluated with ``****`` is masked as a whole."""
    hidden_names = _hidden_names(template)
    parameters = {name: _mask(value) if name in hidden_names else value for name, value in values.parameters.items()}
    masked_values = msgspec.structs.replace(values, parameters=parameters, budget=Budget())

    def mask(expression: Expression) -> Expression:
        try:
            return evaluate(expression, masked_values)
        except TemplateFault:
            return HIDDEN_TEXT

    return {
        name: {member: mask(expression) for member, expression in template.resources[name].properties.items()}
        for name in active_template.resources
        if any(
            isinstance(each, Ref) and each.name in hidden_names for each in walk(template.resources[name].properties)
        )
    }


def _mask(value: Expression) -> Expression:
    return tuple(HIDDEN_TEXT for _ in value) if isinstance(value, tuple) else HIDDEN_TEXT


def _imported_names(template: ParsedTemplate, values: Values) -> set[str]:
    expressions = [
        *(resource.properties for resource in template.resources.values()),
        *(output.value for output in template.outputs.values()),
    ]
    names = (each.name for expression in expressions for each in walk(expression) if isinstance(each, ImportValue))
    return {text_of(evaluated) for name in names if is_value(evaluated := evaluate(name, values))}


def _transform(
    document: Mapping[str, Json], hidden_names: frozenset[str], values: Values, skipped_types: Collection[str]
) -> dict[str, Json]:
    names = transform_names(document)
    extended = _extend(document, hidden_names, values) if EXTENSIONS in names else document
    without_skipped = skip_resources(extended, skipped_types)
    return nest_applications(without_skipped) if SERVERLESS in names else without_skipped


def _extend(document: Mapping[str, Json], hidden_names: frozenset[str], values: Values) -> dict[str, Json]:
    if values.budget is None:
        return dict(document)
    functions = {**IN_CONDITIONS, **LANGUAGE_EXTENSIONS}

    def resolve(expression: Json) -> Expression:
        parsed = parse_expression(expression, functions)
        name = next((each.name for each in walk(parsed) if isinstance(each, Ref) and each.name in hidden_names), None)
        if name is not None:
            raise TemplateFault(
                f"Template error: {EXTENSIONS} can't use the NoEcho parameter {name} in loops and policies: the "
                "processed template would show its value"
            )
        value = evaluate(parsed, values)
        if not is_value(value):
            raise TemplateFault(f"Template error: {EXTENSIONS} can't use values of resources in loops and policies")
        return value

    return extend_language(dict(document), resolve, values.budget)
