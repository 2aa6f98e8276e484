"""Where the functions of lifecycle hooks are: told, listed, forgotten.

``GET /_moyai/hooks`` lists; ``PUT`` with ``{"name": ARN or name, "url": …}`` says where one is; ``DELETE ?name=``
forgets it. Where there are keys, a request is signed (``signed``).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import msgspec

from moyai.api.control.handlers import JSON, Plane, said
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.ecs.hook_function import FUNCTION_ARN, FUNCTION_NAME, HookFunction
from moyai.domain.world import Delete, Put

_LONGEST_URL = 2048
MOST = 1000
"""Functions of one installation."""


class _Asked(msgspec.Struct, frozen=True):
    name: str
    url: str


_READER = msgspec.json.Decoder(_Asked)


class Hooks:
    """The functions that lifecycle hooks may name."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """A JSON array of ``{name, url, put_at}``, or what was done; 400 with a reason, 404 for an unknown name."""
        store = self._plane.store
        match request.method:
            case "GET":
                known = sorted(store.world.hook_functions, key=lambda function: function.name)
                return HttpResponse(200, JSON, msgspec.json.encode([msgspec.structs.asdict(f) for f in known]))
            case "PUT":
                return await self._put(request)
            case "DELETE":
                name = parse_qs(request.query).get("name", [""])[-1]
                if name not in store.world.hook_functions:
                    return said(404, f"There is no function {name[:200]!r}.")
                store.apply([Delete(HookFunction, name)])
                await store.durable()
                return said(200, f"{name} is forgotten.")
            case _:
                return said(405, "Use GET, PUT or DELETE.")

    async def _put(self, request: HttpRequest) -> HttpResponse:
        try:
            asked = _READER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return said(400, f"The body is not {{name, url}}: {error}")
        store = self._plane.store
        wrong = _wrong(asked)
        if wrong is None and asked.name not in store.world.hook_functions and len(store.world.hook_functions) >= MOST:
            wrong = f"There are {MOST} functions already."
        if wrong is not None:
            return said(400, wrong)
        store.apply([Put(HookFunction(asked.name, asked.url, self._plane.clock.now()))])
        await store.durable()
        return said(200, f"{asked.name} is asked at {asked.url}.")


def _wrong(asked: _Asked) -> str | None:
    """What is wrong with it."""
    if not (FUNCTION_ARN.fullmatch(asked.name) or FUNCTION_NAME.fullmatch(asked.name)):
        return "The name is neither the ARN of a Lambda function nor a function's name."
    try:
        url = urlsplit(asked.url)
        _ = url.port
    except ValueError as error:
        return f"The URL is none: {error}"
    if url.scheme not in {"http", "https"} or not url.hostname or not asked.url.isprintable() or " " in asked.url:
        return "The URL must be http://HOST… or https://HOST…"
    if url.username is not None or url.password is not None:
        return "The URL must not carry a user or a password: it is listed."
    return None if len(asked.url) <= _LONGEST_URL else f"The URL is longer than {_LONGEST_URL} characters."
