"""The next deletions of a stack's resources: of all of them, or of those that are obsolete after an update.

Promise: a resource is deleted after all resources that need it. A resource that its policy retains is left, with the
event DELETE_SKIPPED. While the deletion of a resource has failed, the resources that it needs are not deleted.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import ResourceStatus, StackResource, StackStatus
from moyai.stacks.progress.events import ProgressRecorder
from moyai.stacks.progress.view import StackView
from moyai.stacks.template.model import DeletionPolicy

_UNDOES_CREATION = frozenset(
    {StackStatus.ROLLBACK_IN_PROGRESS, StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS}
)
_RETAIN = DeletionPolicy.RETAIN.value
_RETAIN_EXCEPT_ON_CREATE = DeletionPolicy.RETAIN_EXCEPT_ON_CREATE.value


def begin_deletions(view: StackView, targets: Mapping[str, StackResource], recorder: ProgressRecorder) -> bool:
    """Begin the deletion of each target that no other target needs. Returns whether all targets are gone."""
    remaining = dict(targets)
    needed_names = {name for resource in remaining.values() for name in resource.requires}
    failed_names = {resource.logical_id for resource in view.failed}
    for name, resource in targets.items():
        if resource.status.in_progress or resource.cleaning or name in failed_names or name in needed_names:
            continue
        if _is_retained(view, resource):
            recorder.set_resource(resource, ResourceStatus.DELETE_SKIPPED)
            del remaining[name]
        elif resource.physical is None and not resource.obsolete:
            recorder.set_resource(resource, ResourceStatus.DELETE_COMPLETE, wanted=None)
            del remaining[name]
        else:
            recorder.set_resource(resource, ResourceStatus.DELETE_IN_PROGRESS, creating=False, wanted=None)
    return not remaining


def begin_cleanup(view: StackView, recorder: ProgressRecorder) -> bool:
    """Begin the deletion of physical resources that replacements have made obsolete. Returns whether none are left."""
    is_clean = True
    for resource in view.live.values():
        if not resource.obsolete or resource.status.in_progress:
            continue
        if resource.update_replace_policy == _RETAIN:
            for physical in resource.obsolete:
                recorder.add_resource_event(resource, ResourceStatus.DELETE_SKIPPED, None, physical)
            recorder.put_resource(replace(resource, obsolete=()))
            continue
        is_clean = False
        if not resource.cleaning:
            recorder.add_resource_event(resource, ResourceStatus.DELETE_IN_PROGRESS, None, resource.obsolete[0])
            recorder.put_resource(replace(resource, cleaning=True))
    return is_clean


def _is_retained(view: StackView, resource: StackResource) -> bool:
    if resource.logical_id in view.stack.retained:
        return True
    if resource.deletion_policy == _RETAIN_EXCEPT_ON_CREATE:
        return view.stack.status not in _UNDOES_CREATION or resource.logical_id in view.stack.importing
    return resource.deletion_policy == _RETAIN
