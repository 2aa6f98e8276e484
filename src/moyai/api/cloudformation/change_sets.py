"""Change sets: create, describe, execute, delete, list.

Promise: a change set is complete when its creation was answered.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html,
API_DescribeChangeSet.html, API_ExecuteChangeSet.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.beginning import begin, check_updatable, is_repeated, is_same, new_stack
from moyai.api.cloudformation.describe import parameter_views
from moyai.api.cloudformation.imports import ResourceToImport, check_unowned, imported_ids, owned_already
from moyai.api.cloudformation.lookup import change_set_of, find_change_set, find_stack, page_of, stack_of
from moyai.api.cloudformation.stacks import DeploymentConfig
from moyai.api.cloudformation.templates import ParameterInput, TemplateInput, read_template
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.tagging import Tag, tag_list
from moyai.domain.cloudformation.change_set import ChangeSet, ChangeSetStatus, ChangeSetType, ExecutionStatus
from moyai.domain.cloudformation.errors import InvalidChangeSetStatus, StackAlreadyExists, StackFault
from moyai.domain.cloudformation.stack import OnFailure, Stack, StackStatus, StackTemplate
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import ChangeSetArn
from moyai.stacks.instance import StackInstance
from moyai.stacks.progress.compare import compare
from moyai.stacks.progress.events import FormerEvents, ProgressRecorder
from moyai.stacks.progress.view import StackView
from moyai.stacks.records import instance_of

_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_AUTO_EXPAND: Final = "CAPABILITY_AUTO_EXPAND"
"""The capability that a change set need not be given: it can be read before it is executed."""
_NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_NO_UPDATES: Final = "No updates are to be performed."


class CreateChangeSetRequest(msgspec.Struct, frozen=True):
    stack_name: str
    change_set_name: str
    template_body: str | None = None
    template_url: str | None = None
    use_previous_template: bool = False
    parameters: tuple[ParameterInput, ...] = ()
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    tags: tuple[Tag, ...] | None = None
    client_token: str | None = None
    description: str | None = None
    change_set_type: ChangeSetType = ChangeSetType.UPDATE
    on_stack_failure: OnFailure = OnFailure.ROLLBACK
    resources_to_import: tuple[ResourceToImport, ...] = ()
    include_nested_stacks: bool = False
    import_existing_resources: bool = False  # nothing is imported: a resource whose name is taken fails
    deployment_config: DeploymentConfig = DeploymentConfig()


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


def create_change_set(ctx: Context, request: CreateChangeSetRequest) -> dict[str, object]:
    """Create a change set; of type CREATE, with a stack that is in review."""
    if _NAME.fullmatch(request.change_set_name) is None:
        raise StackFault(
            f"1 validation error detected: Value '{request.change_set_name[:200]}' at 'changeSetName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    requested_by = fingerprint(request.client_token, request)
    existing = find_change_set(ctx, request.change_set_name, request.stack_name)
    if existing is not None and requested_by is not None and existing.request == requested_by:
        return {"id": existing.arn, "stack_id": existing.stack}
    stack, is_new = _stack_for(ctx, request)
    if existing is not None:
        raise StackAlreadyExists(f"ChangeSet {request.change_set_name} already exists")
    requested = TemplateInput(
        request.template_body,
        request.use_previous_template,
        request.parameters,
        (*request.capabilities, _AUTO_EXPAND),
        request.tags,
    )
    template, instance = read_template(ctx, stack, requested)
    change_set = replace(_new_change_set(ctx, request, stack, template, instance), request=requested_by)
    changes: list[Change] = [Put(template), Put(change_set)]
    if is_new:
        recorder = ProgressRecorder(stack, FormerEvents(), ctx.now, ctx.ids)
        recorder.set_stack(StackStatus.REVIEW_IN_PROGRESS, "User Initiated", description=instance.template.description)
        changes += recorder.changes
    ctx.store.apply(changes)
    return {"id": change_set.arn, "stack_id": stack.arn}


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
    """The hooks that executing a change set would call: none."""
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
    """Begin the creation or update that a change set describes."""
    world = ctx.store.world
    change_set = change_set_of(ctx, request.change_set_name, request.stack_name)
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
    check_unowned(world, stack, instance, change_set.importing)
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
        importing=change_set.importing,
    )
    status = StackStatus.CREATE_IN_PROGRESS if is_creation else StackStatus.UPDATE_IN_PROGRESS
    status = StackStatus.IMPORT_IN_PROGRESS if is_import else status
    begin(ctx, stack, status, template, executed=change_set)
    return {}


def delete_change_set(ctx: Context, request: ChangeSetRequest) -> dict[str, object]:
    """Delete a change set; one that does not exist is deleted already, where its stack exists."""
    if request.stack_name is not None and not request.change_set_name.startswith("arn:"):
        stack_of(ctx, request.stack_name)
    change_set = find_change_set(ctx, request.change_set_name, request.stack_name)
    if change_set is not None:
        stack = ctx.store.world.stacks.get(change_set.stack)
        is_used = stack is not None and change_set.target in {stack.target, stack.former}
        templates = [] if is_used else [Delete(StackTemplate, change_set.target)]
        ctx.store.apply([Delete(ChangeSet, change_set.arn), *templates])
    return {}


def list_change_sets(ctx: Context, request: ListChangeSetsRequest) -> dict[str, object]:
    """The change sets of a stack, in pages."""
    stack = stack_of(ctx, request.stack_name)
    table = ctx.store.world.change_sets
    keys = [change_set.arn for change_set in table.by("stack", stack.arn)]
    on_page = page_of(keys, ("ListChangeSets", stack.arn), request.next_token)
    return {"summaries": [_summary(table[key]) for key in on_page.keys], "next_token": on_page.next_token}


def _stack_for(ctx: Context, request: CreateChangeSetRequest) -> tuple[Stack, bool]:
    """The stack of a new change set, and whether it is not recorded yet."""
    stack = find_stack(ctx, request.stack_name)
    if request.change_set_type is not ChangeSetType.UPDATE:
        if stack is None:
            return new_stack(ctx, request.stack_name), True
        if stack.status is StackStatus.REVIEW_IN_PROGRESS:
            return stack, False
    if stack is not None and request.change_set_type is ChangeSetType.CREATE:
        raise StackFault(
            f"Stack [{request.stack_name}] already exists and cannot be created again with the changeSet "
            f"[{request.change_set_name}]."
        )
    if stack is None or stack.status is StackStatus.REVIEW_IN_PROGRESS:
        raise StackFault(f"Stack [{request.stack_name}] does not exist")
    check_updatable(ctx.store.world, stack, is_import=request.change_set_type is ChangeSetType.IMPORT)
    return stack, False


def _new_change_set(
    ctx: Context, request: CreateChangeSetRequest, stack: Stack, template: StackTemplate, instance: StackInstance
) -> ChangeSet:
    world = ctx.store.world
    resources = {each.logical_id: each for each in world.stack_resources.by("stack", stack.arn)}
    former = world.stack_templates.get(stack.target)
    hidden = template.hidden_texts | (frozenset() if former is None else former.hidden_texts)
    view = StackView(stack, resources, ctx.now, instance=instance, tags=template.tags)
    importing = _importing(ctx, request, view, former)
    changes = compare(view, hidden, importing)
    is_empty = not changes and is_same(former, template)
    reason = (_NO_UPDATES if instance.template.transforms else _NO_CHANGES) if is_empty else None
    reason = reason or owned_already(world, stack, instance, importing)
    return ChangeSet(
        arn=ChangeSetArn(arn("cloudformation", ctx.scope, f"changeSet/{request.change_set_name}/{ctx.ids.uuid()}")),
        name=request.change_set_name,
        stack=stack.arn,
        stack_name=stack.name,
        type=request.change_set_type,
        status=ChangeSetStatus.CREATE_COMPLETE if reason is None else ChangeSetStatus.FAILED,
        execution_status=ExecutionStatus.AVAILABLE if reason is None else ExecutionStatus.UNAVAILABLE,
        target=template.id,
        created_at=ctx.now,
        status_reason=reason,
        description=request.description,
        changes=changes if reason is None else (),
        importing=importing,
        capabilities=request.capabilities,
        role_arn=request.role_arn,
        notification_arns=request.notification_arns,
        on_failure=OnFailure.DO_NOTHING if request.deployment_config.disable_rollback else request.on_stack_failure,
    )


def _importing(
    ctx: Context, request: CreateChangeSetRequest, view: StackView, former: StackTemplate | None
) -> dict[str, str]:
    """The physical ids of what a change set imports, by logical id. Raises StackFault."""
    if request.change_set_type is not ChangeSetType.IMPORT:
        if request.resources_to_import:
            raise StackFault("ResourcesToImport is only valid for change sets of type IMPORT.")
        return {}
    return imported_ids(ctx.store.world, view, request.resources_to_import, former)


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
        "include_nested_stacks": False,
        "import_existing_resources": False,
    }
