"""CreateChangeSet: the change set of a stack, and those of its nested stacks.

Promise: a change set is complete when its creation is answered, unless existing resources to import are looked up. The
change set of a nested stack describes the template that was read at its creation, and its execution uses that template.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html and
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from moyai.api.cloudformation.beginning import check_updatable, new_stack
from moyai.api.cloudformation.change_set_tree import ChangeSetOptions, ChangeSetTree, Proposal
from moyai.api.cloudformation.imports import ResourceToImport
from moyai.api.cloudformation.lookup import find_change_set, find_stack
from moyai.api.cloudformation.stacks import DeploymentConfig
from moyai.api.cloudformation.templates import ParameterInput, TemplateInput, read_template
from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.cloudformation.change_set import ChangeSetType
from moyai.domain.cloudformation.errors import StackAlreadyExists, StackFault
from moyai.domain.cloudformation.stack import OnFailure, Stack, StackStatus

_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_AUTO_EXPAND: Final = "CAPABILITY_AUTO_EXPAND"
"""The capability that no change set requires, because the user can read the changes before the execution."""


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
    import_existing_resources: bool = False
    deployment_config: DeploymentConfig = DeploymentConfig()


def create_change_set(ctx: Context, request: CreateChangeSetRequest) -> dict[str, object]:
    """Create a change set. For a new stack, also create the stack, in REVIEW_IN_PROGRESS."""
    _check_members(request)
    requested_by = fingerprint(request.client_token, request)
    existing = find_change_set(ctx, request.change_set_name, request.stack_name)
    if existing is not None and requested_by is not None and existing.request == requested_by:
        return {"id": existing.arn, "stack_id": existing.stack}
    stack, is_new = _stack_for(ctx, request)
    if existing is not None:
        raise StackAlreadyExists(f"ChangeSet {request.change_set_name} already exists")
    template_input = TemplateInput(
        request.template_body,
        request.use_previous_template,
        request.parameters,
        (*request.capabilities, _AUTO_EXPAND),
        request.tags,
    )
    template, instance = read_template(ctx, stack, template_input)
    disables_rollback = request.deployment_config.disable_rollback
    options = ChangeSetOptions(
        capabilities=request.capabilities,
        role_arn=request.role_arn,
        on_failure=OnFailure.DO_NOTHING if disables_rollback else request.on_stack_failure,
        resources_to_import=request.resources_to_import,
        includes_nested=request.include_nested_stacks,
        imports_existing=request.import_existing_resources,
    )
    tree = ChangeSetTree(ctx, options)
    change_set = tree.add_root(
        Proposal(request.change_set_name, request.change_set_type, stack, template, instance, is_new=is_new),
        description=request.description,
        request=requested_by,
        notification_arns=request.notification_arns,
    )
    ctx.store.apply(tree.changes())
    return {"id": change_set.arn, "stack_id": stack.arn}


def _check_members(request: CreateChangeSetRequest) -> None:
    """Raise StackFault for an invalid name, and for members that exclude each other."""
    if _NAME.fullmatch(request.change_set_name) is None:
        raise StackFault(
            f"1 validation error detected: Value '{request.change_set_name[:200]}' at 'changeSetName' failed to "
            "satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    if request.change_set_type is ChangeSetType.IMPORT and request.include_nested_stacks:
        raise StackFault("IncludeNestedStacks is not supported for change sets of type IMPORT.")
    if request.change_set_type is ChangeSetType.IMPORT and request.import_existing_resources:
        raise StackFault("ImportExistingResources is not supported for change sets of type IMPORT.")
    if request.change_set_type is not ChangeSetType.IMPORT and request.resources_to_import:
        raise StackFault("ResourcesToImport is only valid for change sets of type IMPORT.")


def _stack_for(ctx: Context, request: CreateChangeSetRequest) -> tuple[Stack, bool]:
    """The stack of a new change set, and whether it is new. Raises StackFault."""
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
