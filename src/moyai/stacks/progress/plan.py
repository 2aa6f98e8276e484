"""Decides the next step of a stack.

Promise: the step follows from the records alone, so that a control plane that was killed at any point continues there.
The stack is in one of AWS's states at every moment.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.domain.cloudformation.stack import OnFailure, ResourceStatus, StackOutput, StackResource, StackStatus
from moyai.kernel.ids import Ids
from moyai.stacks.evaluation.evaluate import evaluate, text_of
from moyai.stacks.progress.backward import begin_cleanup, begin_deletions
from moyai.stacks.progress.events import ProgressRecorder
from moyai.stacks.progress.forward import ForwardSteps
from moyai.stacks.progress.view import StackView, values_with

_VERBS: Final = MappingProxyType(
    {
        ResourceStatus.CREATE_FAILED: "create",
        ResourceStatus.UPDATE_FAILED: "update",
        ResourceStatus.DELETE_FAILED: "delete",
        ResourceStatus.IMPORT_FAILED: "import",
    }
)
_NEEDED: Final = "A resource that needs this one could not be deleted."
BACKWARD: Final = frozenset({StackStatus.ROLLBACK_IN_PROGRESS, StackStatus.DELETE_IN_PROGRESS})
"""The states in which a stack deletes all its resources, whatever its template says."""
_TIMED_OUT: Final = "Stack creation time exceeded the specified timeout. Rollback requested by user."


def plan_stack(view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
    """Record the next step of a stack whose operation is in progress."""
    _PHASES[view.stack.status](view, recorder, ids)


def _go_forward(view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
    status = view.stack.status
    if status is StackStatus.CREATE_IN_PROGRESS and view.stack.deadline is not None and view.now >= view.stack.deadline:
        _give_up(view, recorder, _TIMED_OUT)
        return
    if view.fault is not None:
        if not view.is_busy:
            _give_up(view, recorder, view.fault)
        return
    steps = ForwardSteps(view, recorder, ids)
    if steps.begin():
        _finish_forward(view, recorder, steps.settled)
    elif view.failed and not view.is_busy:
        _give_up(view, recorder, _failures(view))


def _finish_forward(view: StackView, recorder: ProgressRecorder, settled: Mapping[str, StackResource]) -> None:
    try:
        outputs = _outputs(view, settled)
        _check_exports(view, outputs)
    except TemplateFault as fault:
        _give_up(view, recorder, fault.message)
        return
    match view.stack.status:
        case StackStatus.CREATE_IN_PROGRESS:
            recorder.set_stack(StackStatus.CREATE_COMPLETE, outputs=outputs, deadline=None, importing={})
        case StackStatus.UPDATE_IN_PROGRESS:
            recorder.set_stack(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS, outputs=outputs)
        case StackStatus.IMPORT_IN_PROGRESS:
            recorder.set_stack(StackStatus.IMPORT_COMPLETE, outputs=outputs, former=None, importing={})
        case _:
            members = _template_members(view)
            status = StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS
            recorder.set_stack(status, None, outputs=outputs, skipped=(), **members)


def _template_members(view: StackView) -> dict[str, object]:
    """The members of a rolled back stack's record that follow from its template, as far as it can be instantiated."""
    former = view.stack.former_capabilities
    capabilities: dict[str, object] = {} if former is None else {"capabilities": former}
    if view.fault is not None:
        return capabilities
    return {**capabilities, "description": view.instance.template.description, "imports": view.instance.imports}


def _give_up(view: StackView, recorder: ProgressRecorder, reason: str) -> None:
    """Move a stack to the state that follows a failure: by its settings it is rolled back, deleted, or left failed."""
    stack = view.stack
    if stack.status is StackStatus.UPDATE_ROLLBACK_IN_PROGRESS:
        recorder.set_stack(StackStatus.UPDATE_ROLLBACK_FAILED, reason)
        return
    if stack.status is StackStatus.IMPORT_IN_PROGRESS:
        recorder.set_stack(StackStatus.IMPORT_ROLLBACK_IN_PROGRESS, reason, target=stack.former, former=None)
        return
    is_creation = stack.status is StackStatus.CREATE_IN_PROGRESS
    if stack.on_failure is OnFailure.DO_NOTHING:
        recorder.set_stack(
            StackStatus.CREATE_FAILED if is_creation else StackStatus.UPDATE_FAILED, reason, deadline=None
        )
    elif not is_creation:
        recorder.set_stack(
            StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, reason, target=stack.former or stack.target, former=stack.target
        )
    elif stack.on_failure is OnFailure.DELETE:
        recorder.set_stack(StackStatus.DELETE_IN_PROGRESS, reason, deadline=None)
    else:
        recorder.set_stack(StackStatus.ROLLBACK_IN_PROGRESS, reason, deadline=None)


def _go_backward(view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
    del ids
    is_rollback = view.stack.status is StackStatus.ROLLBACK_IN_PROGRESS
    failed_status = StackStatus.ROLLBACK_FAILED if is_rollback else StackStatus.DELETE_FAILED
    if view.fault is not None:
        if not view.is_busy:
            recorder.set_stack(failed_status, view.fault)
    elif begin_deletions(view, view.live, recorder):
        if is_rollback:
            recorder.set_stack(StackStatus.ROLLBACK_COMPLETE, importing={})
        else:
            recorder.set_stack(StackStatus.DELETE_COMPLETE, deleted_at=view.now, outputs={}, retained=())
    elif view.failed and not view.is_busy and not recorder.has_begun:
        if view.stack.forces_deletion and not is_rollback:
            for resource in view.failed:
                recorder.set_resource(resource, ResourceStatus.DELETE_SKIPPED, resource.reason)
            return
        recorder.set_stack(failed_status, _failures(view))


def _undo_import(view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
    """Remove the imported resources from the stack; the physical resources are not touched."""
    del ids
    for name, resource in view.live.items():
        if name in view.stack.importing:
            recorder.set_resource(resource, ResourceStatus.IMPORT_ROLLBACK_IN_PROGRESS)
            recorder.set_resource(resource, ResourceStatus.IMPORT_ROLLBACK_COMPLETE)
            recorder.remove_resource(resource)
    recorder.set_stack(StackStatus.IMPORT_ROLLBACK_COMPLETE, None, importing={}, **_template_members(view))


def _clean_up(view: StackView, recorder: ProgressRecorder, ids: Ids) -> None:
    """Delete the resources that the template no longer has. Those whose deletion fails leave the stack as they are."""
    del ids
    is_update = view.stack.status is StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS
    status = StackStatus.UPDATE_COMPLETE if is_update else StackStatus.UPDATE_ROLLBACK_COMPLETE
    if view.fault is not None:
        recorder.set_stack(status, f"Cleanup was not possible: {view.fault}", former=None, importing={})
        return
    if view.is_held:
        return
    wanted = view.instance.template.resources
    surplus = {name: resource for name, resource in view.live.items() if name not in wanted}
    is_gone = begin_deletions(view, surplus, recorder)
    is_clean = begin_cleanup(view, recorder)
    if view.is_busy or recorder.has_begun:
        return
    if (is_gone and is_clean) or view.failed:
        for name, resource in view.resources.items():
            if name not in wanted:
                recorder.remove_resource(resource)
                if not is_gone and resource.physical is not None and resource not in view.failed:
                    recorder.add_resource_event(resource, ResourceStatus.DELETE_FAILED, _NEEDED)
        recorder.set_stack(status, former=None, importing={})


_PHASES: Final[Mapping[StackStatus, Callable[[StackView, ProgressRecorder, Ids], None]]] = MappingProxyType(
    {
        StackStatus.CREATE_IN_PROGRESS: _go_forward,
        StackStatus.UPDATE_IN_PROGRESS: _go_forward,
        StackStatus.IMPORT_IN_PROGRESS: _go_forward,
        StackStatus.IMPORT_ROLLBACK_IN_PROGRESS: _undo_import,
        StackStatus.UPDATE_ROLLBACK_IN_PROGRESS: _go_forward,
        StackStatus.ROLLBACK_IN_PROGRESS: _go_backward,
        StackStatus.DELETE_IN_PROGRESS: _go_backward,
        StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: _clean_up,
        StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: _clean_up,
    }
)


def _outputs(view: StackView, settled: Mapping[str, StackResource]) -> dict[str, StackOutput]:
    values = values_with(view.instance.values, settled)
    outputs = {}
    for name, output in view.instance.template.outputs.items():
        value = evaluate(output.value, values)
        if isinstance(value, tuple | Mapping):
            raise TemplateFault(
                f"Template format error: Output {name} is malformed. The Value field of every Outputs member must "
                "evaluate to a String."
            )
        export = None if output.export is None else text_of(evaluate(output.export, values))
        outputs[name] = StackOutput(text_of(value), output.description, export)
    return outputs


def _check_exports(view: StackView, outputs: Mapping[str, StackOutput]) -> None:
    """Raise TemplateFault for an export that another stack has, and for a changed export that other stacks import."""
    values_by_export = {output.export: output.value for output in outputs.values() if output.export is not None}
    for name in values_by_export:
        if name in view.others_exports:
            raise TemplateFault(f"Export with name {name} is already exported by stack {view.others_exports[name]}.")
    for former in view.stack.outputs.values():
        export = former.export
        if export is not None and export in view.imported and values_by_export.get(export) != former.value:
            verb = "updated" if export in values_by_export else "deleted"
            raise TemplateFault(f"Export {export} cannot be {verb} as it is in use by {view.imported[export]}")


def _failures(view: StackView) -> str:
    """The failed resources as a status reason, in CloudFormation's words."""
    resources = view.failed
    verb = _VERBS[resources[0].status]
    names = ", ".join(sorted(resource.logical_id for resource in resources))
    goes_back = view.stack.on_failure is not OnFailure.DO_NOTHING and "DELETE" not in view.stack.status
    suffix = " Rollback requested by user." if goes_back else ""
    return f"The following resource(s) failed to {verb}: [{names}].{suffix}"
