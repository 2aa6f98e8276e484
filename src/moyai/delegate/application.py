"""moto as the WSGI application of its process.

Promise: a request is processed when all of its body is there, and each service processes one request at a time, since
moto's records have no locks; SQS does not, because a receiver may wait for messages there. The control plane says which
service that is; nothing that a client sends does. Networks are replaced without waiting for a service: a function of
Lambda may run for minutes, and may ask another service itself. What moto raises becomes a response that the control
plane recognizes, with the reason. Pages of moto's own, which reset its records among others, are not there.
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
"""The header of responses that are no AWS service's. The body is the reason."""
NETWORKS: Final = "HTTP_X_MOYAI_NETWORKS"
SERVICE: Final = "HTTP_X_MOYAI_SERVICE"
"""The signing name of the service that a request is for."""
REGION: Final = "HTTP_X_MOYAI_REGION"
"""WSGI names of headers that no client's request has here."""
_UNLOCKED: Final = frozenset({"sqs"})
_LOCKS: Final = 256
"""Clients choose names of services, so there is not one for each; two services may share a lock."""
_OWN_PAGES: Final = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")
_IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of a body beyond which it is kept in a file."""
_PART: Final = 256 * 1024
_LONGEST_REASON: Final = 4000

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
_Response = tuple[tuple[str, list[tuple[str, str]]], bytes]
"""A status and headers, and the content."""
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]


class Application:
    """Answers requests with another application, one at a time for each service."""

    def __init__(
        self,
        application: WsgiApplication,
        replace_networks: Callable[[bytes], None],
        preparations: Mapping[str, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        """``replace_networks`` gets the body of requests of the control plane's own, about networks, one at a time
        and while others are processed. ``preparations``:
        what is called before the first request of a service, by its name, until it has succeeded once. Not for SQS,
        whose requests are not processed one at a time.
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
                del self._preparations[service]  # only now: one that fails is made again for the next request
            return _run(self._application, environ)

    def _lock(self, environ: Mapping[str, Any]) -> AbstractContextManager[object]:
        service = str(environ[SERVICE])
        return nullcontext() if service in _UNLOCKED else self._locks[crc32(service.encode()) % _LOCKS]


def routed_scope(environ: Mapping[str, Any]) -> str:
    """The routed service and region in the form in which moto looks for them in a signature."""
    return f"AWS4-HMAC-SHA256 Credential=moyai/19700101/{environ[REGION]}/{environ[SERVICE]}/aws4_request"


def _receive(environ: Environ, body: IO[bytes]) -> None:
    """Read the whole body into a file; then its length is known. Raises OSError when the control plane cut it off."""
    is_chunked = environ.pop("HTTP_TRANSFER_ENCODING", "") != ""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    received = 0
    while part := environ["wsgi.input"].read(_PART if is_chunked else min(_PART, length - received)):
        received += len(part)
        body.write(part)
    if is_chunked:
        environ["CONTENT_LENGTH"] = str(received)
    elif received < length:
        raise ConnectionAbortedError("the request's body is incomplete")
    body.seek(0)
    environ["wsgi.input"], environ["wsgi.input_terminated"] = body, True


def _run(application: WsgiApplication, environ: Environ) -> _Response:
    """The head and the content of a response."""
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


def _fail(start_response: StartResponse, status: str, reason: str) -> Iterable[bytes]:
    content = reason[-_LONGEST_REASON:].encode(errors="replace")
    headers = [("content-type", "text/plain"), ("content-length", str(len(content))), (FAILURE, "1")]
    start_response(status, headers)
    return [content]
