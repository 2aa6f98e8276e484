"""The beginning of a stack's operation: its checks and its first records.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from moyai.api.idempotency import token_of
from moyai.api.operation import Context
from moyai.domain.cloudformation.change_set import ChangeSet, ExecutionStatus
from moyai.domain.cloudformation.drift import DriftDetection, ResourceDrift
from moyai.domain.cloudformation.errors import StackFault, StackLimitExceeded, TokenAlreadyUsed
from moyai.domain.cloudformation.stack import FAILED, UPDATABLE, Stack, StackStatus, StackTemplate, resource_key
from moyai.domain.keys import scope_key
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import later
from moyai.kernel.ids import StackId, StackTemplateId
from moyai.stacks.progress.events import ProgressRecorder, former_events
from moyai.stacks.records import imported_names, removal_of
from moyai.stacks.template.text import parse_text

MAX_STACKS: Final = 2000
MAX_DEPTH: Final = 10
"""Number of stacks around a nested one."""
_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_WAITING: Final = StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
_USER: Final = "User Initiated"
_MINUTE: Final = 60.0


def new_stack(ctx: Context, name: str, others: int = 0) -> Stack:
    """A new stack with this name, which is not recorded. ``others``: the number of other new stacks that are not
    recorded yet, for the limit. Raises StackFault, StackLimitExceeded.
    """
    if _NAME.fullmatch(name) is None:
        raise StackFault(
            f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    world = ctx.store.world
    if world.stacks.count("existing", scope_key(ctx.scope)) + others >= MAX_STACKS:
        raise StackLimitExceeded(f"Limit for stack has been exceeded: {MAX_STACKS}")
    parent = world.stacks.get(ctx.stack)
    _check_depth(world, parent)
    return Stack(
        arn=StackId(arn("cloudformation", ctx.scope, f"stack/{name}/{ctx.ids.uuid()}")),
        name=name,
        status=StackStatus.REVIEW_IN_PROGRESS,
        target=None,
        created_at=ctx.now,
        parent=None if parent is None else parent.arn,
        root=None if parent is None else parent.root or parent.arn,
    )


def _check_depth(world: World, parent: Stack | None) -> None:
    """Raise StackLimitExceeded for a stack that is nested too deeply."""
    if sum(1 for _ in _around(world, parent)) > MAX_DEPTH:
        raise StackLimitExceeded(f"Stacks are nested at most {MAX_DEPTH} levels deep.")


def check_nesting(world: World, stack: Stack, body: str) -> None:
    """Raise StackFault when a stack around this one has the same template, because the number of stacks could then grow
    exponentially with the depth.
    """
    for ancestor in _around(world, world.stacks.get(stack.parent)):
        template = world.stack_templates.get(ancestor.target)
        if template is not None:
            check_another(stack.name, body, ancestor.name, template.body)


def check_another(name: str, body: str, around: str, around_body: str) -> None:
    """Raise StackFault for the nested stack ``name`` if its template is that of the stack ``around``."""
    if around_body == body:
        raise StackFault(
            f"The stack {around} around the stack {name} has the same template. A template can't nest itself: give the "
            "nested stack another one."
        )


def _around(world: World, stack: Stack | None) -> Iterator[Stack]:
    """The stack, if there is one, and the stacks around it."""
    while stack is not None:
        yield stack
        stack = world.stacks.get(stack.parent)


def check_updatable(world: World, stack: Stack, *, is_import: bool = False) -> None:
    """Raise StackFault for a stack that can't be updated in its state.

    A nested stack whose cleanup waits can be updated by its root stack, which is updated again after a failure. A stack
    whose first import has failed can't be updated, but another import is possible. An import is not possible after an
    operation that has failed, because it could not be rolled back to a template that describes the stack.
    """
    root = world.stacks.get(stack.root)
    waits = stack.status is _WAITING and root is not None and root.status is StackStatus.UPDATE_IN_PROGRESS
    is_settled = not is_import or stack.status not in FAILED
    if not ((stack.status in UPDATABLE and is_settled and (is_import or stack.target is not None)) or waits):
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not be updated.")


def is_repeated(stack: Stack, request: str | None) -> bool:
    """Whether the request with the fingerprint ``request`` has begun the stack's last operation.

    Raises TokenAlreadyUsed for another request with the same token.
    """
    if request is None or token_of(request) != token_of(stack.request):
        return False
    if request != stack.request:
        raise TokenAlreadyUsed(f"Client request token {token_of(request)} was used by another request.")
    return True


def is_same(former: StackTemplate | None, template: StackTemplate) -> bool:
    """Whether an update from the template ``former`` to ``template`` changes nothing."""
    return (
        former is not None
        and replace(template, id=former.id, body="") == replace(former, body="")
        and (former.body == template.body or parse_text(former.body) == parse_text(template.body))
    )


def begin(
    ctx: Context,
    stack: Stack,
    status: StackStatus,
    template: StackTemplate | None,
    reason: str = _USER,
    change_set: ChangeSet | None = None,
) -> dict[str, object]:
    """Record the beginning of an operation; the result is the response. ``template``: the new template, if there is
    one; ``change_set``: the change set that is executed.

    The stack's other change sets are deleted, because they describe changes to a former state.
    """
    world = ctx.store.world
    operation = ctx.ids.uuid()
    members: dict[str, object] = {"operation_id": operation}
    changes: list[Change] = []
    if template is not None:
        may_go_back = stack.status in {StackStatus.UPDATE_FAILED, _WAITING} and stack.former is not None
        former_template = stack.former if may_go_back else stack.target
        recorded_stack = world.stacks.get(stack.arn) or stack
        capabilities = recorded_stack.former_capabilities if may_go_back else recorded_stack.capabilities
        members |= {"former": former_template, "target": template.id, "former_capabilities": capabilities}
        importing = _imported_since(world, recorded_stack) if may_go_back else {}
        changes += [Put(template), *_end_change_sets(world, stack, change_set)]
        if change_set is not None:
            importing |= change_set.importing
            done = ExecutionStatus.EXECUTE_COMPLETE
            changes.append(Put(replace(change_set, execution_status=done, target=template.id)))
        members |= {"nested": _nested_in_review(world, change_set), "importing": importing}
        changes += _unused_templates(ctx, stack, {template.id, former_template})
        if stack.timeout_minutes is not None and status is StackStatus.CREATE_IN_PROGRESS:
            members["deadline"] = later(ctx.now, stack.timeout_minutes * _MINUTE)
    elif status is StackStatus.DELETE_IN_PROGRESS:
        changes += _end_change_sets(world, stack, None)
    changes += [Delete(ResourceDrift, drift.key) for drift in world.resource_drifts.each("stack", stack.arn)]
    changes += [Delete(DriftDetection, each.key) for each in world.drift_detections.each("stack", stack.arn)]
    recorder = ProgressRecorder(replace(stack, **members), former_events(world, stack.arn), ctx.now, ctx.ids)
    recorder.set_stack(status, reason)
    ctx.store.apply([*changes, *recorder.changes])
    return {"stack_id": stack.arn, "operation_id": operation}


def check_exports(ctx: Context, stack: Stack) -> None:
    """Raise StackFault when another stack imports an export of this one."""
    for name, importers in imported_names(ctx.store.world, stack).items():
        raise StackFault(f"Export {name} cannot be deleted as it is in use by {importers}")


def _end_change_sets(world: World, stack: Stack, executed_set: ChangeSet | None) -> list[Change]:
    """The changes that delete a stack's change sets, except the executed one. A root change set of which one was a part
    can't be executed any more.
    """
    obsolete = [each for each in world.change_sets.by("stack", stack.arn) if each != executed_set]
    roots = [root for each in obsolete if (root := world.change_sets.get(each.root)) is not None]
    pending = [root for root in roots if root.execution_status is ExecutionStatus.AVAILABLE]
    puts = [Put(replace(root, execution_status=ExecutionStatus.OBSOLETE)) for root in pending]
    return [*puts, *(change for each in obsolete for change in removal_of(world, each))]


def _nested_in_review(world: World, change_set: ChangeSet | None) -> dict[str, StackId]:
    """The nested stacks that a change set has created in REVIEW_IN_PROGRESS, by logical id."""
    nested = {} if change_set is None else change_set.nested
    reviews = [(name, world.change_sets.get(each)) for name, each in nested.items()]
    stacks = {name: world.stacks.get(review.stack) for name, review in reviews if review is not None}
    in_review = StackStatus.REVIEW_IN_PROGRESS
    return {name: stack.arn for name, stack in stacks.items() if stack is not None and stack.status is in_review}


def _imported_since(world: World, stack: Stack) -> dict[str, str]:
    """The imported resources that were added since the stack matched its template ``former``, with their physical ids.
    A rollback to that template keeps them.
    """
    records = world.stack_resources
    return {name: each for name, each in stack.importing.items() if resource_key(stack.arn, name) in records}


def _unused_templates(ctx: Context, stack: Stack, used_ids: set[StackTemplateId | None]) -> list[Change]:
    world = ctx.store.world
    return [
        Delete(StackTemplate, template.id)
        for template in world.stack_templates.by("stack", stack.arn)
        if template.id not in used_ids
    ]
