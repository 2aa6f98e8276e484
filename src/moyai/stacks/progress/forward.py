"""The next steps of a stack towards its template: creations, updates and replacements.

Promise: the operation of a resource begins when all resources that it needs are settled, and all operations that can
begin do so at once. A resource that already has the wanted properties is left alone. After a failure no other operation
begins. The rollback of a failed update consists of the same steps, towards the former template; the former physical
resource of a replacement is used again, not created anew.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, StackResource, StackStatus
from moyai.kernel.ids import Ids
from moyai.stacks.evaluation.evaluate import evaluate
from moyai.stacks.evaluation.scope import ResourceValues
from moyai.stacks.policy import PolicyAction, parse_policy
from moyai.stacks.progress.events import IMPORT_STARTED, REPLACING, ProgressRecorder
from moyai.stacks.progress.view import StackView, add_values, hidden_texts, is_left_alone, plain, wanted_properties
from moyai.stacks.template.model import TemplateResource
from moyai.stacks.types.registry import resource_types
from moyai.stacks.types.update_policy import replaced_properties

_ROLLBACKS = frozenset({StackStatus.UPDATE_ROLLBACK_IN_PROGRESS})


class ForwardSteps:
    """Begins the operations that can begin. ``settled``: the resources that match the template, by logical id."""

    def __init__(self, view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
        self._view, self._recorder, self._ids = view, recorder, ids
        self._has_failed = bool(view.failed)
        text = view.stack.update_policy or view.stack.policy
        is_update = view.stack.status is StackStatus.UPDATE_IN_PROGRESS
        self._policy = parse_policy(text) if is_update and text is not None else None
        self.settled: dict[str, StackResource] = {}
        self._known: dict[str, ResourceValues] = {}
        self._values = replace(view.instance.values, resources=self._known)
        """The values of the template, with those of the settled resources, which ``_known`` collects."""
        self._live = view.live
        view.settled.enter(view.stack.phase)

    def begin(self) -> bool:
        """Begin every operation that can begin. Returns whether all resources are settled."""
        self._check_deletions()
        for name, resource in self._view.in_order():
            if self._view.instance.order[name] <= self.settled.keys():
                self._advance(name, resource, self._live.get(name))
        return len(self.settled) == len(self._view.instance.template.resources)

    def _check_deletions(self) -> None:
        """Fail the first resource that the template no longer has although the stack policy denies its deletion."""
        for name, record in self._live.items():
            denial = (
                None if name in self._view.instance.template.resources else self._denial(record, PolicyAction.DELETE)
            )
            if denial is not None and not self._has_failed:
                self._recorder.set_resource(record, ResourceStatus.UPDATE_FAILED, denial)
                self._has_failed = True

    def _denial(self, record: StackResource, action: PolicyAction) -> str | None:
        """Why the stack policy denies the update of a resource, if it does."""
        return None if self._policy is None else self._policy.denial(action, record.logical_id, record.type)

    def _advance(self, name: str, resource: TemplateResource, record: StackResource | None) -> None:
        if record is not None and record.status.in_progress:
            return
        if record is not None and self._settle_again(name, record):
            return
        if record is not None and self._stays(record, resource):
            self._settle(record)
            return
        try:
            wanted = wanted_properties(resource, self._values, self._view.tags)
        except TemplateFault as fault:
            self._fail(name, resource, record, fault.message)
            return
        if record is not None and self._is_settled(record, resource, wanted):
            self._settle(self._with_declaration(record, name, resource))
        elif not self._has_failed:
            self._begin(name, resource, record, wanted)

    def _stays(self, record: StackResource, resource: TemplateResource) -> bool:
        is_skipped = record.logical_id in self._view.stack.skipped or is_left_alone(record, resource)
        return is_skipped or self._is_done(record, resource)

    def _settle_again(self, name: str, record: StackResource) -> bool:
        """Settle a resource that an earlier step has found settled, if its record and the values that it refers to are
        unchanged. Returns whether they are.
        """
        entry = self._view.settled.find(record, self._view.instance.order[name], self._known)
        if entry is None:
            return False
        self.settled[name] = record
        if entry.values is not None:
            self._known[name] = entry.values
        return True

    def _settle(self, record: StackResource) -> None:
        name, kind = record.logical_id, resource_types().get(record.type)
        self.settled[name] = record
        add_values(record, self.settled, self._known)
        if kind is not None and not kind.always_updates and kind.contribution is None:
            self._view.settled.add(record, self._view.instance.order[name], self._known)

    def _begin(
        self, name: str, resource: TemplateResource, record: StackResource | None, wanted: Mapping[str, Any]
    ) -> None:
        obsolete = () if record is None or self._view.stack.status not in _ROLLBACKS else record.obsolete
        former = next((physical for physical in obsolete if physical.properties == wanted), None)
        if record is None and name in self._view.stack.importing:
            self._import(name, resource, wanted)
            return
        if record is not None and former is not None:
            self._restore(self._declare(record, name, resource), former)
            return
        if record is None or record.physical is None:
            self._create(name, resource, record, wanted)
            return
        kind = resource_types()[resource.type]
        before = (
            record.physical.properties if record.wanted is None else {**record.wanted, **record.physical.properties}
        )
        replaces = record.type != resource.type or bool(
            replaced_properties(kind, self._policy_of(resource), before, wanted)
        )
        denial = self._denial(record, PolicyAction.REPLACE if replaces else PolicyAction.MODIFY)
        if replaces and record.type == resource.type:
            denial = denial or kind.replacement_refusal(before, wanted)
        if denial is not None and before != wanted:
            self._fail(name, resource, record, denial)
        elif replaces:
            self._replace(self._declare(record, name, resource), resource, wanted)
        else:
            self._recorder.set_resource(
                self._declare(record, name, resource),
                ResourceStatus.UPDATE_IN_PROGRESS,
                wanted=wanted,
                attempted=record.wanted or record.attempted,
                creating=False,
            )

    def _replace(self, record: StackResource, resource: TemplateResource, wanted: Mapping[str, Any]) -> None:
        self._recorder.set_resource(
            record,
            ResourceStatus.UPDATE_IN_PROGRESS,
            REPLACING,
            type=resource.type,
            token=self._ids.uuid(),
            wanted=wanted,
            creating=True,
            sent=False,
            physical=None,
            attempted=None,
            obsolete=(*record.obsolete, *(() if record.physical is None else (record.physical,))),
        )

    def _import(self, name: str, resource: TemplateResource, wanted: Mapping[str, Any]) -> None:
        new = self._new_record(name, resource, ResourceStatus.IMPORT_IN_PROGRESS)
        physical = PhysicalResource(self._view.stack.importing[name], wanted)
        record = replace(self._declare(new, name, resource), physical=physical)
        self._recorder.set_resource(record, ResourceStatus.IMPORT_IN_PROGRESS, IMPORT_STARTED, wanted=wanted)

    def _create(
        self, name: str, resource: TemplateResource, record: StackResource | None, wanted: Mapping[str, Any]
    ) -> None:
        new = self._new_record(name, resource, ResourceStatus.CREATE_IN_PROGRESS)
        new = replace(new, obsolete=() if record is None else record.obsolete)
        self._recorder.set_resource(
            self._declare(new, name, resource), ResourceStatus.CREATE_IN_PROGRESS, wanted=wanted, creating=True
        )

    def _restore(self, record: StackResource, former_resource: PhysicalResource) -> None:
        """Make the physical resource that a replacement has made obsolete the current one again, instead of its
        successor.
        """
        successors = () if record.physical is None else (record.physical,)
        others = tuple(physical for physical in record.obsolete if physical != former_resource)
        record = replace(record, physical=former_resource, obsolete=(*others, *successors), wanted=None, creating=False)
        self._recorder.set_resource(record, ResourceStatus.UPDATE_COMPLETE)
        self._settle(record)

    def _fail(self, name: str, resource: TemplateResource, record: StackResource | None, reason: str) -> None:
        if self._has_failed:
            return
        if record is None:
            record = self._new_record(name, resource, ResourceStatus.CREATE_FAILED)
        status = ResourceStatus.CREATE_FAILED if record.physical is None else ResourceStatus.UPDATE_FAILED
        self._recorder.set_resource(record, status, reason)
        self._has_failed = True

    def _new_record(self, name: str, resource: TemplateResource, status: ResourceStatus) -> StackResource:
        return StackResource(
            stack=self._view.stack.arn,
            logical_id=name,
            type=resource.type,
            status=status,
            changed_at=self._view.now,
            token=self._ids.uuid(),
        )

    def _with_declaration(self, record: StackResource, name: str, resource: TemplateResource) -> StackResource:
        """The record with the resource's members in the template other than its properties."""
        declared = self._declare(record, name, resource)
        if declared == record:
            return record  # the same object, because SettledResources compares records by identity
        self._recorder.put_resource(declared)
        return declared

    def _declare(self, record: StackResource, name: str, resource: TemplateResource) -> StackResource:
        return replace(
            record,
            requires=tuple(sorted(self._view.instance.order[name])),
            deletion_policy=resource.deletion_policy.value,
            update_replace_policy=resource.update_replace_policy.value,
            metadata=plain(evaluate(resource.metadata, self._values)),
            hidden=tuple(sorted(hidden_texts(resource, self._view.instance, name, self._values))),
            creation_policy=plain(evaluate(resource.creation_policy, self._values)),
            update_policy=self._policy_of(resource),
        )

    def _policy_of(self, resource: TemplateResource) -> Mapping[str, Any]:
        policy: Mapping[str, Any] = plain(evaluate(resource.update_policy, self._values))
        return policy

    def _is_done(self, record: StackResource, resource: TemplateResource) -> bool:
        """Whether the resource was created or updated in this phase, so that it need not be compared again."""
        is_complete = record.status in {ResourceStatus.CREATE_COMPLETE, ResourceStatus.UPDATE_COMPLETE}
        return is_complete and record.phase == self._view.stack.phase and record.type == resource.type

    def _is_settled(self, record: StackResource, resource: TemplateResource, wanted: Mapping[str, Any]) -> bool:
        is_equal = (
            record.type == resource.type
            and record.physical is not None
            and record.wanted is None
            and record.physical.properties == wanted
        )
        stack = self._view.stack
        if not is_equal or not resource_types()[resource.type].always_updates:
            return is_equal
        is_untouched = stack.updated_at is None or record.changed_at < stack.updated_at
        return record.phase == stack.phase or (is_untouched and stack.status is not StackStatus.UPDATE_IN_PROGRESS)
