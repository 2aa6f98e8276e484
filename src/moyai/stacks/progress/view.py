"""The input for deciding a stack's next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import jmespath
import msgspec

from moyai.domain.cloudformation.stack import ResourceStatus, Stack, StackResource
from moyai.kernel.clock import Instant
from moyai.stacks.evaluation.evaluate import evaluate
from moyai.stacks.evaluation.scope import ResourceValues, Values
from moyai.stacks.hidden import derived_texts
from moyai.stacks.instance import NO_INSTANCE, StackInstance
from moyai.stacks.progress.settled import SettledResources
from moyai.stacks.skipping import SKIPPED
from moyai.stacks.template.expressions import Expression
from moyai.stacks.template.model import TemplateResource
from moyai.stacks.types.registry import resource_types

GONE: Final = frozenset({ResourceStatus.DELETE_COMPLETE, ResourceStatus.DELETE_SKIPPED})


class StackView(msgspec.Struct, frozen=True):
    """A stack, its resources by logical id, and its desired state, ``instance``.

    ``others_exports``, ``imported``, ``is_held``: as in ``stacks.records``. ``fault``: why the template can't be
    instantiated any more, though it could when the operation began.
    """

    stack: Stack
    resources: Mapping[str, StackResource]
    now: Instant
    others_exports: Mapping[str, str] = MappingProxyType({})
    imported: Mapping[str, str] = MappingProxyType({})
    instance: StackInstance = NO_INSTANCE
    tags: Mapping[str, str] = MappingProxyType({})
    fault: str | None = None
    is_held: bool = False
    settled: SettledResources = msgspec.field(default_factory=SettledResources)
    """The results of earlier steps of this phase; a cache only."""

    @property
    def live(self) -> dict[str, StackResource]:
        """The resources that are not gone."""
        return {name: resource for name, resource in self.resources.items() if resource.status not in GONE}

    @property
    def failed(self) -> list[StackResource]:
        """The resources that have failed in this phase of the operation."""
        phase = self.stack.phase
        return [each for each in self.resources.values() if each.status.failed and each.phase == phase]

    @property
    def is_busy(self) -> bool:
        """Whether the operation of a resource is in progress."""
        return any(resource.status.in_progress or resource.cleaning for resource in self.resources.values())

    def in_order(self) -> Iterator[tuple[str, TemplateResource]]:
        """The resources of the template by logical id, each after those that it needs."""
        for name in self.instance.sequence:
            yield name, self.instance.template.resources[name]


def is_left_alone(record: StackResource, resource: TemplateResource) -> bool:
    """Whether a resource was created before its type was skipped: then nothing changes it until its deletion."""
    return record.physical is not None and resource.type == SKIPPED + record.type


def values_with(values: Values, resources: Mapping[str, StackResource]) -> Values:
    """The values with those of the resources that exist. ``resources``: each after those that it needs."""
    by_name: dict[str, ResourceValues] = {}
    for resource in resources.values():
        add_values(resource, resources, by_name)
    return msgspec.structs.replace(values, resources=by_name)


def add_values(
    resource: StackResource, resources: Mapping[str, StackResource], by_name: dict[str, ResourceValues]
) -> None:
    """Add the values of a resource that exists to ``by_name``, and its contribution to the values of another one that
    ``by_name`` already has.
    """
    values, kind = values_of(resource), resource_types().get(resource.type)
    if values is None or resource.physical is None:
        return
    by_name[resource.logical_id] = values
    if kind is None or kind.contribution is None:
        return
    owner_id = resource.physical.properties.get(kind.contribution.owner)
    owners = [name for name in by_name if (physical := resources[name].physical) and physical.id == owner_id]
    for name in owners:
        attributes = dict(by_name[name].attributes)
        for attribute, path in kind.contribution.values.items():
            value, present = jmespath.search(path, dict(values.attributes)), attributes.get(attribute, ())
            if value and isinstance(present, tuple) and value not in present:
                attributes[attribute] = (*present, value)
        by_name[name] = msgspec.structs.replace(by_name[name], attributes=attributes)


def values_of(resource: StackResource) -> ResourceValues | None:
    """The values of a resource; None when it does not exist."""
    physical, kind = resource.physical, resource_types().get(resource.type)
    if physical is None:
        return None
    has_any_attribute = kind is not None and kind.has_any_attribute
    return ResourceValues(physical.ref, _expressions(physical.attributes), has_any_attribute)


def _expressions(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as expressions, in which lists are tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in attributes.items()}


def wanted_properties(resource: TemplateResource, values: Values, tags: Mapping[str, str]) -> Any:  # noqa: ANN401 (JSON, or functions)
    """The properties that a resource is to have, including the stack's tags, in the form in which they are recorded."""
    properties = plain(evaluate(resource.properties, values))
    kind = resource_types().get(resource.type)
    if kind is not None and kind.tagging is not None:
        name = kind.tagging.name
        own = kind.tagging.with_stack_tags(properties.get(name), tags)
        properties |= {} if own is None else {name: own}
    return properties


def hidden_texts(resource: TemplateResource, instance: StackInstance, name: str, values: Values) -> frozenset[str]:
    """The texts in a resource's properties that are computed from the values of hidden parameters."""
    masked = instance.masked.get(name)
    if masked is None:
        return frozenset()
    return derived_texts(evaluate(resource.properties, values), evaluate(masked, values))


def plain(expression: Expression) -> Any:  # noqa: ANN401 (JSON, or functions)
    """The expression with lists for tuples and dictionaries for mappings, which is its form when read from a record."""
    if isinstance(expression, tuple | list):
        return [plain(element) for element in expression]
    if isinstance(expression, Mapping):
        return {name: plain(member) for name, member in expression.items()}
    return expression
