"""Finds the stacks and change sets that a request names, and makes pages of lists.

Promise: a deleted stack is found by its id, but not by its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moyai.api.operation import Context
from moyai.domain.cloudformation.change_set import ChangeSet, ExecutionStatus
from moyai.domain.cloudformation.errors import ChangeSetNotFound, StackFault
from moyai.domain.cloudformation.stack import Stack
from moyai.domain.keys import named_key, scope_of
from moyai.domain.paging import Page, page

PAGE: Final = 100
_ARN: Final = "arn:"


def find_stack(ctx: Context, name_or_id: str) -> Stack | None:
    """The stack with this name or id; None when there is none."""
    world = ctx.store.world
    if name_or_id.startswith(_ARN):
        stack = world.stacks.get(name_or_id)
        return stack if stack is not None and stack.scope == ctx.scope else None
    return next(iter(world.stacks.by("name", named_key(ctx.scope, name_or_id))), None)


def stack_of(ctx: Context, name_or_id: str) -> Stack:
    """The stack with this name or id. Raises StackFault."""
    stack = find_stack(ctx, name_or_id)
    if stack is None:
        raise StackFault(f"Stack [{name_or_id}] does not exist")
    return stack


def find_change_set(ctx: Context, name_or_id: str, stack_name: str | None) -> ChangeSet | None:
    """The change set with this name or id; None when there is none."""
    world = ctx.store.world
    if name_or_id.startswith(_ARN):
        change_set = world.change_sets.get(name_or_id)
        return change_set if change_set is not None and scope_of(change_set.arn) == ctx.scope else None
    stack = None if stack_name is None else find_stack(ctx, stack_name)
    change_sets = () if stack is None else world.change_sets.by("stack", stack.arn)
    return next((change_set for change_set in change_sets if change_set.name == name_or_id), None)


def change_set_of(ctx: Context, name_or_id: str, stack_name: str | None) -> ChangeSet:
    """The change set with this name or id. Raises StackFault, ChangeSetNotFound."""
    if not name_or_id.startswith(_ARN) and stack_name is None:
        raise StackFault("StackName must be specified if ChangeSetName is not specified as an ARN.")
    change_set = find_change_set(ctx, name_or_id, stack_name)
    if change_set is None:
        raise ChangeSetNotFound(f"ChangeSet [{name_or_id}] does not exist")
    return change_set


def reviewed_change_set(ctx: Context, stack: Stack | None) -> ChangeSet | None:
    """The change set of a nested stack that is executed as a part of its parent's change set; None when there is none,
    or when the parent stack is not the caller.
    """
    if stack is None or ctx.stack is None or stack.parent != ctx.stack:
        return None
    change_sets = ctx.store.world.change_sets
    return next(
        (
            each
            for each in change_sets.by("stack", stack.arn)
            if each.execution_status is ExecutionStatus.AVAILABLE
            and (parent := change_sets.get(each.parent)) is not None
            and parent.execution_status is ExecutionStatus.EXECUTE_COMPLETE
        ),
        None,
    )


def is_unchanged_by_review(ctx: Context, stack: Stack) -> bool:
    """Whether the parent stack, as the caller, executes a change set that has found nothing to change in this stack and
    in those nested in it.
    """
    if ctx.stack is None or stack.parent != ctx.stack:
        return False
    change_sets = ctx.store.world.change_sets
    parents = {each.parent for each in change_sets.by("stack", stack.arn)}
    return any(
        each.includes_nested and each.execution_status is ExecutionStatus.EXECUTE_COMPLETE and each.arn not in parents
        for each in change_sets.by("stack", ctx.stack)
    )


def is_reviewed(ctx: Context, stack: Stack) -> bool:
    """Whether the parent stack, as the caller, executes a change set that has read this stack's template."""
    return reviewed_change_set(ctx, stack) is not None or is_unchanged_by_review(ctx, stack)


def page_of(keys: Iterable[str], listing: object, token: str | None, *, size: int = PAGE) -> Page:
    """A page of a list. Raises StackFault for a token that is not of this listing."""
    return page(keys, listing, token, size, fault=StackFault)
