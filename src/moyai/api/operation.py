"""What an AWS service is to the door: a table of operations, each a typed request and a function.

Promise: a handler is a plain function of its context and its request. It reads ``ctx.store.world``, says
what is to change with ``ctx.store.apply`` and returns a Struct (or a mapping) in moyai's names; it
raises the service's own errors. It starts nothing and waits for nothing; the door makes what it
changed durable before the answer leaves. An operation that has to ask somebody (a metrics query)
may be a coroutine function.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Generic, TypeVar

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import ClientFault, InvalidInput, OperationNotYet
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

R = TypeVar("R")


class Context(msgspec.Struct, frozen=True):
    """Who asks, when, and where the world is kept."""

    scope: Scope
    now: Instant
    ids: Ids
    store: Store
    principal: str
    """The caller's ARN."""
    access_key: str
    """The caller's access key id; empty when the request was not signed."""
    request_id: str
    host: str = ""
    """Host and port as the caller calls them."""
    user_id: str = ""
    """As GetCallerIdentity tells it."""


class Operation(msgspec.Struct, Generic[R], frozen=True):
    """One operation: AWS's name for it, its typed request, its handler."""

    name: str
    request: type[R]
    """A frozen msgspec.Struct; its fields are the input's members in snake_case."""
    handle: Callable[[Context, R], object]
    """Gives the output (None when there is none), or an awaitable of it."""
    input_fault: type[ClientFault] | None = None
    """What invalid input raises here, when it is not what the service raises elsewhere."""
    basis: Callable[[Context, R], Hashable] | None = None
    """For what is asked again and again and only reads: everything of the world that the answer is made of. As long as
    that is equal, the answer to the same request from the same scope is. Raises what ``handle`` would raise. Only
    where every protocol of the service has the whole input in the body.
    """


class Service(msgspec.Struct, frozen=True):
    """One AWS service."""

    name: str
    """botocore's name: ``ecs``, ``servicediscovery``, …"""
    operations: Mapping[str, Operation[Any]] = MappingProxyType({})
    refused: Mapping[str, str] = MappingProxyType({})
    """Input members that are refused on purpose; see ``wire.accept.Refusals`` for the form."""
    input_fault: type[ClientFault] = InvalidInput
    """What input raises that breaks the model's constraints or asks for what moyai does not do."""
    not_yet_fault: type[ClientFault] = OperationNotYet
    """What an operation raises that is in the service's model and not here."""
    missing_fault: type[ClientFault] | None = None
    """What an absent required member raises, where the service has an error of its own for it."""


def table(operations: Iterable[Operation[Any]]) -> Mapping[str, Operation[Any]]:
    """The operations by name."""
    return MappingProxyType({operation.name: operation for operation in operations})
