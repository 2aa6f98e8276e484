"""Operations: what CreateHttpNamespace and similar requests return instead of their result.

Promise: what is submitted is done soon, whatever happens to this process. While it is under way, another operation on
the same subject is refused, with its id in the error. The same request with the same request id is the same operation
while the operation is kept: KEPT seconds after it is done, and among the newest MOST of a scope.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_GetOperation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from moyai.api.cloudmap.filters import Filter, FilterRule, matcher
from moyai.api.cloudmap.lookup import page_of
from moyai.api.operation import Context, PageRequest
from moyai.domain.cloudmap.errors import DuplicateRequest, OperationNotFound
from moyai.domain.cloudmap.operation import CloudMapOperation, OperationOrder, OperationStatus, OperationType
from moyai.domain.cloudmap.service import DiscoveryInstance
from moyai.domain.keys import scope_key
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import AccountId, NamespaceId, OperationId
from moyai.plan.cloudmap.namespaces import namespace_arn

MOST: Final = 10_000
_ID_LENGTH: Final = 32
_SUFFIX_LENGTH: Final = 8


class GetOperationRequest(msgspec.Struct, frozen=True):
    """The operation to describe."""

    operation_id: str
    owner_account: str | None = None


class ListOperationsRequest(PageRequest, frozen=True):
    """A page of operations, filtered by type, subject, status and time."""

    filters: tuple[Filter, ...] = ()


class Work(NamedTuple):
    """The work of an operation and its subject. ``within``: the scope or service that it adds something to."""

    type: OperationType
    order: OperationOrder
    targets: Mapping[str, str]
    subject: str
    within: str = ""


def get_operation(ctx: Context, request: GetOperationRequest) -> dict[str, object]:
    """Describe an operation of the caller's account and region."""
    operation = ctx.store.world.operations.get(f"{scope_key(ctx.scope)}/{request.operation_id}")
    owner = ctx.scope.account if operation is None else _owner(ctx, operation)
    if operation is None or request.owner_account not in {None, owner}:
        raise OperationNotFound
    return {
        "operation": {
            "id": operation.id,
            "owner_account": owner,
            "type": operation.type,
            "status": operation.status,
            "error_code": operation.error_code,
            "error_message": operation.error_message,
            "create_date": operation.created_at,
            "update_date": operation.updated_at,
            "targets": dict(operation.targets),
        }
    }


def _owner(ctx: Context, operation: CloudMapOperation) -> AccountId:
    """The account that owns the namespace of an operation."""
    subject = parse_arn(operation.subject)
    return ctx.scope.account if subject is None else subject.scope.account


def list_operations(ctx: Context, request: ListOperationsRequest) -> dict[str, object]:
    """A page of the operations of the caller's account and region that pass the filters."""
    world = ctx.store.world
    matches = matcher(request.filters, _FILTERS)
    operations = [o.key for o in world.operations.each("scope", scope_key(ctx.scope)) if matches(o)]
    page = page_of(operations, ("operations", request.filters), request.next_token, request.max_results)
    on_page = (world.operations[key] for key in page.keys)
    return {"operations": [{"id": o.id, "status": o.status} for o in on_page], "next_token": page.next_token}


def new_operation(ctx: Context, work: Work, request: object, request_id: str | None = None) -> CloudMapOperation:
    """A new operation for this work, which is not stored yet. Raises DuplicateRequest."""
    identity = OperationId(f"{ctx.ids.alphanumeric(_ID_LENGTH)}-{ctx.ids.alphanumeric(_SUFFIX_LENGTH)}")
    require_idle(ctx, work.subject)
    return CloudMapOperation(
        key=f"{scope_key(ctx.scope)}/{identity}",
        id=identity,
        type=work.type,
        status=OperationStatus.SUBMITTED,
        created_at=ctx.now,
        updated_at=ctx.now,
        targets=work.targets,
        order=work.order,
        subject=work.subject,
        within=work.within,
        creator_request_id=request_id,
        fingerprint=_fingerprint(request),
    )


def registration_id(instance: DiscoveryInstance) -> str | None:
    """The request id of a registration, qualified by its service."""
    creator = instance.creator_request_id
    return None if creator is None else f"{instance.service}/{creator}"


def submit(ctx: Context, operation: CloudMapOperation) -> dict[str, str]:
    """Store a new operation, and return the response with its id."""
    ctx.store.apply([Put(operation), *_deletion_of_oldest(ctx)])
    return {"operation_id": operation.id}


def repeated_operation(
    ctx: Context, type_: OperationType, request: object, request_id: str | None
) -> CloudMapOperation | None:
    """The operation that an equal request with this id started, while it is under way or its result still exists.

    Raises DuplicateRequest when another request used the id.
    """
    if request_id is None:
        return None
    key = f"{scope_key(ctx.scope)}/{type_}/{request_id}"
    operation = next(
        (candidate for candidate in ctx.store.world.operations.each("request", key) if _is_in_effect(ctx, candidate)),
        None,
    )
    if operation is not None and operation.fingerprint != _fingerprint(request):
        raise DuplicateRequest(
            f"The request id {request_id} was used for another request.", {"duplicate_operation_id": operation.id}
        )
    return operation


def require_idle(ctx: Context, subject: str) -> None:
    """Raises DuplicateRequest while another operation works on this subject."""
    busy = next(ctx.store.world.operations.each("open", subject), None)
    if busy is not None:
        raise DuplicateRequest(
            f"Another operation of type {busy.type} and id {busy.id} is in progress",
            {"duplicate_operation_id": busy.id},
        )


def _is_in_effect(ctx: Context, operation: CloudMapOperation) -> bool:
    """Whether an operation is under way, or its result still exists."""
    if not operation.finished:
        return True
    if operation.status is OperationStatus.FAIL:
        return False
    match operation.type:
        case OperationType.CREATE_NAMESPACE:
            namespace = namespace_arn(ctx.scope, NamespaceId(operation.targets["NAMESPACE"]))
            return namespace in ctx.store.world.namespaces
        case OperationType.REGISTER_INSTANCE:
            instance = ctx.store.world.discovery_instances.get(operation.subject)
            return instance is not None and registration_id(instance) == operation.creator_request_id
        case _:
            return True


def _fingerprint(request: object) -> str:
    return sha256(msgspec.json.encode(request, order="deterministic")).hexdigest()


def _deletion_of_oldest(ctx: Context) -> list[Change]:
    """The deletion of the oldest operation, when there are too many and it is finished."""
    operations, scope = ctx.store.world.operations, scope_key(ctx.scope)
    oldest = next(operations.each("scope", scope), None)
    if oldest is None or not oldest.finished or operations.count("scope", scope) < MOST:
        return []
    return [Delete(CloudMapOperation, oldest.key)]


_FILTERS = MappingProxyType(
    {
        "NAMESPACE_ID": FilterRule[CloudMapOperation](lambda o: o.targets.get("NAMESPACE", ""), ("EQ", "IN")),
        "SERVICE_ID": FilterRule[CloudMapOperation](lambda o: o.targets.get("SERVICE", ""), ("EQ", "IN")),
        "STATUS": FilterRule[CloudMapOperation](lambda o: o.status, ("EQ", "IN")),
        "TYPE": FilterRule[CloudMapOperation](lambda o: o.type, ("EQ", "IN")),
        "UPDATE_DATE": FilterRule[CloudMapOperation](lambda o: str(o.updated_at), ("BETWEEN",)),
    }
)
