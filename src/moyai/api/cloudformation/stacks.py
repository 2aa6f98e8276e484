"""Stacks: create, update, delete, roll back.

Promise: an accepted operation has begun: the stack's status and first event are recorded, and a control loop carries it
out.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, API_UpdateStack.html,
API_DeleteStack.html, API_ContinueUpdateRollback.html, API_RollbackStack.html, API_CancelUpdateStack.html
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.beginning import begin, check_exports, check_updatable, is_repeated, is_same, new_stack
from moyai.api.cloudformation.imports import check_unowned
from moyai.api.cloudformation.lookup import find_stack, is_unchanged_by_review, reviewed_change_set, stack_of
from moyai.api.cloudformation.policies import checked_policy
from moyai.api.cloudformation.templates import ParameterInput, TemplateInput, read_template
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.cloudformation.change_set import ChangeSet
from moyai.domain.cloudformation.errors import StackAlreadyExists, StackFault
from moyai.domain.cloudformation.stack import (
    FAILED,
    IMPORTING,
    UPDATING,
    OnFailure,
    ResourceStatus,
    Stack,
    StackStatus,
    StackTemplate,
    resource_key,
)
from moyai.domain.world import Put
from moyai.stacks.instance import StackInstance

_UNDELETABLE: Final = frozenset({StackStatus.DELETE_COMPLETE})


class DeploymentConfig(msgspec.Struct, frozen=True):
    """How resources are waited for, and whether a failure is rolled back. The CDK sends it."""

    mode: Literal["STANDARD"] = "STANDARD"
    disable_rollback: bool = False


class CreateStackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    template_body: str | None = None
    template_url: str | None = None
    parameters: tuple[ParameterInput, ...] = ()
    disable_rollback: bool | None = None
    timeout_in_minutes: int | None = None
    notification_arns: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    on_failure: OnFailure | None = None
    tags: tuple[Tag, ...] = ()
    client_request_token: str | None = None
    enable_termination_protection: bool = False
    stack_policy_body: str | None = None
    stack_policy_url: str | None = None
    deployment_config: DeploymentConfig = DeploymentConfig()


class UpdateStackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    template_body: str | None = None
    template_url: str | None = None
    use_previous_template: bool = False
    parameters: tuple[ParameterInput, ...] = ()
    capabilities: tuple[str, ...] = ()
    role_arn: str | None = None
    notification_arns: tuple[str, ...] | None = None
    tags: tuple[Tag, ...] | None = None
    disable_rollback: bool = False
    client_request_token: str | None = None
    stack_policy_body: str | None = None
    stack_policy_url: str | None = None
    stack_policy_during_update_body: str | None = None
    stack_policy_during_update_url: str | None = None
    deployment_config: DeploymentConfig = DeploymentConfig()


class DeleteStackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    retain_resources: tuple[str, ...] = ()
    deletion_mode: Literal["STANDARD", "FORCE_DELETE_STACK"] = "STANDARD"
    role_arn: str | None = None
    client_request_token: str | None = None
    deployment_config: DeploymentConfig = DeploymentConfig()


class ContinueUpdateRollbackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    role_arn: str | None = None
    resources_to_skip: tuple[str, ...] = ()
    client_request_token: str | None = None


class RollbackStackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    role_arn: str | None = None
    client_request_token: str | None = None


class CancelUpdateStackRequest(msgspec.Struct, frozen=True):
    stack_name: str
    client_request_token: str | None = None


class UpdateTerminationProtectionRequest(msgspec.Struct, frozen=True):
    enable_termination_protection: bool
    stack_name: str


def create_stack(ctx: Context, request: CreateStackRequest) -> dict[str, object]:
    """Begin the creation of a stack."""
    if request.disable_rollback is not None and request.on_failure is not None:
        raise StackFault("Only one of DisableRollback and OnFailure can be specified.")
    requested_by = fingerprint(request.client_request_token, request)
    existing = find_stack(ctx, request.stack_name)
    if existing is not None and is_repeated(existing, requested_by):
        return {"stack_id": existing.arn, "operation_id": existing.operation_id}
    change_set = reviewed_change_set(ctx, existing)
    if existing is not None and change_set is None:
        raise StackAlreadyExists(f"Stack [{request.stack_name}] already exists")
    disables_rollback = request.disable_rollback or request.deployment_config.disable_rollback
    on_failure = request.on_failure or (OnFailure.DO_NOTHING if disables_rollback else OnFailure.ROLLBACK)
    stack = replace(
        existing or new_stack(ctx, request.stack_name),
        capabilities=request.capabilities,
        role_arn=request.role_arn,
        notification_arns=request.notification_arns,
        on_failure=on_failure,
        timeout_minutes=request.timeout_in_minutes,
        termination_protection=request.enable_termination_protection,
        client_token=request.client_request_token,
        request=requested_by,
        policy=checked_policy(request.stack_policy_body),
    )
    template_input = TemplateInput(
        request.template_body,
        use_previous=False,
        parameters=request.parameters,
        capabilities=request.capabilities,
        tags=request.tags,
    )
    template, instance = _read(ctx, stack, template_input, change_set)
    stack = replace(stack, description=instance.template.description, imports=instance.imports)
    return begin(ctx, stack, StackStatus.CREATE_IN_PROGRESS, template, change_set=change_set)


def update_stack(ctx: Context, request: UpdateStackRequest) -> dict[str, object]:
    """Begin the update of a stack. Raises StackFault when nothing would change."""
    stack = stack_of(ctx, request.stack_name)
    requested_by = fingerprint(request.client_request_token, request)
    if is_repeated(stack, requested_by):
        return {"stack_id": stack.arn, "operation_id": stack.operation_id}
    check_updatable(ctx.store.world, stack)
    disables_rollback = request.disable_rollback or request.deployment_config.disable_rollback
    is_unchanged = is_unchanged_by_review(ctx, stack)
    template_input = TemplateInput(
        None if is_unchanged else request.template_body,
        request.use_previous_template or is_unchanged,
        request.parameters,
        request.capabilities,
        request.tags,
    )
    change_set = reviewed_change_set(ctx, stack)
    template, instance = _read(ctx, stack, template_input, change_set)
    former_template = ctx.store.world.stack_templates.get(stack.target)
    is_equal = is_same(former_template, template) and not instance.may_change_itself
    if (is_equal or is_unchanged) and stack.status not in FAILED:
        raise StackFault("No updates are to be performed.")
    stack = replace(
        stack,
        description=instance.template.description,
        imports=instance.imports,
        capabilities=request.capabilities,
        role_arn=request.role_arn or stack.role_arn,
        notification_arns=stack.notification_arns if request.notification_arns is None else request.notification_arns,
        on_failure=OnFailure.DO_NOTHING if disables_rollback else OnFailure.ROLLBACK,
        client_token=request.client_request_token,
        request=requested_by,
        policy=checked_policy(request.stack_policy_body) or stack.policy,
        update_policy=checked_policy(request.stack_policy_during_update_body) or stack.policy,
        updated_at=ctx.now,
    )
    return begin(ctx, stack, StackStatus.UPDATE_IN_PROGRESS, template, change_set=change_set)


def _read(
    ctx: Context, stack: Stack, template_input: TemplateInput, change_set: ChangeSet | None
) -> tuple[StackTemplate, StackInstance]:
    """The template of a request, or of the change set that it executes, and the instance of it."""
    if change_set is None:
        return read_template(ctx, stack, template_input)
    reviewed_template = ctx.store.world.stack_templates.get(change_set.target)
    if reviewed_template is None:
        raise StackFault(f"The template of the change set {change_set.arn} is gone. Create a new change set.")
    template_input = replace(template_input, body=reviewed_template.body, use_previous=False)
    template, instance = read_template(replace(ctx, included=reviewed_template.included), stack, template_input)
    check_unowned(ctx.store.world, stack, instance, change_set.importing)
    return template, instance


def delete_stack(ctx: Context, request: DeleteStackRequest) -> None:
    """Begin the deletion of a stack, if it exists."""
    stack = find_stack(ctx, request.stack_name)
    if stack is None or stack.status in _UNDELETABLE | {StackStatus.DELETE_IN_PROGRESS}:
        return
    root = ctx.store.world.stacks.get(stack.root)
    if (stack if root is None or ctx.stack is not None else root).termination_protection:
        raise StackFault(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
    if request.retain_resources and stack.status is not StackStatus.DELETE_FAILED:
        raise StackFault(
            f"Invalid operation on stack [{stack.arn}]. Specify RetainResources only for stacks in DELETE_FAILED state."
        )
    forces_deletion = request.deletion_mode == "FORCE_DELETE_STACK"
    if forces_deletion and stack.status is not StackStatus.DELETE_FAILED:
        raise StackFault(
            f"Invalid operation on stack [{stack.arn}]. Specify DeletionMode FORCE_DELETE_STACK only for stacks in "
            "DELETE_FAILED state."
        )
    if stack.status in UPDATING | IMPORTING:
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not be deleted.")
    check_exports(ctx, stack)
    stack = replace(
        stack,
        retained=request.retain_resources,
        forces_deletion=forces_deletion,
        role_arn=request.role_arn or stack.role_arn,
        client_token=request.client_request_token,
    )
    begin(ctx, stack, StackStatus.DELETE_IN_PROGRESS, None)


def continue_update_rollback(ctx: Context, request: ContinueUpdateRollbackRequest) -> dict[str, object]:
    """Try the rollback of an update again, skipping the resources in ResourcesToSkip."""
    stack = stack_of(ctx, request.stack_name)
    if stack.status is not StackStatus.UPDATE_ROLLBACK_FAILED:
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not continue update rollback.")
    _check_skipped(ctx, stack, request.resources_to_skip)
    stack = replace(stack, skipped=request.resources_to_skip, client_token=request.client_request_token)
    begin(ctx, stack, StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, None)
    return {}


def _check_skipped(ctx: Context, stack: Stack, names: tuple[str, ...]) -> None:
    """Raise StackFault for the first resource whose rollback has not failed; one of a nested stack has that stack's
    logical id and a dot before its own.
    """
    records = ctx.store.world.stack_resources
    for name in names:
        record = records.get(resource_key(stack.arn, name.partition(".")[0]))
        if record is None or record.status is not ResourceStatus.UPDATE_FAILED:
            raise StackFault(
                f"Only resources whose rollback has failed (UPDATE_FAILED) can be skipped: [{name}] is none of them."
            )


def rollback_stack(ctx: Context, request: RollbackStackRequest) -> dict[str, object]:
    """Roll back a creation or update that has failed without a rollback. A parent stack may also roll back the update
    of a nested stack whose cleanup waits.
    """
    stack = stack_of(ctx, request.stack_name)
    is_asked_by_parent = stack.parent is not None and ctx.stack == stack.parent
    waits_for_parent = is_asked_by_parent and stack.status is StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    if stack.status not in FAILED and not waits_for_parent:
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not be rolled back.")
    stack = replace(stack, client_token=request.client_request_token)
    if stack.status is StackStatus.CREATE_FAILED or stack.former is None:
        return begin(ctx, stack, StackStatus.ROLLBACK_IN_PROGRESS, None)
    stack = replace(stack, target=stack.former, former=stack.target)
    return begin(ctx, stack, StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, None)


def cancel_update_stack(ctx: Context, request: CancelUpdateStackRequest) -> None:
    """Roll back an update that is in progress."""
    stack = stack_of(ctx, request.stack_name)
    if stack.status is not StackStatus.UPDATE_IN_PROGRESS or stack.former is None:
        raise StackFault(f"CancelUpdateStack cannot be called from current stack status {stack.status.value}")
    stack = replace(stack, target=stack.former, former=stack.target, client_token=request.client_request_token)
    begin(ctx, stack, StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, None, "User Initiated: Update cancelled")


def update_termination_protection(ctx: Context, request: UpdateTerminationProtectionRequest) -> dict[str, object]:
    """Forbid or allow the deletion of a stack."""
    stack = stack_of(ctx, request.stack_name)
    if stack.parent is not None:
        raise StackFault(
            "Termination protection cannot be updated on nested stacks. Update termination protection on the root "
            f"stack {stack.root} instead."
        )
    ctx.store.apply([Put(replace(stack, termination_protection=request.enable_termination_protection))])
    return {"stack_id": stack.arn}
