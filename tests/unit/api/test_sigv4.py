"""Signatures, with botocore's own signer as the peer."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from moyai.api.sigv4 import Verifier, credential
from moyai.api.wire.http import HttpRequest
from moyai.kernel.clock import Instant
from moyai.kernel.errors import IncompleteSignature, InvalidSignature, MissingToken, UnrecognizedClient
from tests.contract.wire import peer
from tests.unit.api.world import Keys

KEYS = Keys(AKID="secret/+ü", AKOTHER="other")
VERIFIER = Verifier(KEYS)


def sign(
    method="POST", url="http://localhost:4566/", body=b"{}", *, token=None, headers=None, service="ecs", presigned=False
):
    request = AWSRequest(method=method, url=url, data=body, headers=headers or {})
    credentials = Credentials("AKID", "secret/+ü", token)
    signer = SigV4QueryAuth(credentials, service, "eu-north-1", 60) if presigned else None
    (signer or SigV4Auth(credentials, service, "eu-north-1")).add_auth(request)
    return peer.http_request(request.prepare())


def time_of(request: HttpRequest) -> Instant:
    found_credential = credential(request)
    assert found_credential is not None
    return Instant(datetime.strptime(found_credential.time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())


def verify(request: HttpRequest, late: float = 0) -> None:
    VERIFIER.verify(request, credential(request), Instant(time_of(request) + late))


def with_header(request: HttpRequest, name: str, value: str | None) -> HttpRequest:
    headers = {key: text for key, text in request.headers.items() if key != name}
    return msgspec.structs.replace(request, headers=headers if value is None else headers | {name: value})


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"method": "GET", "body": b""},
        {"url": "http://localhost:4566/v20190125/meshes/caf%C3%A9%20%2F%2B~x", "method": "PUT", "service": "appmesh"},
        {"url": "http://localhost:4566/a//b/../c/./d/", "method": "GET"},
        {"url": "http://localhost:4566/?b=2&a=1&a=%20x&empty=&c=%C3%A9%2F"},
        {"body": bytes(range(256)), "headers": {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}},
        {"token": "session/token=="},
        {"headers": {"X-Amz-Target": "A.B", "X-Spaced": "  a   b  "}},
        {"presigned": True, "method": "GET", "body": b"", "url": "http://localhost:4566/?Action=GetCallerIdentity"},
        {"presigned": True, "method": "GET", "body": b"", "token": "t/+="},
        {"url": "http://data-localhost:4566/"},
    ],
    ids=lambda changes: ",".join(changes) or "plain",
)
def test_requests_signed_by_botocore_are_accepted(changes):
    verify(sign(**changes))


def test_the_credential_names_key_region_and_service():
    found_credential = credential(sign())
    assert found_credential is not None
    assert (found_credential.access_key, found_credential.region, found_credential.service) == (
        "AKID",
        "eu-north-1",
        "ecs",
    )
    assert credential(HttpRequest("GET", "/", "", {})) is None


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{ }"},
        {"method": "PUT"},
        {"path": "/other"},
        {"query": "a=1"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_request_is_refused(change):
    with pytest.raises(InvalidSignature, match="does not match the signature you provided"):
        verify(msgspec.structs.replace(sign(), **change))


def test_a_changed_signed_header_is_refused():
    request = sign(headers={"X-Amz-Target": "Service.Good"})
    with pytest.raises(InvalidSignature, match="does not match"):
        verify(with_header(request, "x-amz-target", "Service.Evil"))
    with pytest.raises(InvalidSignature, match=r"'x-amz-target'.*is not in the request"):
        verify(with_header(request, "x-amz-target", None))


def test_every_amz_header_must_be_signed():
    with pytest.raises(InvalidSignature, match="'x-amz-target' must be a 'SignedHeader'"):
        verify(with_header(sign(), "x-amz-target", "Service.Evil"))


def test_the_body_must_be_signed():
    for said in ("UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64):
        with pytest.raises(InvalidSignature, match="x-amz-content-sha256"):
            verify(sign(headers={"x-amz-content-sha256": said}))


def test_a_signature_is_valid_within_fifteen_minutes():
    request = sign()
    verify(request, late=899)
    verify(request, late=-899)
    with pytest.raises(InvalidSignature, match=r"Signature expired: \w+ is now earlier than \w+ \(\w+ - 15 min\.\)"):
        verify(request, late=901)
    with pytest.raises(InvalidSignature, match="Signature not yet current"):
        verify(request, late=-901)


def test_a_presigned_url_is_valid_for_its_expiry_time():
    request = sign(method="GET", body=b"", presigned=True)
    verify(request, late=59)
    with pytest.raises(InvalidSignature, match="Signature expired"):
        verify(request, late=61)


def test_unknown_keys_are_refused():
    request = sign()
    with pytest.raises(MissingToken, match="Missing Authentication Token"):
        VERIFIER.verify(request, None, Instant(0.0))
    with pytest.raises(UnrecognizedClient, match="security token included in the request is invalid"):
        Verifier(Keys()).verify(request, credential(request), time_of(request))
    with pytest.raises(InvalidSignature):
        Verifier(Keys(AKID="wrong")).verify(request, credential(request), time_of(request))


GOOD = "AWS4-HMAC-SHA256 Credential=A/20260101/eu-north-1/ecs/aws4_request, SignedHeaders=host, Signature=0"


@pytest.mark.parametrize(
    ("header", "error", "words"),
    [
        (GOOD.replace("Credential=", "Nothing="), IncompleteSignature, "requires 'Credential'"),
        (GOOD.replace("Signature=0", "Signature="), IncompleteSignature, "requires 'Signature'"),
        (GOOD.replace("SignedHeaders=host, ", ""), IncompleteSignature, "requires 'SignedHeaders'"),
        (GOOD + ", junk", IncompleteSignature, "not a valid key=value pair"),
        (GOOD + ", Signature=1", IncompleteSignature, "not a valid key=value pair"),
        (GOOD.replace("HMAC", "ECDSA-P256"), IncompleteSignature, "Unsupported signing algorithm"),
        (GOOD.replace("/ecs/", "/"), IncompleteSignature, "exactly 5 slash-delimited"),
        (GOOD.replace("aws4_request", "aws5"), InvalidSignature, "valid terminator"),
        (GOOD.replace("eu-north-1", "EU north"), InvalidSignature, "valid region"),
    ],
)
def test_a_malformed_header_is_named(header, error, words):
    with pytest.raises(error, match=words):
        credential(HttpRequest("POST", "/", "", {"authorization": header}))


@pytest.mark.parametrize(("time", "error"), [("", IncompleteSignature), ("20260102T000000Z", InvalidSignature)])
def test_the_date_is_required_and_matches_the_scope(time, error):
    request = HttpRequest(
        "POST", "/", "", {"host": "x", "authorization": GOOD.replace("=A/", "=AKID/"), "x-amz-date": time}
    )
    with pytest.raises(error):
        VERIFIER.verify(request, credential(request), Instant(0.0))


@pytest.mark.parametrize("expires", ["", "0", "-1", "604801", "9" * 5000, "१"])
def test_a_presigned_url_requires_a_valid_expiry(expires):
    query = sign(method="GET", body=b"", presigned=True).query.replace("X-Amz-Expires=60", f"X-Amz-Expires={expires}")
    with pytest.raises(IncompleteSignature, match="X-Amz-Expires"):
        credential(HttpRequest("GET", "/", query, {}))


def test_the_cache_of_derived_keys_is_bounded():
    verifier = Verifier(KEYS)
    for _ in range(3):
        verifier.verify(request := sign(), credential(request), time_of(request))
    assert len(verifier._derived) == 1
