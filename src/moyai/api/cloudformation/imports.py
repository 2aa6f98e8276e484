"""The existing resources that a change set imports: those that a request lists, and those that the template names.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-existing-stack.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudformation.change_set import ImportCandidate
from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.stack import Stack, StackTemplate
from moyai.domain.keys import scope_key
from moyai.domain.world import World
from moyai.stacks.evaluation.evaluate import evaluate, text_of
from moyai.stacks.instance import NO_INSTANCE, StackInstance
from moyai.stacks.progress.compare import compare, is_automatic
from moyai.stacks.progress.view import GONE, StackView, plain, values_of
from moyai.stacks.records import instance_of
from moyai.stacks.template.expressions import Expression, Ref, is_value
from moyai.stacks.template.model import DeletionPolicy, ParsedTemplate, TemplateResource
from moyai.stacks.template.text import parse_text
from moyai.stacks.transforms.include import include_files
from moyai.stacks.types.importing import identity_properties, imported_id, is_importable
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.resource_type import StackResourceType

_RETAINING: Final = frozenset({DeletionPolicy.RETAIN, DeletionPolicy.RETAIN_EXCEPT_ON_CREATE})


class ResourceToImport(msgspec.Struct, frozen=True):
    """An existing resource, and the logical id that it gets."""

    resource_type: str
    logical_resource_id: str
    resource_identifier: Mapping[str, str]


def imported_ids(
    world: World, view: StackView, resources: tuple[ResourceToImport, ...], former_template: StackTemplate | None
) -> dict[str, str]:
    """The physical ids of the resources that a change set imports, by logical id.

    Raises StackFault unless these resources are the only difference between the new template and the stack.
    """
    _check_listed(view.instance.template, resources)
    declaration = (NO_INSTANCE if former_template is None else instance_of(world, view.stack, former_template)).template
    _check_new(view, {each.logical_resource_id for each in resources}, declaration.resources)
    if view.instance.template.outputs != declaration.outputs:
        raise StackFault("As part of the import operation, you cannot modify or add [Outputs]")
    types = resource_types()
    return {
        each.logical_resource_id: imported_id(
            types[each.resource_type],
            each.resource_identifier,
            view.instance.template.resources[each.logical_resource_id].properties,
        )
        for each in resources
    }


def import_candidates(world: World, view: StackView, template: StackTemplate) -> dict[str, ImportCandidate]:
    """The resources that a change set adds, or imports if they exist, by logical id: those with a name in the template
    that belong to no stack.
    """
    document = include_files(parse_text(template.body), template.included)
    candidates = {}
    for name, resource in view.in_order():
        kind = resource_types()[resource.type]
        identifiers = {} if name in view.live or not is_importable(kind) else _static_names(document, name, kind)
        try:
            identifier = imported_id(kind, identifiers, resource.properties) if identifiers else None
        except StackFault:
            continue
        if identifier is not None and owned_already(world, view.stack, view.instance, {name: identifier}) is None:
            properties = {each: plain(value) for each, value in resource.properties.items() if is_value(value)}
            is_retained = resource.deletion_policy in _RETAINING
            candidates[name] = ImportCandidate(resource.type, identifier, identifiers, properties, is_retained)
    return candidates


def _static_names(document: Mapping[str, Any], name: str, kind: StackResourceType) -> dict[str, str]:
    """The identifying properties of a resource, if the template has all of them as plain values; otherwise none."""
    declared = document["Resources"].get(name, {}).get("Properties", {})
    values = {each: declared.get(each) for each in kind.schema.identifiers}
    is_static = all(isinstance(value, str | int) for value in values.values())
    return {each: text_of(value) for each, value in values.items()} if is_static else {}


def check_unowned(world: World, stack: Stack, instance: StackInstance, ids: Mapping[str, str]) -> None:
    """Raise StackFault with the reason of ``owned_already``, if there is one."""
    reason = owned_already(world, stack, instance, ids)
    if reason is not None:
        raise StackFault(reason)


def owned_already(world: World, stack: Stack, instance: StackInstance, ids: Mapping[str, str]) -> str | None:
    """Why a stack can't import resources of its template with these physical ids: a stack has one of them, or a stack
    of another tree is importing one. None when it can. ``ids``: by logical id.

    The change sets of one tree are compared with each other in ``progress.review``, when they are complete.
    """
    tree = stack.root or stack.arn
    existing = world.stacks.each("existing", scope_key(stack.scope))
    importing_stacks = [each for each in existing if each.importing and (each.root or each.arn) != tree]
    for name, identifier in ids.items():
        for record in world.stack_resources.by("physical_id", identifier):
            owner = world.stacks[record.stack]
            exists = owner.scope == stack.scope and owner.exists and record.status not in GONE
            if exists and record.type == instance.template.resources[name].type:
                identity = _identity(world, stack, instance, name, ids)
                if record.physical is None or not _differs(identity, record.physical.properties):
                    return f"{identifier} already exists in stack {owner.arn}"
        for other in importing_stacks:
            if identifier in other.importing.values():
                return f"{identifier} is being imported by stack {other.arn}. Try again when that has ended."
    return None


def _identity(
    world: World, stack: Stack, instance: StackInstance, name: str, ids: Mapping[str, str]
) -> dict[str, Expression]:
    """The properties within which the name of an imported resource is unique, with functions where they are unknown."""
    resource = instance.template.resources[name]
    records = world.stack_resources.by("stack", stack.arn)
    live = {each.logical_id: values for each in records if each.status not in GONE and (values := values_of(each))}
    known = replace(instance.values, resources=live)
    names = identity_properties(resource_types()[resource.type]) & resource.properties.keys()
    properties = {each: evaluate(resource.properties[each], known) for each in names}
    return {each: ids.get(value.name, value) if isinstance(value, Ref) else value for each, value in properties.items()}


def _differs(identity: Mapping[str, Expression], properties: Mapping[str, object]) -> bool:
    """Whether a known value of the identity differs from that in ``properties``."""
    return any(is_value(value) and properties.get(name, value) != value for name, value in identity.items())


def identifier_summaries(template: ParsedTemplate) -> list[dict[str, object]]:
    """The types of a template's resources that can be imported, with the logical ids and the identifying properties."""
    types = resource_types()
    kinds = [types[name] for name in sorted({resource.type for resource in template.resources.values()} & types.keys())]
    return [
        {
            "resource_type": kind.name,
            "logical_resource_ids": [
                name for name, resource in template.resources.items() if resource.type == kind.name
            ],
            "resource_identifiers": kind.schema.identifiers,
        }
        for kind in kinds
        if is_importable(kind)
    ]


def _check_listed(template: ParsedTemplate, resources: tuple[ResourceToImport, ...]) -> None:
    """Raise StackFault for a list of resources that does not fit the template, or their types."""
    if not resources:
        raise StackFault("Must Provide at least one resource to import")
    if len({each.logical_resource_id for each in resources}) < len(resources):
        raise StackFault("Every resource to import must have unique LogicalResourceId")
    if len({(each.resource_type, *sorted(each.resource_identifier.items())) for each in resources}) < len(resources):
        raise StackFault("Every resource to import must have unique ResourceIdentifier")
    types = resource_types()
    unsupported = {each.resource_type for each in resources if not is_importable(types.get(each.resource_type))}
    if unsupported:
        type_names = ",".join(sorted(unsupported))
        raise StackFault(f"The following resource types are not supported for resource import: {type_names}")
    for each in resources:
        names = types[each.resource_type].schema.identifiers
        if set(each.resource_identifier) != set(names):
            raise StackFault(
                f"Invalid resource identifier for resource type {each.resource_type}. Expected [{', '.join(names)}]"
            )
    missing = [each.logical_resource_id for each in resources if each.logical_resource_id not in template.resources]
    if missing:
        raise StackFault(
            f"The logical resource ids {_names(missing)} provided in ResourceToImport do not exist in the template."
        )
    for each in resources:
        declared_type = template.resources[each.logical_resource_id].type
        if declared_type != each.resource_type:
            raise StackFault(
                f"Resource type of [{each.logical_resource_id}] passed in ResourceToImport does not match with "
                f"resource type defined in the template. Resource type in ResourceToImport: {each.resource_type}; "
                f"Resource type in Template: {declared_type}."
            )


def _check_new(view: StackView, listed_ids: AbstractSet[str], former_resources: Mapping[str, TemplateResource]) -> None:
    """Raise StackFault unless the listed resources are the only new ones, and no other resource is changed.

    ``former_resources``: the resources in the stack's template. Their attributes are compared too, because a rollback
    of the import does not restore these.
    """
    resources, live = view.instance.template.resources, view.live
    if resources.keys() <= live.keys():
        raise StackFault("The template should contain at least one new resource to import.")
    if listed_ids & live.keys():
        raise StackFault(
            f"Resources {_names(listed_ids & live.keys())} passed in ResourceToImport are already in a stack and "
            "cannot be imported."
        )
    unlisted = resources.keys() - live.keys() - listed_ids
    if unlisted:
        raise StackFault(f"Resources {_names(unlisted)} is missing from ResourceToImport list")
    changes = [change for change in compare(view, ()) if not is_automatic(change)]
    changed_ids = {str(change["logical_resource_id"]) for change in changes} - listed_ids
    changed_ids |= {
        name
        for name in former_resources.keys() & resources.keys()
        if _attributes(former_resources[name]) != _attributes(resources[name])
    }
    if changed_ids:
        raise StackFault(
            f"You have modified resources {_names(changed_ids)} in your template that are not being imported. Update, "
            "create or delete operations cannot be executed during import operations."
        )
    without_policy = {name for name in listed_ids if not resources[name].has_deletion_policy}
    if without_policy:
        raise StackFault(
            f"The following resources to import {_names(without_policy)} must have DeletionPolicy attribute specified "
            "in the template."
        )


def _attributes(resource: TemplateResource) -> TemplateResource:
    """The attributes of a resource in a template, without its properties."""
    return replace(resource, properties={}, condition=None, has_deletion_policy=False)


def _names(names: Iterable[str]) -> str:
    return f"[{', '.join(sorted(names))}]"
