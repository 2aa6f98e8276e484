"""AWS REST XML: input spread over path labels, query string and an XML body; output in an XML body and in headers.

Promise: an error is ``<ErrorResponse>`` with an ``<Error>`` in it, and for S3 the ``<Error>`` alone. The common errors
have their names of the query protocols.
Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

from functools import cached_property

from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, StructureShape

from moyai.api.wire.codec import REQUEST_ID, ErrorNames, Params, builtins
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.query import QUERY_CODES, XML_PROLOGUE
from moyai.api.wire.rest import members_at, read_request
from moyai.api.wire.tree import UnknownMember
from moyai.api.wire.xml import XmlWriter, element, escape
from moyai.api.wire.xml_input import InvalidXml, XmlReader, parse_xml
from moyai.kernel.errors import ApiError

_UNWRAPPED_ERRORS = frozenset({"s3"})
"""The endpoint prefixes of services whose errors have no ``<ErrorResponse>``, which botocore's models don't say."""


class RestXml:
    """A service that speaks REST XML."""

    def __init__(self, model: ServiceModel) -> None:
        self._reader = XmlReader()
        self._writer = XmlWriter()
        self._errors = ErrorNames(model)
        self._wraps_errors = model.metadata.get("endpointPrefix") not in _UNWRAPPED_ERRORS
        self._model = model

    @cached_property
    def _namespace(self) -> str:
        """The escaped namespace of the service's elements. The first use reads all operations of the model."""
        return escape(_namespace(self._model))

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input of a path, a query and an XML body."""
        try:
            return read_request(operation, request, self._from_body)
        except Misfit as problem:
            raise InvalidXml(problem.message) from None

    def _from_body(self, shape: StructureShape, body: bytes) -> Params:
        if not body or not members_at(shape, None):
            return {}
        root = parse_xml(body)
        name = shape.serialization.get("name", shape.name)
        if root.name != name:
            raise InvalidXml(f"Invalid XML ; the root element is '{root.name[:100]}' and has to be '{name}'")
        params: Params = self._reader.reader(shape)(root)
        return params

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """An answer with an XML body, the members that are bound to headers, and the status of the operation."""
        status = int(operation.http.get("responseCode", 200))
        headers = {"content-type": "text/xml", REQUEST_ID: request_id}
        shape = operation.output_shape
        if shape is None:
            return HttpResponse(status, headers)
        values = builtins(output)
        if not isinstance(values, dict):
            raise UnknownMember(f"{shape.name} is a structure, not {type(output).__name__}")
        for name, member in members_at(shape, "header").items():
            value = values.pop(xform_name(name), None)
            if value is not None:
                headers[member.serialization["name"].lower()] = str(value)
        body = f'<{shape.name} xmlns="{self._namespace}">{self._writer.writer(shape)(values)}</{shape.name}>'
        return HttpResponse(status, headers, (XML_PROLOGUE + body).encode("utf-8", "replace"))

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """An error in XML with the status of its shape."""
        wire = self._errors.wire(error)
        code = element("Code", QUERY_CODES.get(wire.query_code, wire.query_code))
        message, request = element("Message", escape(error.message)), element("RequestId", request_id)
        body = element("Error", code + message + request)
        if self._wraps_errors:
            body = element("ErrorResponse", element("Error", element("Type", wire.fault) + code + message) + request)
        headers = {"content-type": "text/xml", REQUEST_ID: request_id}
        return HttpResponse(error.status, headers, (XML_PROLOGUE + body).encode("utf-8", "replace"))


def _namespace(model: ServiceModel) -> str:
    """The namespace of the service's elements, which the models state at the inputs alone."""
    shapes = (model.operation_model(name).input_shape for name in model.operation_names)
    namespaces = (shape.serialization.get("xmlNamespace", {}).get("uri") for shape in shapes if shape is not None)
    return next((str(uri) for uri in namespaces if uri), "")
