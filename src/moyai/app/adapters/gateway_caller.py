"""Calls AWS operations through the API gateway in the same process.

Promise: a request is what an SDK would send, so operations handle it like any other, and need no second entry point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from botocore.awsrequest import HeadersDict
from botocore.exceptions import UnknownServiceError
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.utils import parse_timestamp
from typing_extensions import override

from moyai.api.gateway import ApiGateway
from moyai.api.models import load_models
from moyai.api.operation import StackCaller
from moyai.api.wire.http import HttpRequest
from moyai.kernel.clock import Clock
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.ports.outgoing_calls import AwsCaller
from moyai.stacks.types.procedure import AwsCallFailed, Call

_ALPHANUMERIC: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_FIRST_ERROR: Final = 300
"""HTTP statuses from this one on are errors."""


class GatewayCaller(AwsCaller):
    """Implements AwsCaller with the services of one gateway. ``host``: the API's address, ``name:port``."""

    def __init__(self, gateway: ApiGateway, models: Mapping[str, ServiceModel], clock: Clock, host: str) -> None:
        self._gateway, self._models, self._clock, self._host = gateway, models, clock, host
        self._delegated_models: dict[str, ServiceModel] = {}
        """Models of services that moyai does not implement, loaded with the first call."""

    @property
    @override
    def address(self) -> str:
        return self._host

    @override
    def owns(self, service: str) -> bool:
        return service in self._models

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        model = self._model(call.service)
        operation = model.operation_model(call.operation)
        members = fit_input(call, operation)
        ids = None if call.token is None else RepeatableIds(call.token)
        response = await self._gateway.answer(
            self._request(scope, model, operation, members), StackCaller(scope.account, call.stack, ids)
        )
        parsed: Mapping[str, Any] = create_parser(model.resolved_protocol).parse(
            {"headers": HeadersDict(response.headers), "status_code": response.status, "body": response.body},
            operation.output_shape,  # type: ignore[arg-type]  # None for an empty output
        )
        if response.status >= _FIRST_ERROR:
            error, metadata = parsed.get("Error", {}), parsed.get("ResponseMetadata", {})
            raise AwsCallFailed(
                str(model.metadata.get("serviceId", call.service)),
                str(error.get("Code", response.status)),
                str(error.get("Message", "")),
                response.status,
                str(metadata.get("RequestId", "")),
            )
        return parsed

    def _model(self, service: str) -> ServiceModel:
        """The model of one of moyai's own services, or of a delegated one. Raises AwsCallFailed."""
        model = self._models.get(service) or self._delegated_models.get(service)
        if model is None:
            try:
                model = self._delegated_models[service] = load_models([service])[service]
            except UnknownServiceError:
                raise AwsCallFailed(service, "NotImplemented", f"{service} is not an AWS service.", 501) from None
        return model

    def _request(
        self, scope: Scope, model: ServiceModel, operation: OperationModel, members: Mapping[str, Any]
    ) -> HttpRequest:
        serialized = create_serializer(model.resolved_protocol, include_validation=False).serialize_to_request(
            members, operation
        )
        body = serialized["body"]
        if isinstance(body, dict):
            body = urlencode(body)
        content = body.encode() if isinstance(body, str) else bytes(body)
        now = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y%m%dT%H%M%SZ")
        credential = f"{scope.account}/{now[:8]}/{scope.region}/{model.signing_name}/aws4_request"
        headers = {name.lower(): str(value) for name, value in serialized["headers"].items()}
        headers |= {
            "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=none",
            "content-length": str(len(content)),
            "host": self._host,
            "x-amz-date": now,
        }
        return HttpRequest(
            method=serialized["method"],
            path=serialized["url_path"],
            query=urlencode(serialized["query_string"], doseq=True),
            headers=headers,
            body=content,
        )


class RepeatableIds(Ids):
    """Implements Ids: the same ones in the same order for the same token."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._drawn = count()

    @override
    def uuid(self) -> str:
        return str(UUID(bytes=self._digest()[:16], version=4))

    @override
    def hex(self, digits: int) -> str:
        return self._digest().hex()[:digits]

    @override
    def decimal(self, digits: int) -> str:
        first = int.from_bytes(self._digest()) % (9 * 10 ** (digits - 1))
        return str(10 ** (digits - 1) + first)

    @override
    def alphanumeric(self, length: int) -> str:
        return "".join(_ALPHANUMERIC[byte % len(_ALPHANUMERIC)] for byte in self._digest()[:length])

    def _digest(self) -> bytes:
        return sha256(f"{next(self._drawn)} {self._token}".encode()).digest()


def fit_input(call: Call, operation: OperationModel) -> dict[str, Any]:
    """The input of a call, with member names and scalar types as the model has them.

    Raises AwsCallFailed for a member that the model does not have, or a value that is not of its type.
    """
    shape = operation.input_shape
    fitted: dict[str, Any] = {} if shape is None else _fit(call.input, shape, call, "")
    return fitted


def _fit(value: Any, shape: Shape, call: Call, path: str) -> Any:  # noqa: ANN401 (an input)
    """``path``: the names of the members around the value."""
    match shape:
        case StructureShape() if shape.is_document_type:
            return value
        case StructureShape() if isinstance(value, Mapping):
            return dict(_fit_members(value, shape, call, path))
        case ListShape():
            elements = value if isinstance(value, list | tuple) else [value]
            return [_fit(element, shape.member, call, path) for element in elements]
        case MapShape() if isinstance(value, Mapping):
            return {str(key): _fit(member, shape.value, call, f"{path}/{key}") for key, member in value.items()}
        case StructureShape() | MapShape() if value is not None:
            raise _misfit(shape, call, path)
        case _:
            return _fit_scalar(value, shape, call, path)


def _fit_members(value: Mapping[str, Any], shape: StructureShape, call: Call, path: str) -> Iterator[tuple[str, Any]]:
    names = {name.lower(): name for name in shape.members}
    for given_name, member in value.items():
        name = names.get(given_name.lower())
        if name is None:
            raise AwsCallFailed(
                call.service, "InvalidRequest", f"{call.operation} has no member for the property {given_name}."
            )
        yield name, _fit(member, shape.members[name], call, f"{path}/{name}")


def _fit_scalar(value: Any, shape: Shape, call: Call, path: str) -> Any:  # noqa: ANN401 (a scalar)
    try:
        match shape.type_name:
            case "string":
                return ("true" if value else "false") if isinstance(value, bool) else _text(value)
            case "integer" | "long":
                return int(value)
            case "float" | "double":
                return float(value)
            case "boolean":
                return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
            case "timestamp":
                return parse_timestamp(value)
            case _:
                return value
    except (AttributeError, KeyError, OverflowError, RuntimeError, TypeError, ValueError):
        raise _misfit(shape, call, path) from None


def _misfit(shape: Shape, call: Call, path: str) -> AwsCallFailed:
    return AwsCallFailed(
        call.service, "InvalidRequest", f"{call.operation}: a value is not of the type {shape.type_name}: {path}."
    )


def _text(value: Any) -> str:  # noqa: ANN401 (a scalar)
    if isinstance(value, Mapping | list):
        raise TypeError
    return str(value)
