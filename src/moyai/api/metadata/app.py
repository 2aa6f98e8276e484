"""The task metadata endpoint on HTTP: a thin ASGI application.

Promise: GET (and HEAD) is answered with JSON. Only a request's method, path and peer are read, and the body of a
request to protect the task, whose change is durable before the response.
Source: https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from moyai.api.metadata.answer import MetadataResponse, answer, parse_request
from moyai.api.metadata.credentials import PREFIX, credentials
from moyai.api.metadata.protection import MAX_BODY, METHODS, is_protection, protection
from moyai.domain.sandbox.state import Usage
from moyai.domain.world import Put
from moyai.kernel.clock import Clock
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import RuntimeFault, TaskRuntime
from moyai.ports.store import StateUnwritable, Store

_METHODS = frozenset({"GET", "HEAD"})
_STATISTICS = frozenset({"stats", "task/stats"})
_BODY_SECONDS = 20.0
_log = logging.getLogger(__name__)


class MetadataApp:
    """An ASGI application for the tasks of every VPC."""

    def __init__(self, store: Store, runtime: TaskRuntime, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._runtime = runtime

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Serve one ``http`` scope; servers are told not to send ``lifespan``."""
        if scope["type"] != "http":
            return
        peer = (scope.get("client") or ("", 0))[0]
        if is_protection(scope["path"]):
            response = await self._protection(scope, receive, peer)
        elif scope["method"] in _METHODS:
            response = await self._answer(scope["path"], peer)
        else:
            response = MetadataResponse(405, "The task metadata endpoint answers GET.")
        body = msgspec.json.encode(response.body)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, path: str, peer: str) -> MetadataResponse:
        if path.startswith(PREFIX):
            return credentials(self._store.world, path, peer, self._clock.now())
        request = parse_request(self._store.world, path, peer)
        with_usage = request is not None and request.document in _STATISTICS
        usage = await self._usage(request.task.id) if request is not None and with_usage else {}
        return answer(self._store.world, usage, request)

    async def _protection(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[MutableMapping[str, Any]]], peer: str
    ) -> MetadataResponse:
        if scope["method"] not in METHODS:
            return MetadataResponse(405, "The task protection endpoint answers GET and PUT.")
        body = await _body(receive) if scope["method"] == "PUT" else None
        if scope["method"] == "PUT" and body is None:
            return MetadataResponse(408, f"The request did not arrive within {_BODY_SECONDS:g} seconds.")
        result = protection(self._store.world, scope["path"], peer, body, self._clock.now())
        if result.task is not None:
            try:
                self._store.apply([Put(result.task)])
                await self._store.durable()
            except StateUnwritable as fault:
                return MetadataResponse(503, str(fault))
        return result.answer

    async def _usage(self, task: TaskId) -> Mapping[str, Usage]:
        try:
            return await self._runtime.usage(task)
        except RuntimeFault as fault:  # a task that is just ending has no statistics
            _log.debug("no usage of %s: %s", task, fault)
            return {}


async def _body(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> bytes | None:
    """The request's body, cut off when it is too large; None when it does not arrive completely and in time."""
    body, more = b"", True
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while more and len(body) <= MAX_BODY:
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                body += event.get("body", b"")
                more = event.get("more_body", False)
    except TimeoutError:
        return None
    return body[: MAX_BODY + 1]
