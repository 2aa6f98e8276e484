"""The operations of an AWS service: for each its handler, a function, and its typed request.

Promise: a handler is a plain function of its context and its request. It reads ``ctx.store.world``, passes changes to
``ctx.store.apply`` and returns a Struct (or a mapping) in moyai's names; it raises the errors of its own service. It
starts nothing and waits for nothing: the gateway makes its changes durable before the response leaves. A handler that
has to wait, for example for a metrics query, may be a coroutine function.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
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
    """The caller of an operation, the time of the call, and the store."""

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
    """Host and port of the request, as in its ``Host`` header."""
    user_id: str = ""
    """The caller's unique id, as GetCallerIdentity returns it."""


class ApiOperation(msgspec.Struct, Generic[R], frozen=True):
    """An operation of an AWS service. ``operation`` makes it from a handler."""

    name: str
    """As in the AWS API: ``CreateCluster``."""
    request: type[R]
    """A frozen msgspec.Struct; its fields are the input's members in snake_case."""
    handle: Callable[[Context, R], object]
    """Returns the output (None for an empty one), or an awaitable of it."""
    input_fault: type[ClientFault] | None = None
    """The error for invalid input, where it differs from the service's."""
    basis: Callable[[Context, R], Hashable] | None = None
    """For an operation that reads only and that clients repeat often: the values that its response depends on. While
    they are equal, an equal request of the same scope gets the cached response. Raises the errors that ``handle`` would
    raise. Only for services whose protocols have the whole input in the body.
    """


class ApiService(msgspec.Struct, frozen=True):
    """An AWS service: its operations, and the errors for input that it does not accept."""

    name: str
    """botocore's name: ``ecs``, ``servicediscovery``, …"""
    operations: Mapping[str, ApiOperation[Any]] = MappingProxyType({})
    refused: Mapping[str, str] = MappingProxyType({})
    """Input members that are refused on purpose, with the reasons; see ``wire.accept.Refusals`` for the form."""
    input_fault: type[ClientFault] = InvalidInput
    """The error for input that violates the model's constraints or asks for something that moyai does not support."""
    not_yet_fault: type[ClientFault] = OperationNotYet
    """The error for an operation of the service's model that moyai does not implement."""
    missing_fault: type[ClientFault] | None = None
    """The error for an absent required member, where the service has one of its own."""


def operation(
    handle: Callable[..., object],
    *,
    input_fault: type[ClientFault] | None = None,
    basis: Callable[[Context, Any], Hashable] | None = None,
) -> ApiOperation[Any]:
    """The operation of a handler: ``create_cluster(ctx, request: CreateClusterRequest)`` implements CreateCluster.

    The handler may be a method, or a ``partial`` of a function with parameters before ``ctx``.
    """
    function = _unwrap(handle)
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    request = function.__globals__[function.__annotations__["request"]]  # its name: annotations are not evaluated
    return ApiOperation(name, request, handle, input_fault, basis)


def operations(*handlers: Callable[..., object] | ApiOperation[Any]) -> Mapping[str, ApiOperation[Any]]:
    """The operations of a service by name, from its handlers."""
    table = (handler if isinstance(handler, ApiOperation) else operation(handler) for handler in handlers)
    return MappingProxyType({entry.name: entry for entry in table})


def _unwrap(handle: Callable[..., object]) -> Any:  # noqa: ANN401 (a function, whose attributes mypy does not know)
    """The function behind a partial or a wrapper."""
    while isinstance(handle, partial) or hasattr(handle, "__wrapped__"):
        handle = handle.func if isinstance(handle, partial) else handle.__wrapped__
    return handle
