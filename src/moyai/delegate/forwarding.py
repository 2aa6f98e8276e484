"""Sends a request to a server of other AWS services, and passes on its response.

Promise: method, path, query, ``Host`` and all headers but those of the connection go on unchanged, the body as it
arrives, and the response as it comes. ``Authorization`` goes on only where it is the signature that was verified. The
account is added in a header, since such servers derive it from access keys, which mean something only here; the service
and the region are added for the embedded server, which would look for them in whatever else the client sends.
Source: RFC 9110 § 7.6.1 (headers of a connection)
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from moyai.delegate.application import FAILURE, NETWORKS, REGION, SERVICE
from moyai.delegate.networks import Networks
from moyai.ports.delegate import DelegateBusy, DelegatedRequest, DelegatedResponse, DelegateFailed, NotDelegated

ACCOUNT: Final = "x-moto-account-id"
_CONNECTION_HEADERS: Final = frozenset(
    {
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", ACCOUNT),
        *("date", "server"),  # moyai's own server adds the date
    }
)
_SIGNED: Final = "AWS4-HMAC-SHA256 "
_UNSIGNED: Final = (
    _SIGNED + "Credential={0.account}/19700101/{0.region}/{1}/aws4_request, SignedHeaders=host, Signature=none"
)
"""An Authorization header that names the service of a request without a signature."""
_OWN_PREFIX: Final = "x-moyai-"
_NETWORKS, _SERVICE, _REGION = (name.removeprefix("HTTP_").replace("_", "-") for name in (NETWORKS, SERVICE, REGION))
_CONNECTIONS: Final = 192
"""Connections of one pool: with all pools together, fewer than the embedded server may have threads."""
_APART: Final = frozenset({"s3", "sqs"})
"""Services whose clients may hold connections, by slow transfers and by waiting for messages: each has its own pool."""
_LONGEST_WAIT: Final = 16 * 60.0
"""Seconds without a byte: a Lambda function may run for 15 minutes."""
_OTHERS: Final = "others"
_TIMEOUTS: Final[Mapping[str, float]] = {"connect": 5.0, "read": _LONGEST_WAIT, "write": 60.0, "pool": 10.0}
_REASON_BYTES: Final = 4000
_FIRST_ERROR: Final = 400
_NOT_IMPLEMENTED: Final = 501


class NotReached(DelegateFailed):
    """The server does not listen. The request's body has not been read."""


class DelegateClient:
    """Sends requests to one server: at a URL, or at a Unix socket. The URL's path goes before that of each request."""

    def __init__(self, url: str, socket: str | None = None, connections: int = _CONNECTIONS) -> None:
        self._name, parts = url, urlsplit(url)
        self._origin, self._path = f"{parts.scheme}://{parts.netloc}/", parts.path.rstrip("/")
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._transports = {
            name: httpx.AsyncHTTPTransport(uds=socket, limits=limits, trust_env=False) for name in (*_APART, _OTHERS)
        }

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        """The response, when its head is there. Raises NotReached, DelegateBusy, NotDelegated, DelegateFailed, and
        what the body raises.
        """
        target = (self._path + request.target).encode("latin-1")
        outgoing = httpx.Request(
            request.method,
            self._origin,
            headers=_outgoing_headers(request),
            content=request.body,
            extensions={"target": target, "timeout": _TIMEOUTS},
        )
        response = await self._send(outgoing, request.service)
        if _is_failure(response):
            reason = await _beginning(response)
            if response.status_code == _NOT_IMPLEMENTED:
                raise NotDelegated(f"The server that answers {request.service} has no such operation: {reason}")
            raise DelegateFailed(f"{self._name} answered {response.status_code}: {reason}")
        headers = tuple(
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
            if name.decode("latin-1").lower() not in _CONNECTION_HEADERS
        )
        return DelegatedResponse(response.status_code, headers, self._chunks(response))

    async def tell_networks(self, networks: Networks) -> None:
        """Replace the networks that the embedded server knows. Raises NotReached, DelegateFailed."""
        content = msgspec.json.encode(networks)
        outgoing = httpx.Request(
            "PUT", self._origin, headers={_NETWORKS: "1"}, content=content, extensions={"timeout": _TIMEOUTS}
        )
        response = await self._send(outgoing, _OTHERS)
        if response.status_code >= _FIRST_ERROR:
            raise DelegateFailed(f"{self._name} did not take the networks: {await _beginning(response)}")
        await response.aclose()

    async def _send(self, outgoing: httpx.Request, service: str) -> httpx.Response:
        try:
            return await self._transports.get(service, self._transports[_OTHERS]).handle_async_request(outgoing)
        except httpx.ConnectError as error:
            raise NotReached(f"{self._name} can't be reached: {error}") from error
        except httpx.PoolTimeout as error:
            raise DelegateBusy("Please reduce your request rate: the server of this service is busy.") from error
        except httpx.TransportError as error:
            raise DelegateFailed(f"{self._name} gave no response: {type(error).__name__} {error}") from error

    async def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.aclose()

    async def _chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        try:
            async for chunk in response.aiter_raw():
                yield chunk
        except httpx.TransportError as error:
            raise DelegateFailed(f"{self._name} broke off its response: {error}") from error
        finally:
            await response.aclose()


def _outgoing_headers(request: DelegatedRequest) -> list[tuple[str, str]]:
    headers = [
        (name, value)
        for name, value in request.headers.items()
        if name not in _CONNECTION_HEADERS and not name.startswith(_OWN_PREFIX) and name != "authorization"
    ]
    authorization = request.headers.get("authorization", "")
    if authorization.startswith(_SIGNED):
        headers.append(("authorization", authorization))
    elif request.service != "s3":
        headers.append(("authorization", _UNSIGNED.format(request.scope, request.service)))
    routed = [(_SERVICE, request.service), (_REGION, request.scope.region), (ACCOUNT, request.scope.account)]
    return [*headers, *routed]


def _is_failure(response: httpx.Response) -> bool:
    """Whether no AWS service would answer so. S3 may serve pages of a website, also for errors."""
    is_page = response.headers.get("content-type", "").startswith("text/html")
    return FAILURE in response.headers or (is_page and response.status_code >= _NOT_IMPLEMENTED - 1)


async def _beginning(response: httpx.Response) -> str:
    text = b""
    try:
        async for chunk in response.aiter_raw():
            text += chunk
            if len(text) >= _REASON_BYTES:
                break
    finally:
        await response.aclose()
    return text[-_REASON_BYTES:].decode(errors="replace")
