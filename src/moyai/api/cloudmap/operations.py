"""Operations: what CreateHttpNamespace and its like hand out instead of their result.

Promise: an operation is SUCCESS from the moment its id is known, since its work was done with the call;
``SUBMITTED`` and ``PENDING`` are never seen. The newest thousand of a scope are kept; AWS forgets by age.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_GetOperation.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

import msgspec

from moyai.api.cloudmap.filters import Filter, Rule, passes
from moyai.api.cloudmap.lookup import listed
from moyai.api.operation import Context
from moyai.domain.cloudmap.errors import DuplicateRequest, OperationNotFound
from moyai.domain.cloudmap.namespace import Namespace, Operation, OperationStatus
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.world import Change, Delete, Put
from moyai.kernel.ids import OperationId

KEPT = 1000
_ID_LENGTH = 32
_SUFFIX_LENGTH = 8


class GetOperationRequest(msgspec.Struct, frozen=True):
    """One operation."""

    operation_id: str


class ListOperationsRequest(msgspec.Struct, frozen=True):
    """Operations by what they did, to what, when, and how it went."""

    next_token: str | None = None
    max_results: int | None = None
    filters: tuple[Filter, ...] = ()


class Finished(NamedTuple):
    """An operation that is done, and the changes that write it down."""

    operation: Operation
    changes: list[Change]


def get_operation(ctx: Context, request: GetOperationRequest) -> dict[str, object]:
    """One operation of this scope."""
    found = ctx.store.world.operations.get(f"{scope_key(ctx.scope)}/{request.operation_id}")
    if found is None:
        raise OperationNotFound
    return {
        "operation": {
            "id": found.id,
            "owner_account": ctx.scope.account,
            "type": found.type,
            "status": found.status,
            "error_code": found.error_code,
            "error_message": found.error_message,
            "create_date": found.created_at,
            "update_date": found.updated_at,
            "targets": dict(found.targets),
        }
    }


def list_operations(ctx: Context, request: ListOperationsRequest) -> dict[str, object]:
    """The scope's operations that pass the filters."""
    world = ctx.store.world
    fits = passes(request.filters, _FILTERS)
    found = [o.key for o in world.operations.by("scope", scope_key(ctx.scope)) if fits(o)]
    page = listed(found, ("operations", request.filters), request.next_token, request.max_results)
    shown = (world.operations[key] for key in page.keys)
    return {"operations": [{"id": o.id, "status": o.status} for o in shown], "next_token": page.next_token}


def finished(ctx: Context, type_: str, namespace: Namespace) -> Finished:
    """A new operation on a namespace, done, and what to write for it."""
    operation_id = OperationId(f"{ctx.ids.alphanumeric(_ID_LENGTH)}-{ctx.ids.alphanumeric(_SUFFIX_LENGTH)}")
    operation = Operation(
        key=f"{scope_key(ctx.scope)}/{operation_id}",
        id=operation_id,
        type=type_,
        status=OperationStatus.SUCCESS,
        created_at=ctx.now,
        updated_at=ctx.now,
        targets={"NAMESPACE": namespace.id},
        creator_request_id=namespace.creator_request_id if type_ == "CREATE_NAMESPACE" else None,
    )
    kept = ctx.store.world.operations.by("scope", scope_key(ctx.scope))
    old = sorted(kept, key=lambda o: o.created_at)[: max(len(kept) + 1 - KEPT, 0)]
    return Finished(operation, [Put(operation), *(Delete(Operation, o.key) for o in old)])


def earlier(ctx: Context, asked: Namespace) -> Operation | None:
    """The operation that made this very namespace before, by its creator request id. Raises DuplicateRequest."""
    if asked.creator_request_id is None:
        return None
    world = ctx.store.world
    made = next(
        (
            n
            for n in world.namespaces.by("scope", scope_key(ctx.scope))
            if n.creator_request_id == asked.creator_request_id
        ),
        None,
    )
    if made is None:
        return None
    operations = world.operations.by("scope", scope_key(scope_of(made.arn)))
    operation = next((o for o in operations if o.creator_request_id == asked.creator_request_id), None)
    if operation is not None and _same(made, asked):
        return operation
    raise DuplicateRequest(
        "The creator request id was used for another request.",
        {"duplicate_operation_id": operation.id if operation is not None else None},
    )


def _same(made: Namespace, asked: Namespace) -> bool:
    return (made.name, made.type, made.description, made.vpc) == (asked.name, asked.type, asked.description, asked.vpc)


_FILTERS = MappingProxyType(
    {
        "NAMESPACE_ID": Rule[Operation](lambda o: o.targets.get("NAMESPACE", ""), ("EQ", "IN")),
        "SERVICE_ID": Rule[Operation](lambda o: o.targets.get("SERVICE", ""), ("EQ", "IN")),
        "STATUS": Rule[Operation](lambda o: o.status, ("EQ", "IN")),
        "TYPE": Rule[Operation](lambda o: o.type, ("EQ", "IN")),
        "UPDATE_DATE": Rule[Operation](lambda o: str(o.updated_at), ("BETWEEN",)),
    }
)
