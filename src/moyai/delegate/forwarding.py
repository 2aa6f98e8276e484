"""Sends a request to a server of other AWS services, and passes on its response.

Promise: method, path, query, ``Host`` and all headers but those of the connection go on unchanged, the body as it
arrives, and the response as it comes. ``Authorization`` goes on only where it is the signature that was verified. The
account is added in a header, since such servers derive it from access keys, which mean something only here; the service
and the region are added for the embedded server, which would look for them in whatever else the client sends.
Source: RFC 9110 § 7.6.1 (headers of a connection)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from moyai.delegate.application import FAILURE, NETWORKS, REGION, SERVICE
from moyai.delegate.connection import ConnectionBroken, send_request
from moyai.delegate.connection_pool import ConnectionPool, PoolExhausted, ResponseBody, ServerAddress
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
_OTHERS: Final = "others"
_PORTS: Final = MappingProxyType({"http": 80, "https": 443})
_REASON_BYTES: Final = 4000
_FIRST_ERROR: Final = 400
_NOT_IMPLEMENTED: Final = 501


class NotReached(DelegateFailed):
    """The server does not listen. The request's body has not been read."""


class _ServerResponse(NamedTuple):
    """A response whose head is there."""

    status: int
    headers: list[tuple[str, str]]
    body: ResponseBody


class DelegateClient:
    """Sends requests to one server: at a URL, or at a Unix socket. The URL's path goes before that of each request."""

    def __init__(self, url: str, socket: str | None = None, connections: int = _CONNECTIONS) -> None:
        self._name, parts = url, urlsplit(url)
        self._authority, self._path = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
        address = ServerAddress(parts.hostname or "", parts.port or _PORTS[parts.scheme], socket, parts.scheme)
        self._pools = {name: ConnectionPool(address, connections) for name in (*_APART, _OTHERS)}

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        """The response, when its head is there. Raises NotReached, DelegateBusy, NotDelegated, DelegateFailed, and
        what the body raises.
        """
        target, headers = self._path + request.target, _outgoing_headers(request)
        response = await self._send((request.method, target), headers, request.body, request.service)
        if _is_failure(response):
            reason = await _beginning(response.body)
            if response.status == _NOT_IMPLEMENTED:
                raise NotDelegated(f"The server that answers {request.service} has no such operation: {reason}")
            raise DelegateFailed(f"{self._name} answered {response.status}: {reason}")
        passed_on = tuple((name, value) for name, value in response.headers if name.lower() not in _CONNECTION_HEADERS)
        return DelegatedResponse(response.status, passed_on, self._chunks(response.body))

    async def tell_networks(self, networks: Networks) -> None:
        """Replace the networks that the embedded server knows. Raises NotReached, DelegateFailed."""
        content = msgspec.json.encode(networks)
        headers = [(_NETWORKS, "1"), ("content-length", str(len(content)))]
        response = await self._send(("PUT", "/"), headers, _single_chunk(content), _OTHERS)
        reason = await _beginning(response.body)
        if response.status >= _FIRST_ERROR:
            raise DelegateFailed(f"{self._name} did not take the networks: {reason}")

    async def _send(
        self, line: tuple[str, str], headers: list[tuple[str, str]], body: AsyncIterator[bytes] | None, service: str
    ) -> _ServerResponse:
        """Send a request, and wait for the head of its response. ``line``: its method and its target."""
        pool = self._pools.get(service, self._pools[_OTHERS])
        try:
            connection = await pool.take()
        except PoolExhausted as error:
            raise DelegateBusy("Please reduce your request rate: the server of this service is busy.") from error
        except OSError as error:
            raise NotReached(f"{self._name} can't be reached: {type(error).__name__} {error}") from error
        response_body = ResponseBody(connection, pool.give_back)
        try:
            connection.begin(skips_body=line[0] == "HEAD")
            await send_request(connection, *line, [*headers, *self._host(headers)], body)
            await connection.read_head()
        except ConnectionBroken as error:
            response_body.close()
            raise DelegateFailed(f"{self._name} gave no response: {error}") from error
        except BaseException:
            response_body.close()
            raise
        return _ServerResponse(connection.status, connection.headers, response_body)

    def _host(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [] if any(name == "host" for name, _ in headers) else [("host", self._authority)]

    async def close(self) -> None:
        """Close all connections that no response is read from."""
        for pool in self._pools.values():
            await pool.close()

    async def _chunks(self, body: ResponseBody) -> AsyncIterator[bytes]:
        try:
            async for chunk in body:
                yield chunk
        except ConnectionBroken as error:
            raise DelegateFailed(f"{self._name} broke off its response: {error}") from error
        finally:
            body.close()


async def _single_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content


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


def _is_failure(response: _ServerResponse) -> bool:
    """Whether no AWS service would answer so. S3 may serve pages of a website, also for errors."""
    names = {name.lower(): value for name, value in response.headers}
    is_page = names.get("content-type", "").startswith("text/html")
    return FAILURE in names or (is_page and response.status >= _NOT_IMPLEMENTED - 1)


async def _beginning(body: ResponseBody) -> str:
    text = b""
    try:
        async for chunk in body:
            text += chunk
            if len(text) >= _REASON_BYTES:
                break
    finally:
        body.close()
    return text[-_REASON_BYTES:].decode(errors="replace")
