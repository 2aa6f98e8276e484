"""Sends a request to a server of other AWS services, and passes on its response.

Promise: method, path, query, ``Host`` and all headers except those of the connection are forwarded unchanged, the body
as it arrives, and the response as it comes. Headers that ``Connection`` names belong to the connection, unless they are
signed. A request is sent a second time only if the server has closed an idle connection, and only without a body and
with an idempotent method. ``Authorization`` is forwarded only if it is an AWS signature, which was verified. A header
with the account is added, because such servers derive it from access keys, which only moyai knows. Headers with the
service and the region are added for the embedded server, which would otherwise guess them from the client's request.
Sources: RFC 9110 § 7.6.1 (headers of a connection), RFC 9112 § 9.3.1 (requests that are sent again)
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

import msgspec

from moyai.delegate.application import FAILURE, NETWORKS, REGION, SERVICE
from moyai.delegate.connection import ConnectionBroken, ServerConnection, send_request
from moyai.delegate.connection_pool import ConnectionPool, PoolExhausted, ResponseBody, ServerAddress
from moyai.delegate.networks import Networks
from moyai.ports.delegate import (
    DelegateBusy,
    DelegatedRequest,
    DelegatedResponse,
    DelegateFailed,
    NotDelegated,
    NotReached,
)

ACCOUNT: Final = "x-moto-account-id"
_CONNECTION_HEADERS: Final = frozenset(
    {
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade", ACCOUNT),
        *("date", "server"),  # moyai's own server adds the date
    }
)
_NAMES: Final = "connection"
"""The header that names further headers of the connection."""
_NOT_IDEMPOTENT: Final = frozenset({"PATCH", "POST"})
_SIGNED: Final = "AWS4-HMAC-SHA256 "
_UNSIGNED: Final = (
    _SIGNED + "Credential={0.account}/19700101/{0.region}/{1}/aws4_request, SignedHeaders=host, Signature=none"
)
"""The Authorization header of a request without a signature, with its scope and service."""
_SIGNED_HEADERS: Final = re.compile(r"SignedHeaders=([^,&\s]+)")
_OWN_PREFIX: Final = "x-moyai-"
_NETWORKS, _SERVICE, _REGION = (name.removeprefix("HTTP_").replace("_", "-") for name in (NETWORKS, SERVICE, REGION))
_CONNECTIONS: Final = 192
"""Connections of one pool. Those of all pools together are fewer than the threads that the embedded server may have."""
_APART: Final = frozenset({"s3", "sqs"})
"""Services with a pool each, because their clients may use connections for long, for slow transfers or messages."""
_OTHERS: Final = "others"
_PORTS: Final = MappingProxyType({"http": 80, "https": 443})
_REASON_BYTES: Final = 4000
_FIRST_ERROR: Final = 400
_NOT_IMPLEMENTED: Final = 501


class _ServerResponse(NamedTuple):
    """A response whose head has arrived."""

    status: int
    headers: list[tuple[str, str]]
    body: ResponseBody


class DelegateClient:
    """Sends requests to one server, at a URL or a Unix socket. The URL's path is put before that of each request."""

    def __init__(self, url: str, socket: str | None = None, connections: int = _CONNECTIONS) -> None:
        self._name, parts = url, urlsplit(url)
        self._authority, self._path = parts.netloc.rpartition("@")[2], parts.path.rstrip("/")
        address = ServerAddress(parts.hostname or "", parts.port or _PORTS[parts.scheme], socket, parts.scheme)
        self._pools = {name: ConnectionPool(address, connections) for name in (*_APART, _OTHERS)}

    async def forward(self, request: DelegatedRequest) -> DelegatedResponse:
        """The response, once its head has arrived. Raises NotReached, DelegateBusy, NotDelegated, DelegateFailed, and
        any exception of the body.
        """
        target, headers = self._path + request.target, _outgoing_headers(request)
        response = await self._send((request.method, target), headers, request.body, request.service)
        if _is_failure(response):
            reason = await _beginning(response.body)
            if response.status == _NOT_IMPLEMENTED:
                raise NotDelegated(f"The server that answers {request.service} has no such operation: {reason}")
            raise DelegateFailed(f"{self._name} answered {response.status}: {reason}")
        connection_names = _names_in(value for name, value in response.headers if name.lower() == _NAMES)
        omitted_names = _CONNECTION_HEADERS | connection_names
        headers = [(name, value) for name, value in response.headers if name.lower() not in omitted_names]
        return DelegatedResponse(response.status, tuple(headers), self._chunks(response.body))

    async def send_networks(self, networks: Networks) -> None:
        """Replace the networks of a scope in the embedded server. Raises NotReached, DelegateFailed."""
        content = msgspec.json.encode(networks)
        headers = [(_NETWORKS, "1"), ("content-length", str(len(content)))]
        response = await self._send(("PUT", "/"), headers, _single_chunk(content), _OTHERS)
        reason = await _beginning(response.body)
        if response.status >= _FIRST_ERROR:
            raise DelegateFailed(f"{self._name} did not take the networks: {reason}")

    async def _send(
        self, line: tuple[str, str], headers: list[tuple[str, str]], body: AsyncIterator[bytes] | None, service: str
    ) -> _ServerResponse:
        """Send a request, and wait for the head of its response. ``line``: the request's method and target."""
        pool, sent_headers = self._pools.get(service, self._pools[_OTHERS]), [*headers, *self._host(headers)]
        connection = await self._connection(pool, new=False)
        try:
            return await _exchange(connection, pool, line, sent_headers, body)
        except ConnectionBroken as error:
            if body is not None or line[0] in _NOT_IDEMPOTENT or not connection.was_closed_idle:
                raise self._no_response(error) from error
        connection = await self._connection(pool, new=True)
        try:
            return await _exchange(connection, pool, line, sent_headers, None)
        except ConnectionBroken as error:
            raise self._no_response(error) from error

    async def _connection(self, pool: ConnectionPool, *, new: bool) -> ServerConnection:
        try:
            return await pool.take(new=new)
        except PoolExhausted as error:
            raise DelegateBusy("Please reduce your request rate: the server of this service is busy.") from error
        except OSError as error:
            raise NotReached(f"{self._name} can't be reached: {type(error).__name__} {error}") from error

    def _no_response(self, error: ConnectionBroken) -> DelegateFailed:
        return DelegateFailed(f"{self._name} gave no response: {error}")

    def _host(self, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [] if any(name == "host" for name, _ in headers) else [("host", self._authority)]

    async def close(self) -> None:
        """Close all idle connections."""
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


async def _exchange(
    connection: ServerConnection,
    pool: ConnectionPool,
    line: tuple[str, str],
    headers: list[tuple[str, str]],
    body: AsyncIterator[bytes] | None,
) -> _ServerResponse:
    """Send a request on a connection of the pool, and wait for the head of its response. Raises ConnectionBroken, and
    any exception of the body.
    """
    response_body = ResponseBody(connection, pool.give_back)
    try:
        connection.begin(skips_body=line[0] == "HEAD")
        await send_request(connection, *line, headers, body)
        await connection.read_head()
    except BaseException:
        response_body.close()
        raise
    return _ServerResponse(connection.status, connection.headers, response_body)


async def _single_chunk(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _names_in(values: Iterable[str]) -> frozenset[str]:
    """The names of headers in values of ``Connection``, in lower case."""
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def _signed_headers(authorization: str, target: str) -> frozenset[str]:
    """The headers that a signature covers. It is in the header or, for a presigned URL, in the target's query."""
    lists = _SIGNED_HEADERS.findall(f"{authorization if authorization.startswith(_SIGNED) else ''} {target}")
    return frozenset(name for names in lists for name in unquote(names).lower().split(";"))


def _outgoing_headers(request: DelegatedRequest) -> list[tuple[str, str]]:
    authorization = request.headers.get("authorization", "")
    connection_names = _names_in([request.headers.get(_NAMES, "")]) - _signed_headers(authorization, request.target)
    omitted_names = _CONNECTION_HEADERS | connection_names | {"authorization"}
    headers = [
        (name, value)
        for name, value in request.headers.items()
        if name not in omitted_names and not name.startswith(_OWN_PREFIX)
    ]
    if authorization.startswith(_SIGNED):
        headers.append(("authorization", authorization))
    elif request.service != "s3":
        headers.append(("authorization", _UNSIGNED.format(request.scope, request.service)))
    routed = [(_SERVICE, request.service), (_REGION, request.scope.region), (ACCOUNT, request.scope.account)]
    return [*headers, *routed]


def _is_failure(response: _ServerResponse) -> bool:
    """Whether a response is a failure of the server, not one of an AWS service. Pages of HTML are failures only with
    server errors, because S3 may serve pages of a website for other errors.
    """
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
