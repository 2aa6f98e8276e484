"""The procedure of a resource's operation, and the records of its result: the physical resource, or the failure.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, StackResource
from moyai.kernel.errors import MoyaiError
from moyai.stacks.dynamic_references import resolve_available, resolve_references
from moyai.stacks.hidden import hide
from moyai.stacks.progress.events import IMPORT_COMPLETED, INITIATED, TAGGING, ProgressRecorder
from moyai.stacks.template.model import DeletionPolicy
from moyai.stacks.types.importing import import_steps, without_tags
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Procedure, ResourceFailed
from moyai.stacks.types.registry import resource_types

_COMPLETE: Final = MappingProxyType(
    {
        ResourceStatus.CREATE_IN_PROGRESS: ResourceStatus.CREATE_COMPLETE,
        ResourceStatus.UPDATE_IN_PROGRESS: ResourceStatus.UPDATE_COMPLETE,
        ResourceStatus.DELETE_IN_PROGRESS: ResourceStatus.DELETE_COMPLETE,
    }
)
_FAILED: Final = MappingProxyType(
    {
        ResourceStatus.CREATE_IN_PROGRESS: ResourceStatus.CREATE_FAILED,
        ResourceStatus.UPDATE_IN_PROGRESS: ResourceStatus.UPDATE_FAILED,
        ResourceStatus.DELETE_IN_PROGRESS: ResourceStatus.DELETE_FAILED,
        ResourceStatus.IMPORT_IN_PROGRESS: ResourceStatus.IMPORT_FAILED,
    }
)
_NAME_PART: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
"""A part of a service's name that begins with a capital letter in the names of AWS's SDK for Java."""
_LONGEST_SNAPSHOT: Final = 255
"""Characters that the name of a snapshot may have."""
_HANDLER_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AccessDenied": "AccessDenied",
        "AlreadyExists": "AlreadyExists",
        "Duplicate": "AlreadyExists",
        "LimitExceeded": "ServiceLimitExceeded",
        "NotFound": "NotFound",
        "Throttl": "Throttling",
        "Invalid": "InvalidRequest",
        "Validation": "InvalidRequest",
        "InUse": "ResourceConflict",
        "Conflict": "ResourceConflict",
    }
)
"""CloudFormation's HandlerErrorCode, by a part of the service's error code."""


def procedure_of(resource: StackResource, context: ResourceContext) -> Procedure[PhysicalResource | None]:
    """The remaining steps of a resource's operation, which result in the physical resource; None after a deletion.

    Raises AwsCallFailed and ResourceFailed, whose messages have ``****`` for the values of dynamic references.
    """
    resolved_texts: set[str] = set()
    try:
        return (yield from _steps_of(resource, context, resolved_texts))
    except AwsCallFailed as fault:
        message = hide(fault.message, resolved_texts)
        raise AwsCallFailed(fault.service, fault.code, message, fault.status, fault.request_id) from None
    except ResourceFailed as fault:
        raise ResourceFailed(hide(str(fault), resolved_texts)) from None


def _steps_of(
    resource: StackResource, context: ResourceContext, resolved_texts: set[str]
) -> Procedure[PhysicalResource | None]:
    kind = resource_types()[resource.type]
    if resource.cleaning or resource.status is ResourceStatus.DELETE_IN_PROGRESS:
        current = () if resource.physical is None else (resource.physical,)
        if resource.cleaning and any(kind.is_same(resource.obsolete[0], each) for each in current):
            return None
        obsolete = resource.obsolete[:1] if resource.cleaning else resource.obsolete
        policies = [(each, resource.update_replace_policy) for each in obsolete]
        policies += [] if resource.cleaning else [(each, resource.deletion_policy) for each in current]
        for physical, policy in policies:
            if policy != DeletionPolicy.RETAIN.value or physical in current:
                properties = yield from resolve_available(physical.properties, resolved_texts)
                removed_type = kind
                if policy == DeletionPolicy.SNAPSHOT.value:
                    name = context.generate_name(_LONGEST_SNAPSHOT, lower_case=True, physical_id=physical.id)
                    removed_type = kind.with_snapshot(name)
                yield from removed_type.removal_steps(replace(physical, properties=properties), context)
        return None
    wanted = yield from resolve_references(resource.wanted or {}, resolved_texts)
    existing = resource.physical
    if resource.status is ResourceStatus.IMPORT_IN_PROGRESS and existing is not None:
        physical = yield from import_steps(kind, existing.id, wanted, context)
    elif resource.creating or existing is None:
        physical = yield from kind.create_steps(wanted, context, None if existing is None else existing.id)
    else:
        physical = yield from kind.update_steps(existing, wanted, context, resource.attempted)
    return _without_resolved(physical, wanted, resource.wanted or {})


def _without_resolved(
    physical: PhysicalResource, resolved: Mapping[str, object], unresolved: Mapping[str, object]
) -> PhysicalResource:
    """The physical resource as it is recorded: with its dynamic references instead of their values."""
    references = {
        name: value for name, value in unresolved.items() if name in physical.attributes and value != resolved[name]
    }
    return replace(physical, properties=unresolved, attributes={**physical.attributes, **references})


def record_identifier(recorder: ProgressRecorder, resource: StackResource, identifier: str) -> None:
    """Record the physical id of a resource as soon as it exists, before its operation has ended."""
    if resource.physical is not None and resource.physical.id == identifier:
        return
    physical = PhysicalResource(identifier, resource.wanted or {})
    recorder.set_resource(resource, resource.status, INITIATED, physical=physical)


def record_success(recorder: ProgressRecorder, resource: StackResource, physical: PhysicalResource | None) -> None:
    """Record that a resource's procedure has succeeded. ``physical``: its result."""
    if resource.cleaning:
        recorder.add_resource_event(resource, ResourceStatus.DELETE_COMPLETE, None, resource.obsolete[0])
        recorder.put_resource(replace(resource, cleaning=False, obsolete=resource.obsolete[1:]))
        return
    if resource.status is ResourceStatus.IMPORT_IN_PROGRESS and physical is not None:
        _record_import(recorder, resource, physical)
        return
    former = resource.physical
    is_another = physical is not None and former is not None and physical.id != former.id
    is_another = is_another and not resource_types()[resource.type].moves
    recorder.set_resource(
        resource,
        _COMPLETE[resource.status],
        physical=physical or resource.physical,
        obsolete=(*resource.obsolete, *((former,) if is_another and former else ())) if physical else (),
        wanted=None,
        attempted=None,
        creating=False,
        phase=resource.phase,
    )


def _record_import(recorder: ProgressRecorder, resource: StackResource, physical: PhysicalResource) -> None:
    """Record that a resource was imported, and begin the update that gives it the stack's tags."""
    kind, status = resource_types()[resource.type], ResourceStatus.IMPORT_COMPLETE
    physical = replace(physical, properties=without_tags(kind, physical.properties))
    imported = recorder.set_resource(resource, status, IMPORT_COMPLETED, physical=physical, phase=resource.phase)
    recorder.set_resource(imported, ResourceStatus.UPDATE_IN_PROGRESS, TAGGING, phase=resource.phase)


def record_failure(recorder: ProgressRecorder, resource: StackResource, fault: MoyaiError) -> None:
    """Record that a resource's procedure has failed. An obsolete resource whose deletion fails leaves the stack."""
    reason = failure_reason(resource, fault)
    if resource.cleaning:
        recorder.add_resource_event(resource, ResourceStatus.DELETE_FAILED, reason, resource.obsolete[0])
        recorder.put_resource(replace(resource, cleaning=False, obsolete=resource.obsolete[1:]))
        return
    recorder.set_resource(resource, _FAILED[resource.status], reason, phase=resource.phase)


def _sdk_name(service: str) -> str:
    """The name of a service in events, where AWS's handlers write it as their SDK does: DynamoDB as DynamoDb."""
    return "".join(part.capitalize() for part in _NAME_PART.findall(service))


def failure_reason(resource: StackResource, fault: MoyaiError) -> str:
    """The status reason of a failed resource. The error of a call has the form in which CloudFormation reports it."""
    if not isinstance(fault, AwsCallFailed):
        return str(fault)
    handler_code = next(
        (code for part, code in _HANDLER_CODES.items() if part in fault.code), "GeneralServiceException"
    )
    sent_to = f"Service: {_sdk_name(fault.service)}, Status Code: {fault.status}, Request ID: {fault.request_id}"
    return (
        f'Resource handler returned message: "{fault.message} ({sent_to})" (RequestToken: {resource.token}, '
        f"HandlerErrorCode: {handler_code})"
    )
