"""Dispatches the requests of one AWS service to its operations: parses, validates, calls the handler, serialises.

Promise: a handler gets its typed request only after the request was checked against the constraints of botocore's
model, and no member that the model has is dropped. The checks and the conversion of an operation are built at its first
call, and kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from typing import Any, NamedTuple

from botocore.model import OperationModel, ServiceModel

from moyai.api.operation import AnyService, ApiOperation, ApiService, Context, DeferredService, ReusableOutput
from moyai.api.response_cache import ParsedRequestCache, RawRequest, ResponseCache
from moyai.api.wire.accept import Acceptor, Refusals
from moyai.api.wire.codec import Params, ProtocolCodec
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.protocols import codecs
from moyai.api.wire.unknown_members import collect_unknown_members
from moyai.api.wire.validate import Validator, any_missing
from moyai.kernel.errors import ClientFault, UnknownOperation


class ParsedRequest(NamedTuple):
    """The typed request, and the members that the model does not have and that were ignored."""

    typed_request: object
    ignored_members: Sequence[str] = ()


class ServiceDispatcher:
    """The operations of one service, with the codecs of its protocols and the checks of its model."""

    def __init__(self, service: AnyService, model: ServiceModel) -> None:
        self.model = model
        self.codecs: Mapping[str, ProtocolCodec] = codecs(model)
        self._source = service
        self._acceptors: dict[str, Acceptor[Any]] = {}
        self._parsed_requests = ParsedRequestCache()
        self._responses = ResponseCache()

    @cached_property
    def _service(self) -> ApiService:
        return self._source.load() if isinstance(self._source, DeferredService) else self._source

    @cached_property
    def _validator(self) -> Validator:
        return Validator(self._service.open_enums)

    @cached_property
    def _refusals(self) -> Refusals:
        return Refusals(self._service.refused)

    def implements(self, name: str) -> bool:
        """Whether moyai implements the operation of this name."""
        return name in self._service.operations

    def operation(self, name: str) -> ApiOperation[Any]:
        """The operation of this name. Raises the service's ``not_yet_fault`` when moyai does not implement it."""
        operation = self._service.operations.get(name)
        if operation is None:
            raise self._service.not_yet_fault(
                f"{self.model.service_id} {name} is not implemented by moyai yet; "
                f"docs/reference/coverage.md lists what is. {self._service.instead.get(name, '')}".rstrip()
            )
        return operation

    def parse(self, operation: ApiOperation[Any], raw: RawRequest, request: HttpRequest) -> ParsedRequest:
        """The typed request. Raises Malformed or the service's input faults."""
        cached = self._parsed_requests.get(raw) if operation.cached else None
        if cached is not None:
            return ParsedRequest(cached)
        with collect_unknown_members() as unknown:
            params = self.codecs[raw.protocol].parse(self.model.operation_model(operation.name), request)
        typed_request = self.typed_request(operation, params)
        if operation.cached and not unknown:
            self._parsed_requests.put(raw, typed_request)
        return ParsedRequest(typed_request, unknown)

    async def respond(
        self, operation: ApiOperation[Any], typed_request: object, raw: RawRequest, ctx: Context
    ) -> HttpResponse:
        """The response to a typed request, from the cache where the operation has one."""
        model, codec = self.model.operation_model(operation.name), self.codecs[raw.protocol]
        if operation.cached and not operation.waits:
            return self._responses.respond(
                ctx, raw, lambda ctx: codec.serialise(model, operation.handle(ctx, typed_request), ctx.request_id)
            )
        cached = self._responses.get(ctx, raw) if operation.cached else None
        if cached is not None:
            return cached
        output = operation.handle(ctx, typed_request)
        if inspect.isawaitable(output):
            output = await output
        if not isinstance(output, ReusableOutput):
            return codec.serialise(model, output, ctx.request_id)
        response = codec.serialise(model, output.output, ctx.request_id)
        self._responses.put(ctx, raw, ReusableOutput(response, output.is_current, output.reads))
        return response

    def typed_request(self, operation: ApiOperation[Any], params: Params) -> object:
        """The typed request that these parameters make, after validation. Raises the service's input faults."""
        model = self.model.operation_model(operation.name)
        fault = operation.input_fault or self._service.input_fault
        complaints = self._validator.complaints(model, params)
        if complaints:
            missing = self._service.missing_fault if any_missing(complaints) else None
            raise (missing or fault)(self._service.describe(complaints))
        try:
            return self._acceptor(operation, model).accept(params)
        except Misfit as misfit:
            raise fault(misfit.message) from None

    def refusals(
        self, operation: ApiOperation[Any], params: Params, unknown: AbstractSet[str] = frozenset()
    ) -> list[str]:
        """Why these parameters would be refused: violations of the model, and members that moyai does not support.
        ``unknown``: the names, in lower case, of members that will be set later, and may be missing here.
        """
        model = self.model.operation_model(operation.name)
        complaints = [
            complaint
            for complaint in self._validator.complaints(model, params)
            if not (complaint.missing and complaint.where.rpartition(".")[2].lower() in unknown)
        ]
        refused = [misfit.message for misfit in self._acceptor(operation, model).unsupported_members(params)]
        return [*([self._service.describe(complaints)] if complaints else []), *refused]

    def supported_request(self, operation: ApiOperation[Any], params: Params) -> object | None:
        """The typed request without the members that moyai does not support; None where the model refuses it."""
        model = self.model.operation_model(operation.name)
        if self._validator.complaints(model, params):
            return None
        try:
            supported: object = self._acceptor(operation, model).supported_part(params)
        except Misfit:
            return None
        return supported

    def _acceptor(self, operation: ApiOperation[Any], model: OperationModel) -> Acceptor[Any]:
        acceptor = self._acceptors.get(operation.name)
        if acceptor is None:
            acceptor = self._acceptors[operation.name] = Acceptor(model, operation.request, self._refusals)
        return acceptor


def unknown_operation(description: str, models: Mapping[str, ServiceModel]) -> ClientFault:
    """The error for a request that matches no service or operation; ``description``: the part of the request that
    should name one.
    """
    services = ", ".join(sorted(models))
    return UnknownOperation(f"No operation was found by {description}. moyai speaks: {services}.")
