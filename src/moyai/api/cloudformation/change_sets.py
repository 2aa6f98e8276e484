"""Change sets: describe, execute, delete, list.

Promise: the change sets of nested stacks are executed and deleted with that of their root stack, never alone.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html,
API_ExecuteChangeSet.html, API_DeleteChangeSet.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.beginning import begin, check_updatable, is_repeated
from moyai.api.cloudformation.describe import parameter_views
from moyai.api.cloudformation.imports import check_unowned
from moyai.api.cloudformation.lookup import change_set_of, find_change_set, page_of, stack_of
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.cloudformation.change_set import ChangeSet, ChangeSetType, ExecutionStatus
from moyai.domain.cloudformation.errors import InvalidChangeSetStatus
from moyai.domain.cloudformation.stack import OnFailure, StackStatus
from moyai.domain.world import World
from moyai.stacks.records import instance_of, removal_of


class ChangeSetRequest(msgspec.Struct, frozen=True):
    change_set_name: str
    stack_name: str | None = None


class DescribeChangeSetRequest(msgspec.Struct, frozen=True):
    change_set_name: str
    stack_name: str | None = None
    include_property_values: bool = False


class DescribeChangeSetHooksRequest(msgspec.Struct, frozen=True):
    change_set_name: str
    stack_name: str | None = None


class ExecuteChangeSetRequest(msgspec.Struct, frozen=True):
    change_set_name: str
    stack_name: str | None = None
    client_request_token: str | None = None
    disable_rollback: bool = False


class ListChangeSetsRequest(msgspec.Struct, frozen=True):
    stack_name: str
    next_token: str | None = None


def describe_change_set(ctx: Context, request: DescribeChangeSetRequest) -> dict[str, object]:
    """A change set with its changes."""
    change_set = change_set_of(ctx, request.change_set_name, request.stack_name)
    template = ctx.store.world.stack_templates[change_set.target]
    omitted = set() if request.include_property_values else {"before_context", "after_context"}
    changes = [{name: change[name] for name in change.keys() - omitted} for change in change_set.changes]
    return {
        **_summary(change_set),
        "description": change_set.description,
        "parameters": parameter_views(template),
        "notification_arns": change_set.notification_arns,
        "rollback_configuration": {},
        "capabilities": change_set.capabilities,
        "tags": tag_list(template.tags),
        "changes": [{"type": "Resource", "resource_change": change} for change in changes],
        "on_stack_failure": change_set.on_failure if change_set.type is ChangeSetType.CREATE else None,
    }


def describe_change_set_hooks(ctx: Context, request: DescribeChangeSetHooksRequest) -> dict[str, object]:
    """The hooks that the execution of a change set would call: none."""
    change_set = change_set_of(ctx, request.change_set_name, request.stack_name)
    return {
        "change_set_id": change_set.arn,
        "change_set_name": change_set.name,
        "stack_id": change_set.stack,
        "stack_name": change_set.stack_name,
        "hooks": [],
        "status": "PLANNED",
    }


def execute_change_set(ctx: Context, request: ExecuteChangeSetRequest) -> dict[str, object]:
    """Begin the creation, update or import that a change set describes."""
    world = ctx.store.world
    change_set = change_set_of(ctx, request.change_set_name, request.stack_name)
    _check_root(change_set, "executed")
    requested_by = fingerprint(request.client_request_token, request)
    stack = stack_of(ctx, change_set.stack)
    if change_set.execution_status is ExecutionStatus.EXECUTE_COMPLETE and is_repeated(stack, requested_by):
        return {}
    if change_set.execution_status is not ExecutionStatus.AVAILABLE:
        raise InvalidChangeSetStatus(
            f"ChangeSet [{change_set.arn}] cannot be executed in its current execution status of "
            f"[{change_set.execution_status}]"
        )
    is_creation = stack.status is StackStatus.REVIEW_IN_PROGRESS
    is_import = change_set.type is ChangeSetType.IMPORT
    if not is_creation:
        check_updatable(world, stack, is_import=is_import)
    template = world.stack_templates[change_set.target]
    instance = instance_of(world, stack, template)
    for each in (change_set, *world.change_sets.by("root", change_set.arn)):
        _check_imports(world, each)
    stack = replace(
        stack,
        description=instance.template.description,
        imports=instance.imports,
        capabilities=change_set.capabilities,
        role_arn=change_set.role_arn or stack.role_arn,
        notification_arns=change_set.notification_arns,
        on_failure=OnFailure.DO_NOTHING if request.disable_rollback else change_set.on_failure,
        client_token=request.client_request_token,
        request=requested_by,
        update_policy=None,
        updated_at=None if is_creation else ctx.now,
    )
    status = StackStatus.CREATE_IN_PROGRESS if is_creation else StackStatus.UPDATE_IN_PROGRESS
    status = StackStatus.IMPORT_IN_PROGRESS if is_import else status
    begin(ctx, stack, status, template, change_set=change_set)
    return {}


def delete_change_set(ctx: Context, request: ChangeSetRequest) -> dict[str, object]:
    """Delete a change set, if it exists; its stack has to exist."""
    if request.stack_name is not None and not request.change_set_name.startswith("arn:"):
        stack_of(ctx, request.stack_name)
    change_set = find_change_set(ctx, request.change_set_name, request.stack_name)
    if change_set is not None:
        _check_root(change_set, "deleted")
        _check_not_executing(ctx, change_set)
        ctx.store.apply(removal_of(ctx.store.world, change_set))
    return {}


def list_change_sets(ctx: Context, request: ListChangeSetsRequest) -> dict[str, object]:
    """The change sets of a stack, in pages."""
    stack = stack_of(ctx, request.stack_name)
    table = ctx.store.world.change_sets
    keys = [change_set.arn for change_set in table.by("stack", stack.arn)]
    on_page = page_of(keys, ("ListChangeSets", stack.arn), request.next_token)
    return {"summaries": [_summary(table[key]) for key in on_page.keys], "next_token": on_page.next_token}


def _check_imports(world: World, change_set: ChangeSet) -> None:
    """Raise StackFault for a change set that imports a resource which a stack has by now."""
    stack, template = world.stacks.get(change_set.stack), world.stack_templates.get(change_set.target)
    if change_set.importing and stack is not None and template is not None:
        check_unowned(world, stack, instance_of(world, stack, template), change_set.importing)


def _check_not_executing(ctx: Context, change_set: ChangeSet) -> None:
    """Raise InvalidChangeSetStatus for a change set whose execution is in progress."""
    stack = ctx.store.world.stacks.get(change_set.stack)
    has_begun = change_set.execution_status is ExecutionStatus.EXECUTE_COMPLETE
    if has_begun and stack is not None and stack.status.in_progress:
        raise InvalidChangeSetStatus(
            f"ChangeSet [{change_set.arn}] cannot be deleted while its stack is in {stack.status.value} state. Delete "
            "it when the operation has ended."
        )


def _check_root(change_set: ChangeSet, verb: str) -> None:
    """Raise InvalidChangeSetStatus for the change set of a nested stack."""
    if change_set.root is not None:
        raise InvalidChangeSetStatus(
            f"ChangeSet [{change_set.arn}] is a nested change set and can only be {verb} with its root change set "
            f"[{change_set.root}]."
        )


def _summary(change_set: ChangeSet) -> dict[str, object]:
    return {
        "change_set_name": change_set.name,
        "change_set_id": change_set.arn,
        "stack_id": change_set.stack,
        "stack_name": change_set.stack_name,
        "description": change_set.description,
        "creation_time": change_set.created_at,
        "execution_status": change_set.execution_status,
        "status": change_set.status,
        "status_reason": change_set.status_reason,
        "include_nested_stacks": change_set.includes_nested,
        "import_existing_resources": change_set.imports_existing,
        "parent_change_set_id": change_set.parent,
        "root_change_set_id": change_set.root,
    }
