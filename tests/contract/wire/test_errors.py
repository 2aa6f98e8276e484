"""Every modelled error of every service, in every protocol, is what botocore takes it for."""

from __future__ import annotations

from types import new_class
from typing import Any

import pytest
from botocore import xform_name

from moyai.api.wire.protocols import codecs
from moyai.kernel.errors import ClientFault, InvalidSignature, OperationNotYet
from tests.contract.wire import peer

CASES = [
    pytest.param(service, protocol, id=f"{service}-{protocol}")
    for service, model in peer.MODELS.items()
    for protocol in peer.protocols(model)
]


def failure(code, detail=None):
    kind = new_class("Modelled", (ClientFault,), {"code": code, "status": 409})
    return kind("it's <not> here & won't be", detail or {})


@pytest.mark.parametrize(("service", "protocol"), CASES)
def test_botocore_reads_code_and_message(service, protocol):
    model = peer.MODELS[service]
    codec = codecs(model)[protocol]
    shapes: list[Any] = model.error_shapes
    names = [shape.error_code for shape in shapes] + [shape.name for shape in shapes]
    for code in names or ["InvalidVpcID.NotFound"]:
        response = codec.serialise_error(failure(code), "request-1")
        parsed = peer.read(protocol, None, response)
        shape = model.shape_for_error_code(parsed["Error"]["Code"])
        assert not names or shape is not None, code
        assert parsed["Error"]["Message"] == "it's <not> here & won't be"
        assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
        assert parsed["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_error_details_fill_members_of_the_error_shape():
    codec = codecs(peer.MODELS["ecs"])["json"]
    error = failure("ConflictException", {"resource_ids": ["a"], "not_modelled": 1})
    shape = peer.MODELS["ecs"].shape_for("ConflictException")
    parsed = peer.read("json", shape, codec.serialise_error(error, "r"))
    assert {xform_name(name): value for name, value in parsed.items() if name != "ResponseMetadata"} == {
        "resource_ids": ["a"],
        "message": "it's <not> here & won't be",
    }


@pytest.mark.parametrize(("service", "protocol"), CASES)
def test_botocore_reads_the_error_for_unsupported_operations(service, protocol):
    codec = codecs(peer.MODELS[service])[protocol]
    parsed = peer.read(protocol, None, codec.serialise_error(OperationNotYet("later"), "r"))
    assert parsed["Error"]["Code"] in {"UnsupportedOperationException", "UnsupportedOperation"}
    parsed = peer.read(protocol, None, codec.serialise_error(InvalidSignature("no"), "r"))
    assert parsed["Error"]["Code"] in {"InvalidSignatureException", "SignatureDoesNotMatch"}


def test_a_query_compatible_service_sends_the_query_error_code():
    codec = codecs(peer.MODELS["cloudwatch"])["json"]
    response = codec.serialise_error(failure("InvalidParameterValueException"), "r")
    assert response.headers["x-amzn-query-error"] == "InvalidParameterValue;Sender"
