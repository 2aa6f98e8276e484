"""Requests on their way to another server: whose they are, and which signatures are accepted where keys were issued."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from msgspec.structs import replace
from typing_extensions import override

from moyai.api.asgi import App
from moyai.api.delegation import collect
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.app.clock import SystemClock
from moyai.ports.delegate import Delegate, DelegateBusy, DelegatedRequest, DelegatedResponse
from tests.unit.api import world

HOST = "127.0.0.1:4566"
BODY = b"some bytes"


class RecordingDelegate(Delegate):
    """Answers everything with the body that it got, and records what was forwarded whole."""

    def __init__(self) -> None:
        self.requests: list[tuple[DelegatedRequest, bytes]] = []

    @override
    def owners(self):
        return ()

    @override
    def refusal(self, service):
        return None

    @override
    async def forward(self, request):
        body = b"" if request.body is None else b"".join([chunk async for chunk in request.body])
        self.requests.append((request, body))
        return DelegatedResponse(200, (("content-type", "x"),), chunks(body))

    @override
    async def close(self):
        pass


class BusyDelegate(RecordingDelegate):
    """Has no connection left."""

    @override
    async def forward(self, request):
        raise DelegateBusy("Please reduce your request rate.")


class WaitingDelegate(RecordingDelegate):
    """Never answers; notes when it gets the request, and when that is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.cancelled = asyncio.Event(), asyncio.Event()

    @override
    async def forward(self, request):
        _ = [] if request.body is None else [chunk async for chunk in request.body]
        self.started.set()
        try:
            await asyncio.Future()
        finally:
            self.cancelled.set()


async def chunks(*parts):
    for part in parts:
        yield part


def http_request(request, body=BODY):
    """A request as an SDK sends it."""
    path, _, query = request.url.partition(HOST)[2].partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return HttpRequest(request.method, path, query, headers | {"host": HOST, "content-length": str(len(body))})


def signed_request(auth, headers=None, path="/bucket/a%20b//c", service="s3", secret="secret"):  # noqa: S107 - opens nothing
    body = b"" if auth is S3SigV4QueryAuth else BODY  # the SDK takes a body for part of the query
    request = AWSRequest("PUT", f"http://{HOST}{path}", headers or {}, body)
    auth(Credentials("AKIA", secret), service, "eu-north-1").add_auth(request)
    return http_request(request)


async def send(request, body=BODY, keys=True, **changes):
    delegate = RecordingDelegate()
    known = world.Keys(AKIA="secret") if keys else None
    gateway = world.gateway(delegate=delegate, keys=known, clock=SystemClock(), **changes)
    route = gateway.route(request)
    assert route.is_delegated
    response = await gateway.forward(request, route, chunks(body[:4], body[4:]))
    if isinstance(response, DelegatedResponse):
        response = await collect(response)
    assert isinstance(response, HttpResponse)
    return response, delegate.requests


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"},
        {"X-Amz-Content-SHA256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x-amz-decoded-content-length": "10"},
    ],
    ids=["hashed", "unsigned", "chunked"],
)
async def test_a_signed_upload_is_forwarded(headers):
    class Auth(S3SigV4Auth):
        def payload(self, request):
            return headers.get("X-Amz-Content-SHA256") or hashlib.sha256(BODY).hexdigest()

    response, requests = await send(signed_request(Auth, headers))
    assert (response.status, response.body) == (200, BODY), response.body
    [(request, body)] = requests
    assert (request.target, body, request.scope.region) == ("/bucket/a%20b//c", BODY, "eu-north-1")


async def test_a_presigned_request_is_forwarded_with_its_query():
    response, [(request, _)] = await send(signed_request(S3SigV4QueryAuth, path="/bucket/k?uploads"))
    assert response.status == 200
    assert request.target.startswith("/bucket/k?uploads")


async def test_another_service_is_signed_with_its_body():
    response, requests = await send(signed_request(SigV4Auth, service="lambda", path="/2015-03-31/functions"))
    assert (response.status, requests[0][1]) == (200, BODY)
    response, requests = await send(signed_request(SigV4Auth, service="lambda", path="/x"), b"other bytes")
    assert (response.status, requests) == (403, [])


async def test_a_body_of_another_hash_is_cut_off():
    response, requests = await send(signed_request(S3SigV4Auth), b"other bytes")
    assert (response.status, requests) == (403, [])
    assert b"<Code>SignatureDoesNotMatch</Code>" in response.body


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (signed_request(S3SigV4Auth, secret="wrong"), "SignatureDoesNotMatch"),
        (HttpRequest("GET", "/bucket/key", "", {"host": HOST}), "AccessDenied"),
    ],
    ids=["a wrong secret", "no signature"],
)
async def test_a_request_without_a_right_signature_is_refused(request_, code):
    response, requests = await send(request_)
    assert (response.status, requests) == (403, [])
    assert f"<Code>{code}</Code>".encode() in response.body


async def test_without_keys_an_old_presigned_url_names_the_account():
    query = "AWSAccessKeyId=111122223333&Signature=x&Expires=9"
    request = HttpRequest("GET", "/bucket/key", query, {"host": HOST})
    _, [(forwarded, _)] = await send(request, b"", keys=False)
    assert (forwarded.service, forwarded.scope.account) == ("s3", "111122223333")


async def test_without_keys_an_access_key_of_twelve_digits_is_the_account():
    stamp = datetime.now(UTC).strftime("%Y%m%d")
    scope = f"111122223333/{stamp}/us-west-2/sqs/aws4_request"
    headers = {
        "host": HOST,
        "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
        "content-length": "10",
    }
    _, [(request, body)] = await send(HttpRequest("POST", "/", "", headers), keys=False)
    assert (request.service, request.scope.account, request.scope.region) == ("sqs", "111122223333", "us-west-2")
    assert body == BODY


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_browser_gives_a_response_no_rights(streamed):
    request = HttpRequest("GET", "/bucket/page.html", "", {"host": HOST})
    if streamed:
        response, _ = await send(request, b"", keys=False)
    else:
        response = await world.gateway(delegate=RecordingDelegate(), clock=SystemClock()).answer(request)
    assert response.headers["content-security-policy"] == "sandbox"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("headers", [{}, {"content-length": "0"}, {"content-length": "00"}])
async def test_a_signed_body_that_is_not_there_is_refused(headers):
    request = signed_request(S3SigV4Auth)
    kept = {name: value for name, value in request.headers.items() if name != "content-length"}
    response, requests = await send(replace(request, headers=kept | headers), b"")
    assert (response.status, requests) == (403, [])


@pytest.mark.parametrize("query", ["AWSAccessKeyId=111122223333&Signature=x&Expires=9", ""])
async def test_without_keys_an_upload_may_be_large(query):
    body = bytes(16 * 1024**2 + 1)
    request = HttpRequest("PUT", "/bucket/key", query, {"host": HOST, "content-length": str(len(body))})
    response, [(_, forwarded)] = await send(request, body, keys=False)
    assert (response.status, len(forwarded)) == (200, len(body))


@pytest.mark.parametrize(
    ("method", "action", "status"),
    [
        ("GET", "Action=ListQueues", 200),
        ("GET", "Action=DeleteQueue", 403),
        ("HEAD", "Action=ListQueues&%41ction=DeleteQueue", 403),
        ("POST", "Action=DeleteQueue", 200),
    ],
)
async def test_without_keys_a_get_changes_nothing(method, action, status):
    scope = "X-Amz-Credential=1%2F20261128%2Fus-east-1%2Fsqs%2Faws4_request"
    signature = "X-Amz-Date=20261128T000000Z&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
    query = f"{action}&X-Amz-Algorithm=AWS4-HMAC-SHA256&{scope}&{signature}"
    response, requests = await send(HttpRequest(method, "/", query, {"host": HOST}), b"", keys=False)
    assert (response.status, len(requests)) == (status, int(status == 200))


async def test_a_busy_server_is_a_reason_to_try_again():
    gateway = world.gateway(delegate=BusyDelegate(), clock=SystemClock())
    request = HttpRequest("GET", "/bucket/key", "", {"host": HOST})
    response = await gateway.forward(request, gateway.route(request), chunks(b""))
    assert response.status == 503
    assert isinstance(response, HttpResponse)
    assert b"<Code>RequestNotReceived</Code>" in response.body


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"2")]], ids=["no body", "a body"])
async def test_a_request_ends_when_its_client_leaves(headers):
    delegate = WaitingDelegate()
    messages = [{"type": "http.request", "body": b"{}" if headers else b"", "more_body": False}]

    async def receive():
        if messages:
            return messages.pop()
        await delegate.started.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(f"nobody receives {message}")

    scope = {"type": "http", "method": "PUT", "path": "/bucket/key", "query_string": b""}
    app = App(world.gateway(delegate=delegate, clock=SystemClock()))
    await app(scope | {"headers": [(b"host", b"localhost:4566"), *headers]}, receive, send)
    assert delegate.cancelled.is_set()
