"""Finds the service, protocol and operation of a request.

Promise: it reads, in this order, the parts that name one operation of one service (the path of a CBOR request,
``X-Amz-Target``), the credential scope, ``Action`` and ``Version``, and for requests without a signature the path of an
operation of moyai's. Any other unsigned request is S3's, whose objects may be public. The host name only names S3's
bucket: SDKs put prefixes such as ``data-`` before it, so it names no service. A request for a service that moyai does
not implement is routed by its head alone, unless it is a form without a signature. Every request, also one that matches
no operation, has a protocol to reply in.
Source: https://smithy.io/2.0/guides/wire-protocol-selection.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple, TypeAlias
from urllib.parse import unquote_to_bytes

from botocore.model import ServiceModel

from moyai.api.sigv4 import Credential
from moyai.api.wire.http import FORM, JSON_TYPES, HttpRequest
from moyai.api.wire.rest import labels
from moyai.api.wire.s3 import S3_SIGNING_NAMES
from moyai.kernel.errors import ApiError

JSON, CBOR, QUERY, EC2 = "json", "smithy-rpc-v2-cbor", "query", "ec2"
REST_JSON, REST_XML = "rest-json", "rest-xml"
S3 = "s3"
"""S3's signing name, and the protocol of its errors."""
_SPEAK_REST_XML = frozenset({"cloudfront", "route53"})
"""Signing names of the services besides S3 that speak REST XML."""
_SERVICE_NAME = re.compile(r"[a-z0-9-]{1,64}")
_BY_TARGET: Mapping[str, str] = MappingProxyType(
    {
        "AWSEvents": "events",
        "AWSStepFunctions": "states",
        "AmazonSQS": "sqs",
        "DynamoDBStreams_20120810": "dynamodb",
        "DynamoDB_20120810": "dynamodb",
        "Kinesis_20131202": "kinesis",
        "TrentService": "kms",
    }
)
_BY_VERSION: Mapping[str, str] = MappingProxyType(
    {
        "2010-03-31": "sns",
        "2010-05-08": "iam",
        "2012-11-05": "sqs",
        "2014-10-31": "rds",
        "2015-02-02": "elasticache",
    }
)
"""Services by API version, for requests without a signature. A signed request names its service."""
_CBOR_PATH = re.compile(r"/service/([\w.]{1,128})/operation/(\w{1,128})/?")
_ACTION = re.compile(rb"(?:^|&)Action=([^&]{0,128})")
_USER_POOL_PATH = re.compile(r"/[\w-]{1,55}_[0-9A-Za-z]{1,55}/\.well-known/(jwks\.json|openid-configuration)")
"""The path of a Cognito user pool's public keys. No bucket has a name like its first part."""
_CLASSIC_ELB = "2012-06-01"
"""The API version of Classic Load Balancers, which share the signing name of Elastic Load Balancing v2."""
_VERSION = re.compile(rb"(?:^|&)Version=([^&]{0,32})")


class RoutedRequest(NamedTuple):
    """The service and operation of a request, as far as they could be determined."""

    protocol: str
    service: str | None
    """botocore's name; None when the request matches no service of moyai's."""
    operation: str | None
    """An operation of the service's model; None when the request matches none."""
    description: str
    """The part of the request that names the operation, for error messages."""
    delegated_service: str | None = None
    """The signing name of a service that moyai does not implement; None for a request to moyai's own services."""


Authorization: TypeAlias = Credential | ApiError | None
"""The credential of a request, the error in it, or None for an unsigned request."""


class RequestRoute(NamedTuple):
    """The credential of a request, and the operation that it is routed to."""

    authorization: Authorization
    routed_request: RoutedRequest

    @property
    def is_delegated(self) -> bool:
        """Whether the request is for a service that moyai does not implement."""
        return self.routed_request.delegated_service is not None


class _RestOperation(NamedTuple):
    """A REST operation, which a request names by method and path. ``path``: the template, with its labels."""

    path: str
    protocol: str
    service: str
    name: str


class Router:
    """Routes requests by the target prefixes, versions, paths and signing names of the services' models."""

    def __init__(
        self, models: Mapping[str, ServiceModel], is_implemented: Callable[[str, str], bool] = lambda *_: False
    ) -> None:
        """``is_implemented``: whether a service is known to have an operation, without a look into its model."""
        self._models, self._is_implemented = models, is_implemented
        self._by_target = {
            model.metadata["targetPrefix"]: name for name, model in models.items() if "targetPrefix" in model.metadata
        }
        self._by_signing_name = {model.signing_name: name for name, model in models.items()}
        self._by_version = {model.api_version: name for name, model in models.items() if _has_forms(model)}

    @cached_property
    def _rest_operations(self) -> Mapping[tuple[str, str], Sequence[_RestOperation]]:
        """The operations of REST services by their method and the first part of their path, which never is a label."""
        operations: defaultdict[tuple[str, str], list[_RestOperation]] = defaultdict(list)
        for service, model in self._models.items():
            protocol = model.metadata["protocol"]
            for name in model.operation_names if protocol in {REST_JSON, REST_XML} else ():
                http = model.operation_model(name).http
                method_and_part = (http["method"], _first_part(http["requestUri"].partition("?")[0]))
                operations[method_and_part].append(_RestOperation(http["requestUri"], protocol, service, name))
        return operations

    def route(self, request: HttpRequest, scope_service: str | None) -> RoutedRequest:
        """Find the operation of a request, whose form is not compressed. ``scope_service`` is the credential scope's,
        None for an unsigned request.
        """
        other = scope_service if scope_service not in self._by_signing_name else None
        if request.method == "POST" and (match := _CBOR_PATH.fullmatch(request.path)):
            return self._by_name(CBOR, self._by_target.get(match[1]), match[2], f"path {request.path}", other)
        if target := request.headers.get("x-amz-target"):
            prefix, _, operation = target.rpartition(".")
            named = other or _BY_TARGET.get(prefix)
            return self._by_name(JSON, self._by_target.get(prefix), operation, f"X-Amz-Target '{target[:200]}'", named)
        fields = request.query.encode() + b"&" + (request.body if "json" not in request.content_type else b"")
        action = _ACTION.search(fields) if request.path in {"", "/"} else None
        if other is not None:
            return _delegated_request(QUERY if action or request.content_type == FORM else REST_JSON, other)
        if action:
            return self._by_action(_text(action[1]), _VERSION.search(fields), scope_service)
        return self._by_rest_path(request, scope_service)

    def _by_name(
        self, protocol: str, service: str | None, operation: str, description: str, other: str | None = None
    ) -> RoutedRequest:
        """``other``: the signing name of the service to delegate to when ``service`` is None."""
        if service is None and other is not None:
            return _delegated_request(protocol, other)
        if service is not None and protocol not in _protocols(self._models[service]):
            return RoutedRequest(protocol, None, None, f"{description} ({service} does not speak {protocol})")
        has_operation = service is not None and (
            self._is_implemented(service, operation) or operation in self._models[service].operation_names
        )
        return RoutedRequest(protocol, service, operation if has_operation else None, description)

    def _by_action(self, action: str, version: re.Match[bytes] | None, scope_service: str | None) -> RoutedRequest:
        text = _text(version[1]) if version else ""
        service = self._by_version.get(text) or self._by_signing_name.get(scope_service or "")
        description = f"Action '{action}' with Version '{text}'"
        if text == _CLASSIC_ELB:
            classic = (
                f"{description}, an API of Classic Load Balancers (moyai has Application and Network Load Balancers)"
            )
            return RoutedRequest(QUERY, None, None, classic)
        if service is None and text in _BY_VERSION:
            return _delegated_request(QUERY, _BY_VERSION[text])
        if service is None:
            return RoutedRequest(QUERY, None, None, description)
        return self._by_name(EC2 if service == EC2 else QUERY, service, action, description)

    def _by_rest_path(self, request: HttpRequest, scope_service: str | None) -> RoutedRequest:
        description = f"{request.method} {request.path[:200]}"
        for operation in self._rest_operations.get((request.method, _first_part(request.path)), ()):
            if labels(operation.path, request.path) is not None:
                return RoutedRequest(operation.protocol, operation.service, operation.name, description)
        signed_for = self._by_signing_name.get(scope_service or "")
        if request.content_type == FORM:
            return RoutedRequest(EC2 if signed_for == EC2 else QUERY, None, None, description)
        if signed_for is None and _may_be_object(request):
            return _delegated_request(REST_JSON, "cognito-idp" if _USER_POOL_PATH.fullmatch(request.path) else S3)
        protocol = _protocols(self._models[signed_for])[0] if signed_for else JSON
        return RoutedRequest(protocol, None, None, description)


def _first_part(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]


def _may_be_object(request: HttpRequest) -> bool:
    """Whether an unsigned request may be for an object or a bucket: by its path, or by the bucket in its host name."""
    if request.method == "POST" and request.content_type in JSON_TYPES:
        return False
    return request.path not in {"", "/"} or ".s3." in request.headers.get("host", "")


def _delegated_request(protocol: str, service: str) -> RoutedRequest:
    """A request to a service that is not moyai's, with the protocol of its errors."""
    if not _SERVICE_NAME.fullmatch(service):
        return RoutedRequest(protocol, None, None, f"signed for the service '{service[:40]}'")
    if protocol != JSON and service in S3_SIGNING_NAMES:
        protocol = S3
    elif protocol == REST_JSON and service in _SPEAK_REST_XML:
        protocol = REST_XML
    return RoutedRequest(protocol, None, None, f"service {service}", service)


def _text(encoded: bytes) -> str:
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8", "replace")


def _protocols(model: ServiceModel) -> list[str]:
    return list(model.metadata.get("protocols") or [model.metadata["protocol"]])


def _has_forms(model: ServiceModel) -> bool:
    return bool({QUERY, EC2} & set(_protocols(model)))
