"""The interface of all protocols, and their shared parts: request ids, codes and messages of errors.

Promise: an error is answered with the modelled shape's own member names and code, so that
``client.exceptions.<Name>`` and ``except ClientError`` both find it; members beyond the message come
from ``ApiError.detail``. All answers carry ``x-amzn-RequestId``.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and the error
sections of https://smithy.io/2.0/aws/protocols/
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple, Protocol

import msgspec
from botocore import xform_name
from botocore.model import OperationModel, ServiceModel, StructureShape

from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.errors import ApiError

REQUEST_ID = "x-amzn-RequestId"
Params = dict[str, object]


class ErrorCodec(Protocol):
    """Serialises errors in one protocol."""

    def serialise_error(self, error: ApiError, request_id: str) -> HttpResponse:
        """The response to a request that failed with ``error``."""


class ProtocolCodec(ErrorCodec, Protocol):
    """Parses requests and serialises responses of one service in one protocol."""

    def parse(self, operation: OperationModel, request: HttpRequest) -> Params:
        """The input in moyai's names and types. Raises a ClientFault whose message names the member."""

    def serialise(self, operation: OperationModel, output: object, request_id: str) -> HttpResponse:
        """The answer to ``output``: builtins or msgspec Structs, in moyai's names and types.

        Raises UnknownMember or TypeError when the output is not of the modelled form.
        """


class WireError(NamedTuple):
    """An error in the model's names: its shape's name, its code in the query protocols, its members."""

    name: str
    query_code: str
    fault: str
    members: Mapping[str, object]


class ErrorNames:
    """Finds the modelled error for a code, by the shape's name or by its query code."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    @cached_property
    def _shapes(self) -> Mapping[str, StructureShape]:
        shapes: dict[str, StructureShape] = {}
        for shape in self._model.error_shapes:
            if isinstance(shape, StructureShape):
                shapes[shape.name] = shape
                shapes.setdefault(str(shape.error_code), shape)
        return shapes

    def wire(self, error: ApiError) -> WireError:
        """The error's names and members; members are still in moyai's types."""
        fault = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004  RFC 9110: 5xx is the server's
        shape = self._shapes.get(error.code) or self._shapes.get(
            f"{error.code}Exception"
        )  # the service's own shape of a common error
        if shape is None:
            return WireError(error.code, error.code, fault, {"message": error.message})
        members: dict[str, object] = {"message": error.message}
        for name in shape.members:
            if name.lower() == "message":
                members = {name: error.message}
        for name in shape.members:
            if xform_name(name) in error.detail:
                members[name] = error.detail[xform_name(name)]
        return WireError(shape.name, str(shape.error_code), fault, members)


def builtins(output: object) -> object:
    """The output with dicts instead of Structs, nested ones too; bytes stay bytes."""
    return {} if output is None else msgspec.to_builtins(output, builtin_types=(bytes,), enc_hook=_as_dict)


def _as_dict(value: object) -> object:
    """A read-only mapping, which msgspec does not know, as a dict. Raises TypeError for any other type."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"an output cannot hold a {type(value).__name__}")
