"""AWS Query and EC2 Query: a form in, XML out.

Promise: the envelopes that old and new SDKs look for: ``<{Operation}Response>`` with a
``<{Operation}Result>`` in it (EC2: without), request id, ``<ErrorResponse>`` (EC2: ``<Response><Errors>``).
The common errors have the shorter names of these protocols.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html,
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl

from botocore.model import OperationModel, ServiceModel

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.form import EC2, MAX_FIELDS, QUERY, FormReader, Naming, parse_tree
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.xml import XmlWriter, element, escape
from moyai.kernel.errors import ApiError, ClientFault, Malformed

_NOT_INPUT = frozenset({"Action", "Version", "AWSAccessKeyId", "SignatureMethod", "SignatureVersion", "Signature"})
XML_PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>\n'
QUERY_CODES: Mapping[str, str] = MappingProxyType(
    {
        "IncompleteSignatureException": "IncompleteSignature",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        "UnknownOperationException": "InvalidAction",
        "UnrecognizedClientException": "InvalidClientTokenId",
        "UnsupportedOperationException": "UnsupportedOperation",
        "ValidationException": "ValidationError",
    }
)
_EC2_CODES: Mapping[str, str] = MappingProxyType(
    {
        **QUERY_CODES,
        "InternalFailure": "InternalError",
        "UnrecognizedClientException": "AuthFailure",
        "ValidationException": "InvalidParameterValue",
    }
)


class MalformedInput(Malformed, code="MalformedInput"):
    """AWS Query's error for a field that cannot be read."""


class InvalidParameterValue(Malformed, code="InvalidParameterValue"):
    """EC2's error for a field that cannot be read."""


class _Dialect(NamedTuple):
    naming: Naming
    codes: Mapping[str, str]
    malformed: type[ClientFault]


def form_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """All fields of a query request, from its query string and its form. Raises MalformedInput."""
    try:
        fields = parse_qsl(request.query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
        if request.body:
            text = request.body.decode("utf-8")
            fields += parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except ValueError as error:
        raise MalformedInput(f"The form cannot be read: {error}") from error
    return fields


class Query:
    """A service that speaks AWS Query."""

    def __init__(self, model: ServiceModel) -> None:
        self._form = _Form(_Dialect(QUERY, QUERY_CODES, MalformedInput), model)

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a form."""
        return self._form.parse(operation, request)

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer in XML, in a result element."""
        inside = self._form.inside(operation, output)
        result = "" if inside is None else element(f"{operation.name}Result", inside)
        metadata = element("ResponseMetadata", element("RequestId", request_id))
        return _answer(200, self._form.envelope(f"{operation.name}Response", result + metadata), request_id)

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error in XML, as AWS Query has it."""
        code, fault = self._form.code(error)
        inside = element("Type", fault) + element("Code", code) + element("Message", escape(error.message))
        body = element("Error", inside) + element("RequestId", request_id)
        return _answer(error.status, self._form.envelope("ErrorResponse", body), request_id)


class Ec2Query:
    """EC2, the one service that speaks EC2 Query."""

    def __init__(self, model: ServiceModel) -> None:
        self._form = _Form(_Dialect(EC2, _EC2_CODES, InvalidParameterValue), model)

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a form, as EC2 names its members."""
        return self._form.parse(operation, request)

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer in XML, without a result element."""
        inside = self._form.inside(operation, output)
        body = element("requestId", request_id) + (element("return", "true") if inside is None else inside)
        return _answer(200, self._form.envelope(f"{operation.name}Response", body), request_id)

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error in XML, as EC2 has it."""
        code, _ = self._form.code(error)
        inside = element("Error", element("Code", code) + element("Message", escape(error.message)))
        body = element("Response", element("Errors", inside) + element("RequestID", request_id))
        return _answer(error.status, XML_PROLOGUE + body, request_id)


class _Form:
    """The parts that AWS Query and EC2 Query share."""

    def __init__(self, dialect: _Dialect, model: ServiceModel) -> None:
        self._dialect = dialect
        self._reader = FormReader(dialect.naming)
        self._writer = XmlWriter()
        self._errors = ErrorNames(model)
        self._namespace = escape(model.metadata.get("xmlNamespace", ""))

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        fields = [(name, value) for name, value in form_fields(request) if _is_input(name)]
        if operation.input_shape is None:
            return {}
        try:
            params: Params = self._reader.reader(operation.input_shape)(parse_tree(fields))
        except Misfit as misfit:
            raise self._dialect.malformed(misfit.message) from None
        return params

    def inside(self, operation: OperationModel, output: object) -> str | None:
        if operation.output_shape is None:
            return None
        return self._writer.writer(operation.output_shape)(builtins(output))

    def envelope(self, name: str, inside: str) -> str:
        return f'{XML_PROLOGUE}<{name} xmlns="{self._namespace}">{inside}</{name}>'

    def code(self, error: ApiError) -> tuple[str, str]:
        wire = self._errors.wire(error)
        return self._dialect.codes.get(wire.query_code, wire.query_code), wire.fault


def _is_input(name: str) -> bool:
    return name not in _NOT_INPUT and not name.startswith("X-Amz-")


def _answer(status: int, body: str, request_id: str) -> HttpResponse:
    headers = {"content-type": "text/xml;charset=UTF-8", REQUEST_ID: request_id}
    return HttpResponse(status, headers, body.encode("utf-8", "replace"))
