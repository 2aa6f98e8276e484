"""Which service, protocol and operation a request speaks of.

Promise: looks at what each protocol puts where (a path, ``X-Amz-Target``, ``Action`` and ``Version``), then at
the credential scope; never at the host name, so ``data-<anything>`` is as good as ``localhost``.
Whatever the request is, the answer says in which protocol to reply, even to a mistake.
Source: https://smithy.io/2.0/guides/wire-protocol-selection.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from botocore.model import ServiceModel

from moyai.api.wire.http import HttpRequest
from moyai.api.wire.rest_json import labels

JSON, CBOR, REST, QUERY, EC2 = "json", "smithy-rpc-v2-cbor", "rest-json", "query", "ec2"
_CBOR_PATH = re.compile(r"/service/([\w.]{1,128})/operation/(\w{1,128})/?")
_ACTION = re.compile(rb"(?:^|&)Action=([^&]{0,128})")
_VERSION = re.compile(rb"(?:^|&)Version=([^&]{0,32})")


class Heard(NamedTuple):
    """What a request asks for, as far as it can be told."""

    protocol: str
    service: str | None
    """botocore's name; None when no service of ours is meant."""
    operation: str | None
    """The name of an operation that the service's model has; None when it has no such."""
    tried: str
    """What was looked at, for the error message."""


class Router:
    """Knows where each service is addressed."""

    def __init__(self, models: Mapping[str, ServiceModel]) -> None:
        self._models = models
        self._by_target = {
            model.metadata["targetPrefix"]: name for name, model in models.items() if "targetPrefix" in model.metadata
        }
        self._by_signing_name = {model.signing_name: name for name, model in models.items()}
        self._by_version = {model.api_version: name for name, model in models.items() if _forms(model)}
        self._rest = [(name, model) for name, model in models.items() if model.metadata["protocol"] == REST]

    def hear(self, request: HttpRequest, scope_service: str | None) -> Heard:
        """The request's meaning. ``scope_service`` is the credential scope's, None when there is none."""
        if request.method == "POST" and (match := _CBOR_PATH.fullmatch(request.path)):
            return self._named(CBOR, self._by_target.get(match[1]), match[2], f"path {request.path}")
        if target := request.headers.get("x-amz-target"):
            prefix, _, operation = target.rpartition(".")
            return self._named(JSON, self._by_target.get(prefix), operation, f"X-Amz-Target '{target[:200]}'")
        fields = request.query.encode() + b"&" + (request.body if "json" not in request.content_type else b"")
        if request.path in {"", "/"} and (action := _ACTION.search(fields)):
            return self._form(_text(action[1]), _VERSION.search(fields), scope_service)
        return self._rest_path(request, scope_service)

    def _named(self, protocol: str, service: str | None, operation: str, tried: str) -> Heard:
        if service is not None and protocol not in _protocols(self._models[service]):
            return Heard(protocol, None, None, f"{tried} ({service} does not speak {protocol})")
        known = service is not None and operation in self._models[service].operation_names
        return Heard(protocol, service, operation if known else None, tried)

    def _form(self, action: str, version: re.Match[bytes] | None, scope_service: str | None) -> Heard:
        text = _text(version[1]) if version else ""
        service = self._by_version.get(text) or self._by_signing_name.get(scope_service or "")
        tried = f"Action '{action}' with Version '{text}'"
        if service is None:
            return Heard(QUERY, None, None, tried)
        return self._named(EC2 if service == EC2 else QUERY, service, action, tried)

    def _rest_path(self, request: HttpRequest, scope_service: str | None) -> Heard:
        tried = f"{request.method} {request.path[:200]}"
        for service, model in self._rest:
            for name in model.operation_names:
                http = model.operation_model(name).http
                if http["method"] == request.method and labels(http["requestUri"], request.path) is not None:
                    return Heard(REST, service, name, tried)
        meant = self._by_signing_name.get(scope_service or "")
        if request.content_type == "application/x-www-form-urlencoded":
            return Heard(EC2 if meant == EC2 else QUERY, None, None, tried)
        return Heard(_protocols(self._models[meant])[0] if meant else JSON, None, None, tried)


def _text(encoded: bytes) -> str:
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8", "replace")


def _protocols(model: ServiceModel) -> list[str]:
    return list(model.metadata.get("protocols") or [model.metadata["protocol"]])


def _forms(model: ServiceModel) -> bool:
    return bool({QUERY, EC2} & set(_protocols(model)))
