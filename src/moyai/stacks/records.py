"""Reads a stack from the records of the world: its instance, its exports and imports, and the records it consists of.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from moyai.domain.cloudformation.change_set import ChangeSet, ExecutionStatus
from moyai.domain.cloudformation.stack import MAY_GO_BACK, UPDATING, Stack, StackResource, StackStatus, StackTemplate
from moyai.domain.keys import named_key, scope_key
from moyai.domain.record import StoredRecord
from moyai.domain.vpc.default import availability_zones
from moyai.domain.world import Change, Delete, World
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.stacks.evaluation.scope import Values, pseudo_parameters
from moyai.stacks.instance import ParameterSource, StackInstance, instantiate, processed_document
from moyai.stacks.template.sections import transform_names
from moyai.stacks.template.text import parse_text
from moyai.stacks.transforms.include import include_files


def instance_of(world: World, stack: Stack, template: StackTemplate) -> StackInstance:
    """The instance of a recorded template. Raises TemplateFault, for instance for an export that no longer exists."""
    return instantiate(
        include_files(parse_text(template.body), template.included),
        source_of(template),
        known_values(world, stack),
        template.skipped_types,
    )


def source_of(template: StackTemplate) -> ParameterSource:
    """The sources of a recorded template's parameters."""
    return ParameterSource(request=template.parameters, stored=template.stored, unknown=frozenset(template.unknown))


def processed_text(world: World, stack: Stack, template: StackTemplate) -> str:
    """The text of a recorded template after its transforms, as JSON; without transforms, as it was sent.

    Raises TemplateFault.
    """
    document = include_files(parse_text(template.body), template.included)
    if not transform_names(document):
        return template.body
    values = known_values(world, stack)
    return json.dumps(processed_document(document, source_of(template), values, template.skipped_types))


def known_values(world: World, stack: Stack) -> Values:
    """The values that a stack's template can use without declaring them: pseudo parameters, zones and exports."""
    scope = stack.scope
    return Values(
        parameters=pseudo_parameters(scope, stack.name, stack.arn, stack.notification_arns),
        zones={scope.region: tuple(zone.name for zone in availability_zones(scope))},
        exports=exports(world, scope),
    )


def others_exports(world: World, stack: Stack) -> Mapping[str, str]:
    """The names of the other stacks of the account and region that export something, by the name of the export."""
    return {
        output.export: other.name
        for other in world.stacks.each("exporter", scope_key(stack.scope))
        for output in other.outputs.values()
        if output.export is not None and other.arn != stack.arn
    }


def imported_names(world: World, stack: Stack) -> Mapping[str, str]:
    """The names of the stacks that import an export of this stack, separated by commas, by the name of the export."""
    names = [output.export for output in stack.outputs.values() if output.export is not None]
    importers = {name: world.stacks.by("imported", named_key(stack.scope, name)) for name in names}
    return {name: ", ".join(importer.name for importer in stacks) for name, stacks in importers.items() if stacks}


def is_held(world: World, stack: Stack) -> bool:
    """Whether the stack's cleanup has to wait: in a nested stack for the root stack, whose update may still be rolled
    back; in the root stack for the updates of its nested stacks.
    """
    root = world.stacks.get(stack.root)
    if root is None:
        return any(nested.status in UPDATING for nested in world.stacks.each("root", stack.arn))
    return root.status in MAY_GO_BACK and stack.status is StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS


def records_of(world: World, stack: Stack) -> list[StoredRecord]:
    """All records of a stack except the stack itself."""
    tables = (world.stack_resources, world.stack_templates, world.stack_events, world.change_sets, world.stack_signals)
    return [record for table in tables for record in table.by("stack", stack.arn)]


def removal_of(world: World, change_set: ChangeSet) -> list[Change]:
    """The changes that delete a change set and those of its nested stacks, with the nested stacks in
    REVIEW_IN_PROGRESS, which exist for these change sets only.
    """
    changes: list[Change] = []
    for each in (change_set, *world.change_sets.by("root", change_set.arn)):
        changes.append(Delete(ChangeSet, each.arn))
        stack = world.stacks.get(each.stack)
        if stack is None or each.target not in {stack.target, stack.former}:
            changes.append(Delete(StackTemplate, each.target))
        if each.root is not None and stack is not None and stack.status is StackStatus.REVIEW_IN_PROGRESS:
            changes += [Delete(type(record), record.key) for record in (*records_of(world, stack), stack)]
    return list(dict.fromkeys(changes))


def left_in_review(world: World, stack: Stack) -> list[ChangeSet]:
    """The change sets of nested stacks that are still in REVIEW_IN_PROGRESS after their root change set's execution."""
    executed = ExecutionStatus.EXECUTE_COMPLETE
    roots = {each.arn for each in world.change_sets.by("stack", stack.arn) if each.execution_status is executed}
    return [
        each
        for root in roots
        for each in world.change_sets.by("root", root)
        if (nested := world.stacks.get(each.stack)) and nested.status is StackStatus.REVIEW_IN_PROGRESS
    ]


def hidden_values(world: World, stack: Stack) -> frozenset[str]:
    """The values of the hidden parameters (NoEcho) in the target and the former template of a stack."""
    templates = (world.stack_templates.get(stack.target), world.stack_templates.get(stack.former))
    return frozenset(text for template in templates if template is not None for text in template.hidden_texts)


def exports(world: World, scope: Scope) -> Mapping[str, str]:
    """The values that the stacks of an account and region export, by name."""
    return {
        output.export: output.value
        for stack in world.stacks.each("exporter", scope_key(scope))
        for output in stack.outputs.values()
        if output.export is not None
    }


def received_signals(world: World, resource: StackResource, token: str, now: Instant) -> Mapping[str, Any]:
    """The answer to a procedure's step ``Signals``: the data of successes by unique id, the unique id and the reason of
    the first failure, and the seconds since the resource's last change.
    """
    signals = world.stack_signals.by("token", token)
    failures = [(signal.unique_id, signal.reason) for signal in signals if not signal.is_success]
    return {
        "successes": {signal.unique_id: signal.data for signal in signals if signal.is_success},
        "failure": next(iter(failures), None),
        "seconds": now - resource.changed_at,
    }
