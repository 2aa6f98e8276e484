"""Reads the template and the parameters of a request, and has the operations on templates alone.

Promise: a template is checked completely before anything is recorded: its text, its parameters, its references, the
types and properties of its resources, and the capabilities that they need.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ValidateTemplate.html,
API_GetTemplateSummary.html, API_GetTemplate.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from moyai.api.cloudformation.beginning import check_nesting
from moyai.api.cloudformation.imports import identifier_summaries
from moyai.api.cloudformation.lookup import change_set_of, stack_of
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudformation.errors import StackFault, TemplateFault
from moyai.domain.cloudformation.stack import Stack, StackTemplate
from moyai.domain.keys import scope_of
from moyai.domain.ssm.parameter import Parameter, ParameterType, ParameterVersion, parse_parameter_reference
from moyai.domain.ssm.public import public_parameter
from moyai.domain.tagging import TagRules
from moyai.domain.world import World
from moyai.kernel.ids import StackTemplateId
from moyai.kernel.scope import Scope
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.evaluation.parameters import parameter_texts, stored_parameters
from moyai.stacks.instance import ParameterSource, StackInstance, instantiate
from moyai.stacks.records import known_values, processed_text
from moyai.stacks.skipping import skipped_types
from moyai.stacks.template.expressions import HIDDEN_TEXT
from moyai.stacks.template.model import ParameterDeclaration, ParsedTemplate
from moyai.stacks.template.references import check_references
from moyai.stacks.template.sections import EXTENSIONS, parse_declarations, parse_template, transform_names
from moyai.stacks.template.text import Json, parse_text
from moyai.stacks.transforms.include import INCLUDE, include_files
from moyai.stacks.transforms.parameters import checked_transforms
from moyai.stacks.transforms.serverless import SERVERLESS
from moyai.stacks.types.check import check_attributes, check_capabilities, check_known, check_types, needed_capabilities
from moyai.stacks.types.registry import known_types

_TRANSFORMS: Final = (EXTENSIONS, INCLUDE, SERVERLESS)
_TAG_RULES: Final = TagRules("stack", StackFault, StackFault)


class ParameterInput(msgspec.Struct, frozen=True):
    """A parameter in a request: a value, or the use of the stack's previous value."""

    parameter_key: str | None = None
    parameter_value: str | None = None
    use_previous_value: bool = False


class TemplateInput(msgspec.Struct, frozen=True):
    """The members of a request that describe the desired stack."""

    body: str | None
    use_previous: bool
    parameters: tuple[ParameterInput, ...]
    capabilities: tuple[str, ...]
    tags: tuple[Tag, ...] | None
    unknown: frozenset[str] = frozenset()
    """The parameters whose values are placeholders."""


class ValidateTemplateRequest(msgspec.Struct, frozen=True):
    template_body: str | None = None
    template_url: str | None = None


class GetTemplateSummaryRequest(msgspec.Struct, frozen=True):
    template_body: str | None = None
    template_url: str | None = None
    stack_name: str | None = None


class GetTemplateRequest(msgspec.Struct, frozen=True):
    stack_name: str | None = None
    change_set_name: str | None = None
    template_stage: Literal["Original", "Processed"] = "Original"


def read_template(ctx: Context, stack: Stack, template_input: TemplateInput) -> tuple[StackTemplate, StackInstance]:
    """The record of a request's template, and the instance of it. ``stack`` need not be recorded yet.

    Raises StackFault, TemplateFault and InsufficientCapabilities.
    """
    world = ctx.store.world
    former = world.stack_templates.get(stack.target)
    body, included = template_input.body, ctx.included
    if former is not None and template_input.use_previous:
        body, included = former.body, former.included
    if body is None:
        raise StackFault("Either Template URL or Template Body must be specified.")
    check_nesting(world, stack, body)
    document = parse_document(body, included)
    request, previous = _parameter_inputs(template_input.parameters, {} if former is None else former.parameters)
    declarations = parse_declarations(document)
    texts = parameter_texts(declarations, request, previous)
    unknown = template_input.unknown
    store_names = {name: text for name, text in stored_parameters(declarations, texts).items() if name not in unknown}
    stored_values = _stored_values(world, ctx.scope, store_names)
    source = ParameterSource(texts, stored=stored_values, unknown=unknown)
    skipped_kinds = skipped_types(document, world.defaults.skipped_types, known_types())
    instance = instantiate(document, source, known_values(world, stack), skipped_kinds)
    check_types(instance.template.resources)
    check_attributes(instance.template)
    check_capabilities(instance.template, template_input.capabilities)
    tags = {} if former is None else former.tags
    if template_input.tags is not None:
        tags = checked_tags(_TAG_RULES, template_input.tags)
    template = StackTemplate(
        id=StackTemplateId(ctx.ids.uuid()),
        stack=stack.arn,
        body=body,
        parameters=texts,
        stored=stored_values,
        tags=tags,
        included=included,
        hidden=tuple(name for name, parameter in declarations.parameters.items() if parameter.is_hidden),
        unknown=tuple(sorted(unknown)),
        skipped_types=skipped_kinds,
    )
    return template, instance


def parse_document(body: str, included: Mapping[str, str]) -> dict[str, Json]:
    """The document of a template with the files that it includes. Raises TemplateFault, also for unknown transforms."""
    document = include_files(checked_transforms(parse_text(body)), included)
    unknown = next((name for name in transform_names(document) if name not in _TRANSFORMS), None)
    if unknown is not None:
        raise TemplateFault(f"No transform named {unknown} found. moyai runs only {', '.join(_TRANSFORMS)}.")
    return document


def validate_template(ctx: Context, request: ValidateTemplateRequest) -> dict[str, object]:
    """Check a template, and return its parameters and the capabilities that it needs."""
    template = _checked_template(*_body(ctx, request.template_body, None), ctx.store.world.defaults.skipped_types)
    return {
        "parameters": [
            {
                "parameter_key": name,
                "default_value": _default(parameter),
                "no_echo": parameter.is_hidden,
                "description": parameter.description,
            }
            for name, parameter in template.parameters.items()
        ],
        "description": template.description,
        **_capabilities(template),
        "declared_transforms": template.transforms,
    }


def get_template_summary(ctx: Context, request: GetTemplateSummaryRequest) -> dict[str, object]:
    """A summary of a template: its parameters, the types of its resources, and the capabilities that it needs."""
    patterns = ctx.store.world.defaults.skipped_types if request.stack_name is None else None
    template = _checked_template(*_body(ctx, request.template_body, request.stack_name), patterns)
    return {
        "parameters": [
            {
                "parameter_key": name,
                "default_value": _default(parameter),
                "parameter_type": parameter.type,
                "no_echo": parameter.is_hidden,
                "description": parameter.description,
                "parameter_constraints": {
                    "allowed_values": [text_of(value) for value in parameter.allowed_values or ()]
                },
            }
            for name, parameter in template.parameters.items()
        ],
        "description": template.description,
        **_capabilities(template),
        "resource_types": sorted({resource.type for resource in template.resources.values()}),
        "version": "2010-09-09",
        "metadata": json.dumps(template.metadata) if template.metadata else None,
        "declared_transforms": template.transforms,
        "resource_identifier_summaries": identifier_summaries(template),
    }


def get_template(ctx: Context, request: GetTemplateRequest) -> dict[str, object]:
    """The template of a stack or of a change set, as it was sent or after its transforms."""
    if request.stack_name is None and request.change_set_name is None:
        raise StackFault("Either StackName or ChangeSetName must be specified.")
    if request.change_set_name is None:
        stack = stack_of(ctx, request.stack_name or "")
        target = stack.target
    else:
        change_set = change_set_of(ctx, request.change_set_name, request.stack_name)
        stack, target = stack_of(ctx, change_set.stack), change_set.target
    world = ctx.store.world
    template = world.stack_templates.get(target)
    body = "" if template is None else template.body
    if template is not None and request.template_stage == "Processed":
        body = processed_text(world, stack, template)
    return {"template_body": body, "stages_available": () if template is None else ("Original", "Processed")}


def _body(ctx: Context, body: str | None, stack_name: str | None) -> tuple[str, Mapping[str, str]]:
    """The text of the template of a request or of a stack, and the files that it includes."""
    if (body is None) == (stack_name is None):
        raise StackFault("Exactly one of TemplateBody and StackName must be specified.")
    if body is not None:
        return body, ctx.included
    stack = stack_of(ctx, str(stack_name))
    template = ctx.store.world.stack_templates.get(stack.target)
    if template is None:
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and has no template.")
    return template.body, template.included


def _checked_template(body: str, included: Mapping[str, str], patterns: Iterable[str] | None) -> ParsedTemplate:
    """The template, checked without the values of parameters. With AWS::LanguageExtensions only the declarations are
    checked, because loops need these values.

    ``patterns``: the types that may be skipped; None for a stack's template, which may have any type.
    """
    document = parse_document(body, included)
    transforms = transform_names(document)
    if EXTENSIONS in transforms:
        return parse_declarations(document)
    template = parse_template(document)
    check_references(template)
    if patterns is not None and SERVERLESS not in transforms:
        skipped = skipped_types(document, patterns, known_types())
        check_known({resource.type for resource in template.resources.values()}.difference(skipped))
    return template


def _capabilities(template: ParsedTemplate) -> dict[str, object]:
    capabilities = needed_capabilities(template)
    kinds = sorted({r.type for r in template.resources.values() if r.type.startswith("AWS::IAM::")})
    reason = f"The following resource(s) require capabilities: [{', '.join(kinds)}]" if capabilities else None
    return {"capabilities": capabilities, "capabilities_reason": reason}


def _default(parameter: ParameterDeclaration) -> str | None:
    if parameter.default is None:
        return None
    return HIDDEN_TEXT if parameter.is_hidden else text_of(parameter.default)


def _parameter_inputs(
    inputs: tuple[ParameterInput, ...], former_texts: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters' texts in a request, and the stack's former texts that are to be used again. Raises StackFault."""
    request: dict[str, str] = {}
    previous: dict[str, str] = {}
    for parameter in inputs:
        key = parameter.parameter_key or ""
        if key in request or key in previous:
            raise StackFault(f"Parameter {key} is specified more than once.")
        if parameter.use_previous_value:
            complaint = f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as true"
            if parameter.parameter_value is not None:
                raise StackFault(f"{complaint} and non empty value for a parameter")
            if key not in former_texts:
                raise StackFault(f"{complaint} for a parameter key not in the previous template")
            previous[key] = former_texts[key]
        else:
            request[key] = parameter.parameter_value or ""
    return request, previous


def _stored_version(world: World, scope: Scope, name: str) -> tuple[Parameter | None, ParameterVersion | None]:
    """The parameter and the version in the Parameter Store, the account's or AWS's public one, that a name means."""
    reference = parse_parameter_reference(scope, name)
    if reference is None:
        return None, None
    parameter = world.parameters.get(reference.arn)
    if parameter is not None and scope_of(parameter.arn) != scope:
        return None, None
    parameter = parameter or public_parameter(scope.region, name)
    return parameter, None if parameter is None else parameter.version(reference.selector)


def _stored_values(world: World, scope: Scope, names: Mapping[str, str]) -> dict[str, str]:
    """The values in the Parameter Store by parameter. ``names``: their names there. Raises StackFault."""
    values = {}
    for key, name in names.items():
        parameter, version = _stored_version(world, scope, name)
        if version is None or parameter is None:
            raise StackFault(
                f"Parameter validation failed: parameter value {name} for parameter name {key} does not exist. "
                f"Unable to fetch parameters [{name}] from parameter store for this account."
            )
        if parameter.type is ParameterType.SECURE_STRING:
            raise StackFault(
                f"Parameter validation failed: parameter {name} of parameter name {key} is a SecureString, which is "
                "not supported here: use the dynamic reference ssm-secure in the property."
            )
        values[key] = version.value.reveal()
    return values
