"""The states of a change set and of those of its nested stacks, until it can be executed.

Promise: a tree of change sets that imports existing resources is complete when all candidates have been looked up. A
change set fails when that of one of its nested stacks has failed.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from moyai.domain.cloudformation.change_set import ChangeSet, ChangeSetStatus, ExecutionStatus, ImportCandidate
from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.kernel.ids import ChangeSetArn, StackId
from moyai.stacks.types.importing import identity_properties
from moyai.stacks.types.procedure import AwsCallFailed, Procedure, ResourceFailed
from moyai.stacks.types.registry import resource_types

_CHANGED: Final = "The nested stacks have changed while resources to import were looked for. Create a new change set."
_NOT_RETAINED: Final = (
    "CloudFormation is attempting to import some resources because they already exist in your account. The resources "
    "must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful "
    "import. The affected resources are "
)


def as_failed(change_set: ChangeSet, reason: str) -> ChangeSet:
    """The change set in the state FAILED, in which it can't be executed."""
    return replace(
        change_set,
        status=ChangeSetStatus.FAILED,
        execution_status=ExecutionStatus.UNAVAILABLE,
        status_reason=reason,
        changes=change_set.changes if change_set.nested else (),
        candidates={},
    )


def nested_failure(nested: Iterable[ChangeSet]) -> str | None:
    """Why a change set fails, given the change sets of its nested stacks; None when none of these has failed."""
    arns = [each.arn for each in nested if each.status is ChangeSetStatus.FAILED]
    return f"Nested change set {arns[0]} was not successfully created: Currently in FAILED." if arns else None


def with_pending_lookups(tree: Sequence[ChangeSet]) -> list[ChangeSet]:
    """The tree in CREATE_IN_PROGRESS if it has candidates to look up. When it has none, or one of its change sets has
    failed, it stays as it is, without candidates.
    """
    waits = any(each.candidates for each in tree) and not any(each.status is ChangeSetStatus.FAILED for each in tree)
    if not waits:
        return [replace(each, candidates={}) for each in tree]
    return [
        replace(each, status=ChangeSetStatus.CREATE_IN_PROGRESS, execution_status=ExecutionStatus.UNAVAILABLE)
        for each in tree
    ]


def resource_exists(candidate: ImportCandidate) -> Procedure[bool]:
    """Whether a resource exists. One that can't be described counts as absent; its creation will report the reason."""
    kind = resource_types()[candidate.type]
    try:
        yield from kind.describe(PhysicalResource(candidate.id, candidate.properties))
    except (AwsCallFailed, ResourceFailed):
        return False
    return True


def complete_tree(tree: Sequence[ChangeSet], existing: Mapping[ChangeSetArn, Collection[str]]) -> list[ChangeSet]:
    """The tree after the look-ups. ``existing``: the logical ids of the candidates that exist, by change set."""
    if not {arn for each in tree for arn in each.nested.values()} <= {each.arn for each in tree}:
        return as_changed(tree)
    completed_sets = {each.arn: _with_imports(each, existing.get(each.arn, ())) for each in tree}
    completed_sets |= {each.arn: as_failed(each, reason) for each, reason in _repetitions(tree, existing)}
    while True:
        failing = {
            each.arn: as_failed(each, reason)
            for each in completed_sets.values()
            if each.status is not ChangeSetStatus.FAILED
            and (reason := nested_failure(completed_sets[arn] for arn in each.nested.values())) is not None
        }
        if not failing:
            return list(completed_sets.values())
        completed_sets |= failing


def as_changed(tree: Iterable[ChangeSet]) -> list[ChangeSet]:
    """The tree in the state FAILED, because some of its change sets were removed or replaced before it was complete."""
    return [as_failed(each, _CHANGED) for each in tree]


def _repetitions(
    tree: Sequence[ChangeSet], existing: Mapping[ChangeSetArn, Collection[str]]
) -> Iterator[tuple[ChangeSet, str]]:
    """The change sets that import a resource which the tree already imports under another logical id, each with the
    reason of its failure.
    """
    owners: dict[str, tuple[StackId, str]] = {}
    for change_set in tree:
        for name in sorted(existing.get(change_set.arn, ())):
            candidate = change_set.candidates[name]
            names = identity_properties(resource_types()[candidate.type])
            identity = [(each, candidate.properties.get(each)) for each in sorted(names)]
            resource = (change_set.stack, name)
            stack, other = owner = owners.setdefault(repr((candidate.type, candidate.id, identity)), resource)
            if owner != resource:
                yield change_set, f"{candidate.id} would be imported as {name}, and as {other} of the stack {stack}."


def _with_imports(change_set: ChangeSet, existing: Collection[str]) -> ChangeSet:
    imports = {name: each for name, each in change_set.candidates.items() if name in existing}
    affected = [f"{name} ({_names(each)})" for name, each in sorted(imports.items()) if not each.is_retained]
    if affected:
        return as_failed(change_set, _NOT_RETAINED + ", ".join(affected))
    return replace(
        change_set,
        status=ChangeSetStatus.CREATE_COMPLETE,
        execution_status=ExecutionStatus.AVAILABLE,
        changes=tuple(_as_import(change, imports) for change in change_set.changes),
        importing={name: each.id for name, each in imports.items()},
        candidates={},
    )


def _names(candidate: ImportCandidate) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in candidate.identifiers.items()) + "}"


def _as_import(change: Mapping[str, Any], imported: Mapping[str, ImportCandidate]) -> Mapping[str, Any]:
    candidate = imported.get(str(change["logical_resource_id"]))
    return change if candidate is None else {**change, "action": "Import", "physical_resource_id": candidate.id}
