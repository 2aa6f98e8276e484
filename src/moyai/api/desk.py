"""One AWS service behind the door: its codecs, its checks and its operations, ready to serve.

Promise: a request that comes through here has been read, checked against the model's constraints and
turned into the handler's typed request, with nothing of it dropped. Tables are built at an operation's
first call and kept.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from botocore.model import OperationModel, ServiceModel

from moyai.api.kept import Answers, Questions, Words, renewed
from moyai.api.operation import Context, Operation, Service
from moyai.api.wire.accept import Acceptor, Refusals
from moyai.api.wire.codec import Codec, Params
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.protocols import codecs
from moyai.api.wire.validate import Validator, any_missing, sentence
from moyai.kernel.errors import ClientFault, UnknownOperation


class Desk:
    """Serves one service's requests up to the handler."""

    def __init__(self, service: Service, model: ServiceModel) -> None:
        unknown = set(service.operations) - set(model.operation_names)
        if unknown:
            raise ValueError(f"{service.name} has no operation {', '.join(sorted(unknown))}")
        self.model = model
        self.codecs: Mapping[str, Codec] = codecs(model)
        self._service = service
        self._refusals = Refusals(service.refused)
        self._validator = Validator()
        self._acceptors: dict[str, Acceptor[Any]] = {}
        self._questions = Questions()
        self._answers = Answers()

    def operation(self, name: str) -> Operation[Any]:
        """The operation's entry. Raises the service's fault for what is not here yet."""
        operation = self._service.operations.get(name)
        if operation is None:
            raise self._service.not_yet_fault(
                f"{self.model.service_id} {name} is not implemented by moyai yet; "
                "docs/reference/coverage.md lists what is."
            )
        return operation

    def typed(self, operation: Operation[Any], words: Words, request: HttpRequest) -> object:
        """The typed request in these words. Raises Malformed or the service's input faults."""
        known = None if operation.basis is None else self._questions.get(words)
        if known is not None:
            return known
        params = self.codecs[words.protocol].parse(self.model.operation_model(operation.name), request)
        typed = self.request(operation, params)
        if operation.basis is not None:
            self._questions.keep(words, typed)
        return typed

    async def answer(self, operation: Operation[Any], typed: object, words: Words, ctx: Context) -> HttpResponse:
        """What the operation answers to a typed request that came in these words."""
        basis = None if operation.basis is None else operation.basis(ctx, typed)
        kept = None if basis is None else self._answers.get(ctx.scope, words, basis)
        if kept is not None:
            return renewed(kept, ctx.request_id)
        output = operation.handle(ctx, typed)
        if inspect.isawaitable(output):
            output = await output
        model, codec = self.model.operation_model(operation.name), self.codecs[words.protocol]
        answer = codec.serialise(model, output, ctx.request_id)
        if basis is not None:
            self._answers.keep(ctx.scope, words, basis, answer)
        return answer

    def request(self, operation: Operation[Any], params: Params) -> object:
        """The typed request for checked parameters. Raises the service's input faults."""
        model = self.model.operation_model(operation.name)
        fault = operation.input_fault or self._service.input_fault
        complaints = self._validator.complaints(model, params)
        if complaints:
            missing = self._service.missing_fault if any_missing(complaints) else None
            raise (missing or fault)(sentence(complaints))
        try:
            return self._acceptor(operation, model).accept(params)
        except Misfit as misfit:
            raise fault(misfit.message) from None

    def _acceptor(self, operation: Operation[Any], model: OperationModel) -> Acceptor[Any]:
        acceptor = self._acceptors.get(operation.name)
        if acceptor is None:
            acceptor = self._acceptors[operation.name] = Acceptor(model, operation.request, self._refusals)
        return acceptor


def unknown_operation(tried: str, known: Mapping[str, ServiceModel]) -> ClientFault:
    """The answer to a request that no service of ours can be meant by."""
    services = ", ".join(sorted(known))
    return UnknownOperation(f"No operation was found by {tried}. moyai speaks: {services}.")
