"""moto as the WSGI application of its process.

Promise: a request is processed once its whole body has arrived, and each service processes one request at a time,
because moto's records have no locks. SQS is excepted, because its clients may wait for messages. The service is the one
in the control plane's header; nothing in a client's request determines it. Networks are replaced without waiting for a
service, because a function of Lambda may run for minutes and call other services. An exception in moto becomes a
response with its reason, which the control plane recognizes. moto's own pages, some of which reset its records, are
refused.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from tempfile import SpooledTemporaryFile
from threading import Lock
from types import MappingProxyType
from typing import IO, Any, Final
from zlib import crc32

FAILURE: Final = "x-moyai-failure"
"""The header that marks a response as a failure of this server, not one of an AWS service. The body is the reason."""
NETWORKS: Final = "HTTP_X_MOYAI_NETWORKS"
SERVICE: Final = "HTTP_X_MOYAI_SERVICE"
"""The signing name of the service that a request is for."""
REGION: Final = "HTTP_X_MOYAI_REGION"
"""WSGI names of headers that only the control plane sets; it removes them from clients' requests."""
_UNLOCKED: Final = frozenset({"sqs"})
_LOCKS: Final = 256
"""Number of locks, which services share by a hash of their names, because clients choose the names."""
_OWN_PAGES: Final = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
_IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of a body that are kept in memory; a longer one is kept in a file."""
_PART: Final = 256 * 1024
_LONGEST_REASON: Final = 4000
_ACCESS_DENIED: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_Response = tuple[tuple[str, list[tuple[str, str]]], bytes]
"""The status and headers of a response, and its content."""
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]


class Application:
    """Has another application answer requests, one at a time for each service."""

    def __init__(
        self,
        application: WsgiApplication,
        replace_networks: Callable[[bytes], None],
        preparations: Mapping[str, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        """``replace_networks`` is called with the body of a request in which the control plane sends networks, one at a
        time, also while other requests are processed. ``preparations``: functions by service, which are called before
        the service's first request until they have succeeded once. SQS can't have one, because its requests are not
        processed one at a time.
        """
        self._application, self._replace_networks = application, replace_networks
        self._preparations = dict(preparations)
        self._locks = tuple(Lock() for _ in range(_LOCKS))
        self._replacing = Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one WSGI request."""
        if ("/" + str(environ.get("PATH_INFO", "")).lstrip("/")).startswith(_OWN_PAGES):
            return _fail(start_response, "501 Not Implemented", "moto has pages of its own at this path")
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            try:
                _receive(environ, body)
                head, content = self._process(environ, body)
            except (NotImplementedError, ImportError) as error:
                return _fail(start_response, "501 Not Implemented", str(error) or "it is not implemented")
            except Exception:  # noqa: BLE001 the top of a request: the control plane reports it
                return _fail(start_response, "500 Internal Server Error", traceback.format_exc())
        start_response(*head)
        return [content]

    def _process(self, environ: Environ, body: IO[bytes]) -> _Response:
        if NETWORKS in environ:
            with self._replacing:
                self._replace_networks(body.read())
            return ("204 No Content", []), b""
        with self._lock(environ):
            service = str(environ[SERVICE])
            if service in self._preparations:
                self._preparations[service]()
                del self._preparations[service]  # after its success: a failed one is called again by the next request
            return _with_reason(_run(self._application, environ), environ)

    def _lock(self, environ: Mapping[str, Any]) -> AbstractContextManager[object]:
        service = str(environ[SERVICE])
        return nullcontext() if service in _UNLOCKED else self._locks[crc32(service.encode()) % _LOCKS]


def routed_scope(environ: Mapping[str, Any]) -> str:
    """An Authorization header with the routed service and region, in which moto looks for them."""
    return f"AWS4-HMAC-SHA256 Credential=moyai/19700101/{environ[REGION]}/{environ[SERVICE]}/aws4_request"


def _receive(environ: Environ, body: IO[bytes]) -> None:
    """Read the whole body into a file, and set its length. Raises OSError when the control plane breaks it off."""
    is_chunked = environ.pop("HTTP_TRANSFER_ENCODING", "") != ""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body_size = 0
    while part := environ["wsgi.input"].read(_PART if is_chunked else min(_PART, length - body_size)):
        body_size += len(part)
        body.write(part)
    if is_chunked:
        environ["CONTENT_LENGTH"] = str(body_size)
    elif body_size < length:
        raise ConnectionAbortedError("the request's body is incomplete")
    body.seek(0)
    environ["wsgi.input"], environ["wsgi.input_terminated"] = body, True


def _run(application: WsgiApplication, environ: Environ) -> _Response:
    """The status and headers, and the content of an application's response."""
    heads: list[tuple[str, list[tuple[str, str]]]] = []

    def keep_head(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
        heads.append((status, headers))

    chunks = application(environ, keep_head)
    try:
        content = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return heads[-1], content


def _with_reason(response: _Response, environ: Mapping[str, Any]) -> _Response:
    """The response, with S3's error in it where moto denies access without a word."""
    (status, headers), content = response
    if content or not status.startswith("403 ") or environ[SERVICE] != "s3" or environ.get("REQUEST_METHOD") == "HEAD":
        return response
    others = [(name, value) for name, value in headers if name.lower() not in {"content-length", "content-type"}]
    size = ("Content-Length", str(len(_ACCESS_DENIED)))
    return (status, [*others, ("Content-Type", "application/xml"), size]), _ACCESS_DENIED


def _fail(start_response: StartResponse, status: str, reason: str) -> Iterable[bytes]:
    content = reason[-_LONGEST_REASON:].encode(errors="replace")
    headers = [("content-type", "text/plain"), ("content-length", str(len(content))), (FAILURE, "1")]
    start_response(status, headers)
    return [content]
