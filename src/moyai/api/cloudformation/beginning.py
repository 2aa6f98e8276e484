"""The beginning of a stack's operation.

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
"""Stacks around a nested one."""
_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_WAITING: Final = StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
_USER: Final = "User Initiated"
_MINUTE: Final = 60.0


def new_stack(ctx: Context, name: str, others: int = 0) -> Stack:
    """A stack of this name that is not recorded yet, as are as many others. Raises StackFault, StackLimitExceeded."""
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
    """Raise StackLimitExceeded for a stack that is nested too deep."""
    if sum(1 for _ in _around(world, parent)) > MAX_DEPTH:
        raise StackLimitExceeded(f"Stacks are nested at most {MAX_DEPTH} levels deep.")


def check_nesting(world: World, stack: Stack, body: str) -> None:
    """Raise StackFault for a template that a stack around this one has: each level could have several of the next."""
    for ancestor in _around(world, world.stacks.get(stack.parent)):
        template = world.stack_templates.get(ancestor.target)
        if template is not None:
            check_another(stack.name, body, ancestor.name, template.body)


def check_another(name: str, body: str, around: str, around_body: str) -> None:
    """Raise StackFault for a nested stack with the template of a stack around it."""
    if around_body == body:
        raise StackFault(
            f"The stack {around} around the stack {name} has the same template. A template can't nest itself: give the "
            "nested stack another one."
        )


def _around(world: World, stack: Stack | None) -> Iterator[Stack]:
    """A stack and those around it."""
    while stack is not None:
        yield stack
        stack = world.stacks.get(stack.parent)


def check_updatable(world: World, stack: Stack, *, is_import: bool = False) -> None:
    """Raise StackFault for a stack whose state takes no update. A nested stack that waits with its cleanup takes one of
    the stack at the top, which is updated again after a failure. A stack whose first import has failed is nothing that
    could be updated, but takes another import. One whose last operation has failed takes none: the import could not go
    back to a template that describes the stack.
    """
    root = world.stacks.get(stack.root)
    waits = stack.status is _WAITING and root is not None and root.status is StackStatus.UPDATE_IN_PROGRESS
    is_settled = not is_import or stack.status not in FAILED
    if not ((stack.status in UPDATABLE and is_settled and (is_import or stack.target is not None)) or waits):
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not be updated.")


def is_repeated(stack: Stack, request: str | None) -> bool:
    """Whether a request, of this fingerprint, began the stack's last operation. Raises TokenAlreadyUsed for another one
    with its token.
    """
    if request is None or token_of(request) != token_of(stack.request):
        return False
    if request != stack.request:
        raise TokenAlreadyUsed(f"Client request token {token_of(request)} was used by another request.")
    return True


def is_same(former: StackTemplate | None, template: StackTemplate) -> bool:
    """Whether an update from one template to another changes nothing."""
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
    executed: ChangeSet | None = None,
) -> dict[str, object]:
    """Record the beginning of an operation, with the template that it brings; ``executed``: the change set with it.
    The stack's other change sets describe a former state, and are deleted.
    """
    world = ctx.store.world
    operation = ctx.ids.uuid()
    members: dict[str, object] = {"operation_id": operation}
    changes: list[Change] = []
    if template is not None:
        may_go_back = stack.status in {StackStatus.UPDATE_FAILED, _WAITING} and stack.former is not None
        former = stack.former if may_go_back else stack.target
        recorded = world.stacks.get(stack.arn) or stack
        capabilities = recorded.former_capabilities if may_go_back else recorded.capabilities
        members |= {"former": former, "target": template.id, "former_capabilities": capabilities}
        importing = _imported_since(world, recorded) if may_go_back else {}
        changes += [Put(template), *_end_change_sets(world, stack, executed)]
        if executed is not None:
            importing |= executed.importing
            done = ExecutionStatus.EXECUTE_COMPLETE
            changes.append(Put(replace(executed, execution_status=done, target=template.id)))
        members |= {"nested": _nested_in_review(world, executed), "importing": importing}
        changes += _unused_templates(ctx, stack, {template.id, former})
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
    """Raise StackFault when another stack imports what this one exports."""
    for name, importers in imported_names(ctx.store.world, stack).items():
        raise StackFault(f"Export {name} cannot be deleted as it is in use by {importers}")


def _end_change_sets(world: World, stack: Stack, executed: ChangeSet | None) -> list[Change]:
    """The removal of a stack's change sets. Those at the top of which one was a part can't be executed any more."""
    ended = [each for each in world.change_sets.by("stack", stack.arn) if each != executed]
    roots = [root for each in ended if (root := world.change_sets.get(each.root)) is not None]
    pending = [root for root in roots if root.execution_status is ExecutionStatus.AVAILABLE]
    puts = [Put(replace(root, execution_status=ExecutionStatus.OBSOLETE)) for root in pending]
    return [*puts, *(change for each in ended for change in removal_of(world, each))]


def _nested_in_review(world: World, change_set: ChangeSet | None) -> dict[str, StackId]:
    """The nested stacks that a change set has put in review, by logical id."""
    nested = {} if change_set is None else change_set.nested
    reviews = [(name, world.change_sets.get(each)) for name, each in nested.items()]
    stacks = {name: world.stacks.get(review.stack) for name, review in reviews if review is not None}
    in_review = StackStatus.REVIEW_IN_PROGRESS
    return {name: stack.arn for name, stack in stacks.items() if stack is not None and stack.status is in_review}


def _imported_since(world: World, stack: Stack) -> dict[str, str]:
    """What the stack has imported since it was what its template ``former`` says: it outlives the way back there."""
    records = world.stack_resources
    return {name: each for name, each in stack.importing.items() if resource_key(stack.arn, name) in records}


def _unused_templates(ctx: Context, stack: Stack, used: set[StackTemplateId | None]) -> list[Change]:
    world = ctx.store.world
    return [
        Delete(StackTemplate, template.id)
        for template in world.stack_templates.by("stack", stack.arn)
        if template.id not in used
    ]
