"""Finds the service, protocol and operation of a request.

Promise: it reads what each protocol puts where (a path, ``X-Amz-Target``, ``Action`` and ``Version``), then the
credential scope; never the host name, because SDKs put prefixes such as ``data-`` before it. Every request has a
protocol to reply in, also one that matches no operation.
Source: https://smithy.io/2.0/guides/wire-protocol-selection.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from botocore.model import ServiceModel

from moyai.api.wire.http import HttpRequest
from moyai.api.wire.rest import labels

JSON, CBOR, QUERY, EC2 = "json", "smithy-rpc-v2-cbor", "query", "ec2"
_REST = frozenset({"rest-json", "rest-xml"})
_CBOR_PATH = re.compile(r"/service/([\w.]{1,128})/operation/(\w{1,128})/?")
_ACTION = re.compile(rb"(?:^|&)Action=([^&]{0,128})")
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


class Router:
    """Routes requests by the target prefixes, versions, paths and signing names of the services' models."""

    def __init__(self, models: Mapping[str, ServiceModel]) -> None:
        self._models = models
        self._by_target = {
            model.metadata["targetPrefix"]: name for name, model in models.items() if "targetPrefix" in model.metadata
        }
        self._by_signing_name = {model.signing_name: name for name, model in models.items()}
        self._by_version = {model.api_version: name for name, model in models.items() if _has_forms(model)}
        self._rest = [(name, model) for name, model in models.items() if model.metadata["protocol"] in _REST]

    def route(self, request: HttpRequest, scope_service: str | None) -> RoutedRequest:
        """Find the request's operation. ``scope_service`` is the credential scope's, None for an unsigned request."""
        if request.method == "POST" and (match := _CBOR_PATH.fullmatch(request.path)):
            return self._by_name(CBOR, self._by_target.get(match[1]), match[2], f"path {request.path}")
        if target := request.headers.get("x-amz-target"):
            prefix, _, operation = target.rpartition(".")
            return self._by_name(JSON, self._by_target.get(prefix), operation, f"X-Amz-Target '{target[:200]}'")
        fields = request.query.encode() + b"&" + (request.body if "json" not in request.content_type else b"")
        if request.path in {"", "/"} and (action := _ACTION.search(fields)):
            return self._by_action(_text(action[1]), _VERSION.search(fields), scope_service)
        return self._by_rest_path(request, scope_service)

    def _by_name(self, protocol: str, service: str | None, operation: str, description: str) -> RoutedRequest:
        if service is not None and protocol not in _protocols(self._models[service]):
            return RoutedRequest(protocol, None, None, f"{description} ({service} does not speak {protocol})")
        known = service is not None and operation in self._models[service].operation_names
        return RoutedRequest(protocol, service, operation if known else None, description)

    def _by_action(self, action: str, version: re.Match[bytes] | None, scope_service: str | None) -> RoutedRequest:
        text = _text(version[1]) if version else ""
        service = self._by_version.get(text) or self._by_signing_name.get(scope_service or "")
        description = f"Action '{action}' with Version '{text}'"
        if text == _CLASSIC_ELB:
            classic = f"{description}, which is of Classic Load Balancers (elbv2 has application and network ones)"
            return RoutedRequest(QUERY, None, None, classic)
        if service is None:
            return RoutedRequest(QUERY, None, None, description)
        return self._by_name(EC2 if service == EC2 else QUERY, service, action, description)

    def _by_rest_path(self, request: HttpRequest, scope_service: str | None) -> RoutedRequest:
        description = f"{request.method} {request.path[:200]}"
        for service, model in self._rest:
            for name in model.operation_names:
                http = model.operation_model(name).http
                if http["method"] == request.method and labels(http["requestUri"], request.path) is not None:
                    return RoutedRequest(model.metadata["protocol"], service, name, description)
        signed_for = self._by_signing_name.get(scope_service or "")
        if request.content_type == "application/x-www-form-urlencoded":
            return RoutedRequest(EC2 if signed_for == EC2 else QUERY, None, None, description)
        protocol = _protocols(self._models[signed_for])[0] if signed_for else JSON
        return RoutedRequest(protocol, None, None, description)


def _text(encoded: bytes) -> str:
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8", "replace")


def _protocols(model: ServiceModel) -> list[str]:
    return list(model.metadata.get("protocols") or [model.metadata["protocol"]])


def _has_forms(model: ServiceModel) -> bool:
    return bool({QUERY, EC2} & set(_protocols(model)))
