"""Requests and answers as they stand on the wire, case by case.

``<name>.in.yaml`` holds a request and what a handler answers (or raises); ``<name>.out.yaml`` holds what the
handler was given and what the client gets. ``make golden`` writes the latter. CBOR is in hexadecimal.
"""

from __future__ import annotations

from pathlib import Path
from types import new_class

import pytest
import yaml

from moyai.api.models import load_models
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.api.wire.protocols import codecs
from moyai.kernel.errors import ClientFault
from moyai.testing.golden import cases

HERE = Path(__file__).parent
REQUEST_ID = "5e3a1f4e-0000-4000-8000-000000000001"
MODELS = load_models()


def request_of(text: str, *, binary: bool) -> HttpRequest:
    head, _, body = text.partition("\n\n")
    first, *lines = head.splitlines()
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return HttpRequest(method, path, query, headers, bytes.fromhex(body) if binary else body.strip().encode())


def text_of(response: HttpResponse, *, binary: bool) -> str:
    head = "".join(f"{name}: {value}\n" for name, value in response.headers.items())
    body = response.body.hex() if binary else response.body.decode()
    return f"HTTP/1.1 {response.status}\n{head}\n{body}\n"


def fault_of(code: str, status: int, message: str) -> ClientFault:
    kind = new_class("Raised", (ClientFault,), {"code": code, "status": status})
    fault = kind(message)
    assert isinstance(fault, ClientFault)
    return fault


class Block(yaml.SafeDumper):
    """Writes a text of several lines as one reads it."""

    def represent_text(self, text):
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


Block.add_representer(str, Block.represent_text)


@pytest.mark.parametrize("name", cases(HERE))
def test_requests_and_responses_are_as_expected(name, golden):
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    model, binary = MODELS[case["service"]], "cbor" in case["protocol"]
    codec, operation = codecs(model)[case["protocol"]], model.operation_model(case["operation"])
    params = codec.parse(operation, request_of(case["request"], binary=binary))
    if "error" in case:
        response = codec.serialise_error(fault_of(**case["error"]), REQUEST_ID)
    else:
        response = codec.serialise(operation, case["output"], REQUEST_ID)
    exchange = {"params": params, "response": text_of(response, binary=binary)}
    text = yaml.dump(exchange, Dumper=Block, sort_keys=False, allow_unicode=True, width=120)
    golden.check(name, {"out": text})
