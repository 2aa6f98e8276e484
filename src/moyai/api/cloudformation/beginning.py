"""The beginning of a stack's operation.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from moyai.api.cloudformation.lookup import stack_of
from moyai.api.operation import Context
from moyai.domain.cloudformation.errors import StackFault, StackLimitExceeded
from moyai.domain.cloudformation.stack import UPDATABLE, Stack, StackStatus, StackTemplate
from moyai.domain.keys import named_key, scope_key
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.arn import arn
from moyai.kernel.clock import later
from moyai.kernel.ids import StackId, StackTemplateId
from moyai.stacks.progress.events import ProgressRecorder
from moyai.stacks.records import exports
from moyai.stacks.template.expressions import ImportValue, walk
from moyai.stacks.template.sections import parse_template
from moyai.stacks.template.text import parse_text

MAX_STACKS: Final = 2000
_NAME: Final = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_USER: Final = "User Initiated"
_MINUTE: Final = 60.0


def new_stack(ctx: Context, name: str) -> Stack:
    """A stack of this name that is not recorded yet. Raises StackFault, StackLimitExceeded."""
    if _NAME.fullmatch(name) is None:
        raise StackFault(
            f"1 validation error detected: Value '{name[:200]}' at 'stackName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )
    world = ctx.store.world
    if sum(stack.exists for stack in world.stacks.each("scope", scope_key(ctx.scope))) >= MAX_STACKS:
        raise StackLimitExceeded(f"Limit for stack has been exceeded: {MAX_STACKS}")
    return Stack(
        arn=StackId(arn("cloudformation", ctx.scope, f"stack/{name}/{ctx.ids.uuid()}")),
        name=name,
        status=StackStatus.REVIEW_IN_PROGRESS,
        target=None,
        created_at=ctx.now,
        principal=ctx.principal,
    )


def updatable_stack(ctx: Context, name_or_id: str) -> Stack:
    """The stack with this name or id, if it takes an update. Raises StackFault."""
    stack = stack_of(ctx, name_or_id)
    if stack.status not in UPDATABLE:
        raise StackFault(f"Stack:{stack.arn} is in {stack.status.value} state and can not be updated.")
    return stack


def is_same(former: StackTemplate | None, template: StackTemplate) -> bool:
    """Whether an update from one template to another changes nothing."""
    return (
        former is not None
        and replace(template, id=former.id, body="") == replace(former, body="")
        and (former.body == template.body or parse_text(former.body) == parse_text(template.body))
    )


def begin(
    ctx: Context, stack: Stack, status: StackStatus, template: StackTemplate | None, reason: str = _USER
) -> dict[str, object]:
    """Record the beginning of an operation, with the template that it brings. Raises StackFault for its exports."""
    world = ctx.store.world
    operation = ctx.ids.uuid()
    members: dict[str, object] = {"operation_id": operation}
    changes: list[Change] = []
    if template is not None:
        members["imports"] = _imports(ctx, template)
        members["former"] = stack.target
        members["target"] = template.id
        changes += [Put(template), *_unused_templates(ctx, stack, {template.id, stack.target})]
        if stack.timeout_minutes is not None and status is StackStatus.CREATE_IN_PROGRESS:
            members["deadline"] = later(ctx.now, stack.timeout_minutes * _MINUTE)
    recorder = ProgressRecorder(replace(stack, **members), world.stack_events.by("stack", stack.arn), ctx.now, ctx.ids)
    recorder.set_stack(status, reason)
    ctx.store.apply([*changes, *recorder.changes])
    return {"stack_id": stack.arn, "operation_id": operation}


def check_exports(ctx: Context, stack: Stack, remaining: frozenset[str]) -> None:
    """Raise StackFault when another stack imports what this one exports no more."""
    world = ctx.store.world
    for output in stack.outputs.values():
        if output.export is None or output.export in remaining:
            continue
        importers = world.stacks.by("imported", named_key(ctx.scope, output.export))
        if importers:
            names = ", ".join(importer.name for importer in importers)
            raise StackFault(f"Export {output.export} cannot be deleted as it is in use by {names}")


def _imports(ctx: Context, template: StackTemplate) -> tuple[str, ...]:
    """The exports of other stacks that a template imports."""
    known = exports(ctx.store.world, ctx.scope)
    document = parse_template(parse_text(template.body))
    expressions = [*(r.properties for r in document.resources.values()), *(o.value for o in document.outputs.values())]
    names = (each.name for expression in expressions for each in walk(expression) if isinstance(each, ImportValue))
    return tuple(sorted({name for name in names if isinstance(name, str) and name in known}))


def _unused_templates(ctx: Context, stack: Stack, used: set[StackTemplateId | None]) -> list[Change]:
    world = ctx.store.world
    used |= {change_set.target for change_set in world.change_sets.by("stack", stack.arn)}
    return [
        Delete(StackTemplate, template.id)
        for template in world.stack_templates.by("stack", stack.arn)
        if template.id not in used
    ]
