"""Reads a CloudFormation template's requests: each resource's creation, as far as the template has its values.

Promise: parameters have their defaults. A value that depends on a parameter without one, or on another resource, is
unknown and not checked.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import msgspec
from botocore.model import StructureShape

from moyai.cli.analyze.requests import DocumentRequest, known_part
from moyai.domain.cloudformation.errors import TemplateFault
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.stacks.evaluation.budget import Budget
from moyai.stacks.evaluation.conditions import condition_order
from moyai.stacks.evaluation.evaluate import evaluate, text_of, truth_of
from moyai.stacks.evaluation.parameters import parameter_values
from moyai.stacks.evaluation.scope import Values, pseudo_parameters
from moyai.stacks.skipping import can_be_skipped
from moyai.stacks.template.expressions import Expression, IntrinsicFunction, Ref
from moyai.stacks.template.model import ParsedTemplate, TemplateResource
from moyai.stacks.template.references import check_references
from moyai.stacks.template.sections import parse_template
from moyai.stacks.template.text import parse_text
from moyai.stacks.transforms.serverless import APPLICATION
from moyai.stacks.types.check import property_complaints
from moyai.stacks.types.registry import has_type, resource_types
from moyai.stacks.types.resource_type import StackResourceType

InputShape: TypeAlias = Callable[[str, str], StructureShape | None]
_UNKNOWN: Final = object()
_PARAMETER_STORE_TYPE: Final = "AWS::SSM::"


def template_content(
    file: str, text: str, input_shape: InputShape
) -> tuple[list[tuple[str, str]], list[DocumentRequest]]:
    """The faults of single resources, by name, and the requests for all. ``input_shape``: the model of an operation's
    input; None for a service that moyai does not implement. Raises TemplateFault.
    """
    document = parse_text(text)
    if "Transform" in document:
        return _unknown_types(document), []
    template = parse_template(document)
    check_references(template)
    values = _known_values(template)
    problems: list[tuple[str, str]] = []
    requests: list[DocumentRequest] = []
    for name, resource in template.resources.items():
        if resource.condition is not None and values.conditions.get(resource.condition) is False:
            continue
        if not has_type(resource.type):
            problems.append((name, _unsupported_type(resource.type)))
            continue
        problems += [(name, complaint) for complaint in property_complaints(resource)]
        requests += _creation(file, name, resource, values, input_shape)
    return problems, requests


def _unsupported_type(kind: object) -> str:
    advice = f"; `moyai up --skip-resource-type {kind}` leaves it out" if can_be_skipped(str(kind)) else ""
    return f"the type {kind} is not supported by moyai{advice}"


def _unknown_types(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The unsupported types of a template whose transforms replace its resources."""
    resources = document.get("Resources")
    types = {
        name: resource.get("Type")
        for name, resource in (resources.items() if isinstance(resources, dict) else ())
        if isinstance(resource, dict)
    }
    return [
        (name, _unsupported_type(kind)) for name, kind in types.items() if not has_type(kind) and kind != APPLICATION
    ]


def _creation(
    file: str, name: str, resource: TemplateResource, values: Values, input_shape: InputShape
) -> Iterator[DocumentRequest]:
    kind = resource_types()[resource.type]
    evaluated = {each: _evaluate(expression, values) for each, expression in resource.properties.items()}
    unknown: set[str] = set()
    properties = known_part(evaluated, lambda value: value is _UNKNOWN or isinstance(value, IntrinsicFunction), unknown)
    if kind.name_property is not None:
        properties.setdefault(kind.name_property, name.lower() if kind.lower_case else name)
    accepted = {
        each: value for each, value in properties.items() if each in kind.schema.properties - kind.schema.unsupported
    }
    if any(each.lower() in unknown and each not in properties for each in kind.arranged):
        return  # the type makes several members of this property, whose value is unknown
    try:
        members = kind.creation_input(accepted)
    except (KeyError, TypeError, AttributeError, ValueError):  # the type expects a property of another form
        return
    shape = input_shape(kind.service, kind.create)
    if shape is not None:
        required, names = ({each.lower() for each in ms} for ms in (shape.required_members, shape.members))
        has_own_steps = any(each.lower() not in names for each in members)  # which make members of properties
        members = {each: value for each, value in members.items() if each.lower() in names}
        unknown |= required if has_own_steps else required - _set_by_properties(kind)
    reference = resource.properties.get("TaskDefinition")
    definition = reference.name if isinstance(reference, Ref) else ""
    yield DocumentRequest(file, name, kind.service, kind.create, members, frozenset(unknown), definition)


def _set_by_properties(kind: StackResourceType) -> set[str]:
    """The members of the creation, in lower case, that properties set. Stacks add others: tokens, the name of a nested
    stack, and what they read elsewhere.
    """
    settable = kind.schema.properties - kind.schema.read_only
    return {kind.rename.get(name, name).lower() for name in settable} - {str(kind.idempotency_member).lower()}


def _evaluate(expression: Expression, values: Values) -> Any:  # noqa: ANN401 (an expression)
    if isinstance(expression, tuple):
        return tuple(_evaluate(element, values) for element in expression)
    if isinstance(expression, Mapping):
        return {name: _evaluate(member, values) for name, member in expression.items()}
    try:
        return evaluate(expression, values)
    except (TemplateFault, KeyError):  # the expression needs an export, a zone, or a condition that is unknown
        return _UNKNOWN


def _known_values(template: ParsedTemplate) -> Values:
    """The defaults of parameters, the conditions that follow from them, and the mappings."""
    texts = {
        name: text_of(parameter.default)
        for name, parameter in template.parameters.items()
        if parameter.default is not None and not parameter.type.startswith(_PARAMETER_STORE_TYPE)
    }
    defaults = {name: parameter.value for name, parameter in parameter_values(template, texts, {}).items()}
    pseudo = pseudo_parameters(DEFAULT_SCOPE, "stack", f"arn:aws:cloudformation:{DEFAULT_SCOPE.region}::stack/stack")
    values = Values({**pseudo, **defaults}, mappings=template.mappings, budget=Budget())
    conditions: dict[str, bool] = {}
    for name in condition_order(template):
        ready = msgspec.structs.replace(values, conditions=conditions)
        outcome = _evaluate(template.conditions[name], ready)
        if isinstance(outcome, bool | str):
            conditions[name] = truth_of(outcome)
    return msgspec.structs.replace(values, conditions=conditions)
