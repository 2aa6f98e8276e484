"""Deregisters and deletes task definitions.

Promise: tasks and services that use a deleted revision go on using it; when none uses it any more, the garbage
collector removes it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteTaskDefinitions.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.lookup import find_definition
from moyai.api.ecs.task_definitions.task_definitions import definition_view
from moyai.api.operation import Context
from moyai.domain.ecs.errors import ClientException, InvalidParameter
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.world import Put

_MAX_DELETED = 10
_ACTIVE = "The specified task definition is still in ACTIVE status. Please deregister the target and try again."
_ABSENT = "The specified task definition does not exist. Specify a valid account, family, revision and try again."
_MISNAMED = "The specified task definition identifier is invalid. Specify a valid name or ARN and try again."


class DeregisterTaskDefinitionRequest(msgspec.Struct, frozen=True):
    task_definition: str


class DeleteTaskDefinitionsRequest(msgspec.Struct, frozen=True):
    """Input of DeleteTaskDefinitions: ``family:revision`` or ARNs."""

    task_definitions: tuple[str, ...]


def deregister_task_definition(ctx: Context, request: DeregisterTaskDefinitionRequest) -> dict[str, object]:
    """Make a revision INACTIVE; services that use it are not affected."""
    if not _has_revision(request.task_definition):
        raise ClientException("Revision is missing.")
    definition = find_definition(ctx.store.world, ctx.scope, request.task_definition)
    if definition is None:
        raise ClientException("Unable to describe task definition.")
    if definition.status is TaskDefinitionStatus.ACTIVE:
        definition = replace(definition, status=TaskDefinitionStatus.INACTIVE, deregistered_at=ctx.now)
        ctx.store.apply([Put(definition)])
    return {"task_definition": definition_view(definition)}


def delete_task_definitions(ctx: Context, request: DeleteTaskDefinitionsRequest) -> dict[str, object]:
    """Mark INACTIVE revisions for deletion; the others are failures, each with its reason."""
    identifiers = tuple(dict.fromkeys(request.task_definitions))
    if not 1 <= len(identifiers) <= _MAX_DELETED:
        raise InvalidParameter(f"taskDefinitions must have between 1 and {_MAX_DELETED} items.")
    results = {identifier: _definition_or_reason(ctx, identifier) for identifier in identifiers}
    definitions = [
        r if r.delete_requested_at else _mark_for_deletion(ctx, r) for r in results.values() if not isinstance(r, str)
    ]
    ctx.store.apply([Put(definition) for definition in definitions])
    return {
        "task_definitions": [definition_view(definition) for definition in definitions],
        "failures": [{"arn": name, "reason": result} for name, result in results.items() if isinstance(result, str)],
    }


def _mark_for_deletion(ctx: Context, definition: TaskDefinition) -> TaskDefinition:
    return replace(definition, status=TaskDefinitionStatus.DELETE_IN_PROGRESS, delete_requested_at=ctx.now)


def _definition_or_reason(ctx: Context, identifier: str) -> TaskDefinition | str:
    """The revision, or the reason why it cannot be deleted."""
    if not _has_revision(identifier):
        return _MISNAMED
    try:
        definition = find_definition(ctx.store.world, ctx.scope, identifier)
    except InvalidParameter:
        return _MISNAMED
    if definition is None:
        return _ABSENT
    return _ACTIVE if definition.status is TaskDefinitionStatus.ACTIVE else definition


def _has_revision(identifier: str) -> bool:
    return ":" in identifier.rpartition("/")[2]
