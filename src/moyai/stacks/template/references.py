"""The references in a template's expressions: the dependencies that follow from them, and their check.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.expressions import ConditionRef, Expression, GetAtt, If, Ref, walk
from moyai.stacks.template.model import ParsedTemplate, TemplateResource

PSEUDO_PARAMETERS: Final = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


def resource_expressions(resource: TemplateResource) -> Iterator[Expression]:
    """The members of a resource that are evaluated."""
    yield resource.properties
    yield resource.creation_policy
    yield resource.update_policy
    yield resource.metadata


def resources_in(expression: Expression, resources: Mapping[str, object]) -> frozenset[str]:
    """The names among ``resources`` to which an expression refers."""
    references = (each for each in walk(expression) if isinstance(each, Ref | GetAtt))
    names = (each.name if isinstance(each, Ref) else each.resource for each in references)
    return frozenset(name for name in names if name in resources)


def dependencies(resources: Mapping[str, TemplateResource]) -> dict[str, frozenset[str]]:
    """The resources that must exist before each one, by its name: it names them in DependsOn, or refers to them by Ref,
    Fn::GetAtt or Fn::Sub.
    """
    return {
        name: frozenset(each for each in resource.depends_on if each in resources).union(
            *(resources_in(expression, resources) for expression in resource_expressions(resource))
        )
        for name, resource in resources.items()
    }


def check_references(template: ParsedTemplate) -> None:
    """Raise TemplateFault for a reference to something that the template does not have."""
    names = {*PSEUDO_PARAMETERS, *template.parameters}
    _check_conditions(template, names)
    resources = set(template.resources)
    parts = {
        "Resources": [
            (*resource_expressions(resource), *map(Ref, resource.depends_on))
            for resource in template.resources.values()
        ],
        "Outputs": [
            (output.value, *(() if output.export is None else (output.export,))) for output in template.outputs.values()
        ],
    }
    for section, members in parts.items():
        expressions = [each for member in members for expression in member for each in walk(expression)]
        missing = sorted({each.name for each in expressions if isinstance(each, Ref)} - names - resources)
        if missing:
            raise TemplateFault(
                f"Template format error: Unresolved resource dependencies [{', '.join(missing)}] in the {section} "
                "block of the template"
            )
        undefined = sorted({each.resource for each in expressions if isinstance(each, GetAtt)} - resources)
        if undefined:
            raise TemplateFault(f"Template error: instance of Fn::GetAtt references undefined resource {undefined[0]}")
        for each in expressions:
            if isinstance(each, If):
                _check_condition(each.condition, template, section)


def _check_conditions(template: ParsedTemplate, names: set[str]) -> None:
    for section, members in (("Resources", template.resources), ("Outputs", template.outputs)):
        for member in members.values():
            if member.condition is not None:
                _check_condition(member.condition, template, section)
    for condition in template.conditions.values():
        for each in walk(condition):
            if isinstance(each, ConditionRef):
                _check_condition(each.name, template, "Conditions")
            if isinstance(each, Ref) and each.name not in names:
                raise TemplateFault(
                    f"Template format error: Unresolved dependencies [{each.name}]. Cannot reference resources in the "
                    "Conditions block of the template"
                )


def _check_condition(name: str, template: ParsedTemplate, section: str) -> None:
    if name not in template.conditions:
        raise TemplateFault(
            f"Template format error: Unresolved condition dependency {name} in the {section} block of the template"
        )
