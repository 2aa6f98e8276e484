"""The operations of an AWS service, each with its handler, a function, and the type of its request.

Promise: a handler is a plain function of its context and its request. It reads ``ctx.store.world``, passes changes to
``ctx.store.apply`` and returns a Struct (or a mapping) in moyai's names; it raises the errors of its own service. It
starts nothing and waits for nothing: the gateway makes its changes durable before the response leaves. A handler that
has to wait, for example for a metrics query, may be a coroutine function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from inspect import iscoroutinefunction, isfunction, unwrap
from types import CodeType, MappingProxyType, ModuleType
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from moyai.api.wire.validate import Description, sentence
from moyai.domain.sts.session import Claims
from moyai.kernel.clock import Instant
from moyai.kernel.errors import ClientFault, InvalidInput, OperationNotYet
from moyai.kernel.ids import AccountId, Ids, StackId, TaskArn
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

R = TypeVar("R")
Output = TypeVar("Output")
H = TypeVar("H", bound=Callable[..., object])


class NestedTemplate(msgspec.Struct, frozen=True):
    """A template that was read from S3. ``included``: the files that it includes; ``problem``: why it was not read."""

    body: str = ""
    included: Mapping[str, str] = MappingProxyType({})
    problem: str | None = None


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
    session_task: TaskArn | None = None
    """The task with whose role's session the caller signs."""
    session: Claims | None = None
    """The claims in the temporary credentials with which the caller signs."""
    included: Mapping[str, str] = MappingProxyType({})
    """The files in S3 that a template in the request includes, by their locations."""
    nested_templates: Mapping[str, NestedTemplate] = MappingProxyType({})
    """The templates in S3 of the stacks that are nested in the request's, by their URLs."""
    stack: StackId | None = None
    """The stack for whose resource moyai itself calls. Such a call may set reserved tags and create nested stacks."""


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members of a request for a page of a list."""

    max_results: int | None = None
    next_token: str | None = None


class StackCaller(msgspec.Struct, frozen=True):
    """The sender of a call for a resource of a stack.

    ``account``: the stack's; ``ids``: where the operation draws its ids from, None for the installation's source.
    """

    account: AccountId
    stack: StackId | None
    ids: Ids | None


class ReusableOutput(NamedTuple, Generic[Output]):
    """An output, or the response made from it. Equal requests of the same scope get it again while ``is_current`` is
    true at the time of the call; ``reads``: how many values that compares. Only coroutine handlers return one.
    """

    output: Output
    is_current: Callable[[Instant], bool]
    reads: int


class ApiOperation(msgspec.Struct, Generic[R], frozen=True):
    """An operation of an AWS service. ``operations`` makes it from a handler."""

    name: str
    """As in the AWS API: ``CreateCluster``."""
    request: type[R]
    """A frozen msgspec.Struct; its fields are the input's members in snake_case."""
    handle: Callable[[Context, R], object]
    """Returns the output (None for an empty one), or an awaitable of it."""
    input_fault: type[ClientFault] | None = None
    """The error for invalid input, where it differs from the service's."""
    cached: bool = False
    """For an operation that clients repeat often, and whose response depends on nothing but its request, the scope and
    the world: whether an equal request gets the same response while what was read of the world is unchanged. A handler
    that reads something else is a coroutine function and returns a ReusableOutput for what may be reused. Only for
    services whose protocols have the whole input in the body or the query string.
    """
    waits: bool = False
    """Whether the handler is a coroutine function."""
    always_refused: str = ""
    """Why the operation always answers an error; empty for one that works."""


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
    instead: Mapping[str, str] = MappingProxyType({})
    """By the names of operations that moyai does not implement, what callers can do instead; in whole sentences."""
    missing_fault: type[ClientFault] | None = None
    """The error for an absent required member, where the service has one of its own."""
    open_enums: frozenset[str] = frozenset()
    """The model's shapes that take values which their enums lack, as the service does on AWS."""
    describe: Description = sentence
    """Writes the message about violations of the model's constraints."""


class DeferredService(NamedTuple):
    """An AWS service whose operations are loaded with the first request to it: most services get none."""

    name: str
    """botocore's name."""
    load: Callable[[], ApiService]


AnyService = ApiService | DeferredService


def operation(
    *, input_fault: type[ClientFault] | None = None, cached: bool = False, always_refused: str = ""
) -> Callable[[H], H]:
    """Decorate a handler with these fields of its ApiOperation."""

    def decorate(handler: H) -> H:
        vars(handler).update(input_fault=input_fault, cached=cached, always_refused=always_refused)
        return handler

    return decorate


def operations(
    *sources: ModuleType | Callable[..., object] | ApiOperation[Any], **dependencies: object
) -> Mapping[str, ApiOperation[Any]]:
    """The operations of a service by name: of the handlers in these modules, and of single handlers.

    A handler is a public function whose last parameters are ``ctx`` and ``request``: ``create_cluster(ctx, request:
    CreateClusterRequest)`` implements CreateCluster. The parameters before them are ``dependencies`` of these names.
    """
    table: list[ApiOperation[Any]] = []
    for source in sources:
        if isinstance(source, ApiOperation):
            table.append(source)
        elif isinstance(source, ModuleType):
            table += [_operation(handler, dependencies) for handler in _handlers(source)]
        else:
            table.append(_operation(source, dependencies))
    return MappingProxyType({entry.name: entry for entry in table})


def _handlers(module: ModuleType) -> Iterator[Callable[..., object]]:
    for name, value in vars(module).items():
        defined_here = isfunction(value) and value.__module__ == module.__name__
        if defined_here and not name.startswith("_") and _parameters(value)[-2:] == ("ctx", "request"):
            yield value


def _operation(handler: Callable[..., object], dependencies: Mapping[str, object]) -> ApiOperation[Any]:
    function = unwrap(handler)
    name = "".join(word.capitalize() for word in function.__name__.split("_"))
    request = function.__globals__[function.__annotations__["request"]]  # an annotation is text, the type's name
    bound = [dependencies[parameter] for parameter in _parameters(function)[:-2]]
    handle = partial(handler, *bound) if bound else handler
    options = vars(function)
    return ApiOperation(
        name,
        request,
        handle,
        options.get("input_fault"),
        cached=options.get("cached", False),
        waits=iscoroutinefunction(function),
        always_refused=options.get("always_refused", ""),
    )


def _parameters(function: Callable[..., object]) -> tuple[str, ...]:
    code: CodeType = unwrap(function).__code__
    return code.co_varnames[: code.co_argcount]
