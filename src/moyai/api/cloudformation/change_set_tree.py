"""The records of a change set and of those of its nested stacks: a tree.

Promise: the change sets of a tree are recorded at once, and each nested one names its parent and its root. A nested
change set has a placeholder for the value of a parameter that depends on resources which do not exist yet.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/change-sets-for-nested-stacks.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.api.cloudformation.beginning import MAX_DEPTH, check_another, check_updatable, is_same, new_stack
from moyai.api.cloudformation.imports import ResourceToImport, import_candidates, imported_ids, owned_already
from moyai.api.cloudformation.templates import ParameterInput, TemplateInput, read_template
from moyai.api.operation import Context, NestedTemplate
from moyai.api.tagging import Tag
from moyai.domain.cloudformation.change_set import ChangeSet, ChangeSetStatus, ChangeSetType, ExecutionStatus
from moyai.domain.cloudformation.errors import CloudFormationFault, StackFault, StackLimitExceeded
from moyai.domain.cloudformation.stack import OnFailure, Stack, StackStatus, StackTemplate, resource_key
from moyai.domain.world import Change, Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import ChangeSetArn, Ids, StackTemplateId
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.instance import NO_INSTANCE, StackInstance
from moyai.stacks.progress.compare import NestedReview, compare
from moyai.stacks.progress.events import FormerEvents, ProgressRecorder
from moyai.stacks.progress.review import as_failed, nested_failure, with_pending_lookups
from moyai.stacks.progress.view import StackView
from moyai.stacks.template.expressions import IntrinsicFunction, is_value
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.rows.nested import WRONG_PARAMETERS, nested_parameters

MAX_NESTED: Final = 200
"""Number of nested stacks in one tree."""
MAX_NESTED_CHARACTERS: Final = 16_000_000
"""Characters of the templates of all these nested stacks."""
_LONGEST_NAME: Final = 128
_NO_CHANGES: Final = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
_NO_UPDATES: Final = "No updates are to be performed."
_FUNCTION: Final = "{{IntrinsicFunction://"
"""The beginning of a placeholder for a value with functions of resources."""


class NestedTemplatesMissing(Exception):
    """The templates at ``urls`` have to be read before the change sets can be made."""

    def __init__(self, urls: frozenset[str]) -> None:
        super().__init__()
        self.urls = urls


class ChangeSetOptions(msgspec.Struct, frozen=True):
    """The members of a request that apply to all change sets of the tree."""

    capabilities: tuple[str, ...]
    role_arn: str | None
    on_failure: OnFailure
    resources_to_import: tuple[ResourceToImport, ...]
    includes_nested: bool
    imports_existing: bool


class Proposal(msgspec.Struct, frozen=True):
    """A stack and the template that a change set proposes for it. ``is_new``: the stack is not recorded yet;
    ``around``: the templates of the stacks around it, by their names; ``problem``: why the template can't be used.
    """

    name: str
    type: ChangeSetType
    stack: Stack
    template: StackTemplate
    instance: StackInstance = NO_INSTANCE
    is_new: bool = False
    around: Mapping[str, str] = msgspec.field(default_factory=dict)
    parent: ChangeSetArn | None = None
    root: ChangeSetArn | None = None
    problem: str | None = None


class ChangeSetTree:
    """Collects the records of a change set and of those of its nested stacks."""

    def __init__(self, ctx: Context, options: ChangeSetOptions) -> None:
        self._ctx, self._options = ctx, options
        self._change_sets: dict[ChangeSetArn, ChangeSet] = {}
        self._size = self._characters = self._new_stacks = 0
        self._others: list[Change] = []
        self._missing: set[str] = set()

    def add_root(self, proposal: Proposal, **members: object) -> ChangeSet:
        """Add the change set of a stack, and those of its nested stacks. ``members``: further members of its record.

        Raises CloudFormationFault, and NestedTemplatesMissing.
        """
        change_set = self._add(proposal, members)
        if self._missing:
            raise NestedTemplatesMissing(frozenset(self._missing))
        return change_set

    def changes(self) -> list[Change]:
        """The changes that record everything that was added."""
        return [*self._others, *map(Put, with_pending_lookups([*self._change_sets.values()]))]

    def _add(self, proposal: Proposal, members: Mapping[str, object] = MappingProxyType({})) -> ChangeSet:
        """Add the change set of a stack, unless nothing changes in a nested stack. Returns the change set anyway."""
        world, stack = self._ctx.store.world, proposal.stack
        former_template = world.stack_templates.get(stack.target)
        self._new_stacks += proposal.is_new
        view = self._view(proposal)
        change_set = replace(self._new_change_set(proposal), **members)
        if proposal.type is ChangeSetType.IMPORT:
            importing = imported_ids(world, view, self._options.resources_to_import, former_template)
            change_set = replace(change_set, importing=importing)
        nested_sets: dict[str, ChangeSet] = {}
        change_set = replace(change_set, changes=self._compare(proposal, view, change_set, nested_sets))
        change_set = replace(change_set, nested={name: each.arn for name, each in nested_sets.items()})
        is_empty = not change_set.changes and is_same(former_template, proposal.template)
        reason = proposal.problem or nested_failure(nested_sets.values())
        if reason is None and is_empty:
            reason = _NO_UPDATES if proposal.instance.template.transforms else _NO_CHANGES
        reason = reason or owned_already(world, stack, proposal.instance, change_set.importing)
        if reason is not None:
            change_set = as_failed(change_set, reason)
        elif self._options.imports_existing:
            change_set = replace(change_set, candidates=import_candidates(world, view, proposal.template))
        if proposal.problem is not None or not is_empty or proposal.parent is None:
            self._record(proposal, change_set)
        return change_set

    def _view(self, proposal: Proposal) -> StackView:
        records = self._ctx.store.world.stack_resources.by("stack", proposal.stack.arn)
        resources = {record.logical_id: record for record in records}
        return StackView(
            proposal.stack, resources, self._ctx.now, instance=proposal.instance, tags=proposal.template.tags
        )

    def _new_change_set(self, proposal: Proposal) -> ChangeSet:
        name = f"changeSet/{proposal.name}/{self._ctx.ids.uuid()}"
        return ChangeSet(
            arn=ChangeSetArn(arn("cloudformation", self._ctx.scope, name)),
            name=proposal.name,
            stack=proposal.stack.arn,
            stack_name=proposal.stack.name,
            type=proposal.type,
            status=ChangeSetStatus.CREATE_COMPLETE,
            execution_status=ExecutionStatus.AVAILABLE,
            target=proposal.template.id,
            created_at=self._ctx.now,
            capabilities=self._options.capabilities,
            role_arn=self._options.role_arn,
            on_failure=self._options.on_failure,
            includes_nested=self._options.includes_nested,
            imports_existing=self._options.imports_existing,
            parent=proposal.parent,
            root=proposal.root,
        )

    def _compare(
        self, proposal: Proposal, view: StackView, change_set: ChangeSet, nested_sets: dict[str, ChangeSet]
    ) -> tuple[Mapping[str, Any], ...]:
        """The changes of a stack. Adds the change sets of its nested stacks, also to ``nested_sets``, by logical id."""
        if proposal.problem is not None:
            return ()
        former = self._ctx.store.world.stack_templates.get(proposal.stack.target)
        hidden = proposal.template.hidden_texts | (frozenset() if former is None else former.hidden_texts)

        def review(name: str, properties: Mapping[str, Any]) -> NestedReview | None:
            child = self._add_nested(proposal, change_set, name, properties) if self._options.includes_nested else None
            if child is None:
                return None
            if child.arn in self._change_sets:
                nested_sets[name] = child
            return NestedReview(child.stack, nested_sets[name].arn if name in nested_sets else None)

        return compare(view, hidden, change_set.importing, review)

    def _record(self, proposal: Proposal, change_set: ChangeSet) -> None:
        self._change_sets[change_set.arn] = change_set
        self._others.append(Put(proposal.template))
        if proposal.is_new:
            recorder = ProgressRecorder(proposal.stack, FormerEvents(), self._ctx.now, self._ctx.ids)
            description = proposal.instance.template.description
            recorder.set_stack(StackStatus.REVIEW_IN_PROGRESS, "User Initiated", description=description)
            self._others += recorder.changes

    def _add_nested(
        self, around: Proposal, change_set: ChangeSet, name: str, properties: Mapping[str, Any]
    ) -> ChangeSet | None:
        """Add the change set of the nested stack ``name``; None when its template is not read yet."""
        url = properties.get("TemplateURL")
        source = NestedTemplate(problem="TemplateURL must not depend on other resources.")
        if isinstance(url, str):
            if url not in self._ctx.nested_templates:
                self._missing.add(url)
                return None
            source = self._ctx.nested_templates[url]
        self._count(source)
        stack, is_new = self._nested_stack(around.stack, name)
        proposal = Proposal(
            name=_nested_name(change_set.name, name, self._ctx.ids),
            type=ChangeSetType.CREATE if is_new else ChangeSetType.UPDATE,
            stack=stack,
            template=StackTemplate(StackTemplateId(self._ctx.ids.uuid()), stack.arn, source.body),
            is_new=is_new,
            around={**around.around, around.stack.name: around.template.body},
            parent=change_set.arn,
            root=change_set.root or change_set.arn,
        )
        try:
            template, instance = self._read(proposal, source, ResourceContext(around.stack, name, ""), properties)
        except CloudFormationFault as fault:
            return self._add(replace(proposal, problem=fault.message))
        return self._add(replace(proposal, template=template, instance=instance))

    def _count(self, source: NestedTemplate) -> None:
        """Count a nested stack. Raises StackLimitExceeded when the tree gets too large."""
        self._size += 1
        self._characters += len(source.body)
        if self._size > MAX_NESTED:
            raise StackLimitExceeded(f"One change set concerns at most {MAX_NESTED} nested stacks.")
        if self._characters > MAX_NESTED_CHARACTERS:
            raise StackLimitExceeded(
                f"The templates of the nested stacks of one change set have at most {MAX_NESTED_CHARACTERS} characters "
                "together."
            )

    def _nested_stack(self, around: Stack, name: str) -> tuple[Stack, bool]:
        """The nested stack ``name``, and whether it is new."""
        world = self._ctx.store.world
        record = world.stack_resources.get(resource_key(around.arn, name))
        existing = None if record is None or record.physical is None else world.stacks.get(record.physical.id)
        if existing is not None and existing.exists:
            return existing, False
        stack_name = ResourceContext(around, name, self._ctx.ids.uuid()).generate_name(_LONGEST_NAME)
        stack = new_stack(self._ctx, stack_name, self._new_stacks)
        return replace(stack, parent=around.arn, root=around.root or around.arn), True

    def _read(
        self, proposal: Proposal, source: NestedTemplate, context: ResourceContext, properties: Mapping[str, Any]
    ) -> tuple[StackTemplate, StackInstance]:
        """The template of a nested stack, and the instance of it. Raises CloudFormationFault."""
        if source.problem is not None:
            raise StackFault(source.problem)
        if len(proposal.around) > MAX_DEPTH:
            raise StackLimitExceeded(f"Stacks are nested at most {MAX_DEPTH} levels deep.")
        for name, body in proposal.around.items():
            check_another(proposal.stack.name, source.body, name, body)
        if not proposal.is_new:
            check_updatable(self._ctx.store.world, proposal.stack)
        parameters = nested_parameters(properties)
        if parameters is None:
            raise StackFault(WRONG_PARAMETERS)
        tags = _tag_texts(properties.get("Tags", ()))
        template_input = TemplateInput(
            source.body,
            use_previous=False,
            parameters=tuple(ParameterInput(name, _parameter_text(value)) for name, value in parameters.items()),
            capabilities=self._options.capabilities,
            tags=tuple(Tag(key, text) for key, text in tags.items() if not _is_placeholder(key, text)),
            unknown=frozenset(name for name, value in parameters.items() if not is_value(value)),
        )
        template, instance = read_template(replace(self._ctx, included=source.included), proposal.stack, template_input)
        reserved = {tag["Key"]: tag["Value"] for tag in context.tags}
        return replace(template, tags={**tags, **template.tags, **reserved}), instance


def _nested_name(root: str, logical_id: str, ids: Ids) -> str:
    """The name of a nested stack's change set, of at most _LONGEST_NAME characters."""
    end = f"-{logical_id}-{ids.alphanumeric(12).upper()}"[-(_LONGEST_NAME - 1) :]
    return root[: _LONGEST_NAME - len(end)] + end


def _tag_texts(tags: Any) -> dict[str, str]:  # noqa: ANN401 (JSON, or functions)
    """The texts of tags, by key, with placeholders for functions of resources."""
    if isinstance(tags, IntrinsicFunction):
        return {_placeholder(tags): ""}
    pairs = [(tag, "") if isinstance(tag, IntrinsicFunction) else (tag["Key"], tag.get("Value", "")) for tag in tags]
    return {_parameter_text(key): _parameter_text(value) for key, value in pairs}


def _is_placeholder(*texts: str) -> bool:
    return any(text.startswith(_FUNCTION) for text in texts)


def _parameter_text(value: Any) -> str:  # noqa: ANN401 (JSON, or functions)
    """The text of a parameter; a placeholder for a value with functions of resources."""
    return text_of(value) if is_value(value) else _placeholder(value)


def _placeholder(value: Any) -> str:  # noqa: ANN401 (as above)
    kind = type(value).__name__ if isinstance(value, IntrinsicFunction) else "Join"
    return f"{_FUNCTION}{kind if kind == 'Ref' else f'Fn::{kind}'}}}}}"
