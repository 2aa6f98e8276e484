"""The URLs of lifecycle hook functions: set, list, delete.

``GET /_moyai/hooks`` lists; ``PUT`` with ``{"name": ARN or name, "url": …}`` sets the URL of a function; ``DELETE
?name=`` deletes it. On an installation with keys, requests must be signed (``paths.SignedHandler``).
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.ecs.hook_function import FUNCTION_ARN, FUNCTION_NAME, HookFunction
from moyai.domain.world import Delete, Put

_LONGEST_URL = 2048
MOST = 1000
"""Functions of one installation."""


class _PutRequest(msgspec.Struct, frozen=True):
    name: str
    url: str


_READER = msgspec.json.Decoder(_PutRequest)


class HookFunctionsHandler:
    """Sets, lists and deletes the functions that lifecycle hooks may name."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """A JSON array of ``{name, url, put_at}``, or a message; 400 with a reason, 404 for an unknown name."""
        store = self._dependencies.store
        match request.method:
            case "GET":
                known = sorted(store.world.hook_functions, key=lambda f: f.name)
                return HttpResponse(200, JSON, msgspec.json.encode([msgspec.structs.asdict(f) for f in known]))
            case "PUT":
                return await self._put(request)
            case "DELETE":
                name = parse_qs(request.query).get("name", [""])[-1]
                if name not in store.world.hook_functions:
                    return message_response(404, f"There is no function {name[:200]!r}.")
                store.apply([Delete(HookFunction, name)])
                await store.durable()
                return message_response(200, f"The URL of {name} is deleted.")
            case _:
                return message_response(405, "Use GET, PUT or DELETE.")

    async def _put(self, request: HttpRequest) -> HttpResponse:
        try:
            function = _READER.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return message_response(400, f"The body is not {{name, url}}: {error}")
        store = self._dependencies.store
        problem = _problem(function)
        if (
            problem is None
            and function.name not in store.world.hook_functions
            and len(store.world.hook_functions) >= MOST
        ):
            problem = f"There are {MOST} functions already."
        if problem is not None:
            return message_response(400, problem)
        store.apply([Put(HookFunction(function.name, function.url, self._dependencies.clock.now()))])
        await store.durable()
        return message_response(200, f"{function.name} is called at {function.url}.")


def _problem(function: _PutRequest) -> str | None:
    """The reason why the request is invalid; None for a valid one."""
    if not (FUNCTION_ARN.fullmatch(function.name) or FUNCTION_NAME.fullmatch(function.name)):
        return "The name is neither the ARN of a Lambda function nor a function's name."
    try:
        url = urlsplit(function.url)
        _ = url.port
    except ValueError as error:
        return f"The URL is not valid: {error}"
    if url.scheme not in {"http", "https"} or not url.hostname or not function.url.isprintable() or " " in function.url:
        return "The URL must be http://HOST… or https://HOST…"
    if url.username is not None or url.password is not None:
        return "The URL must not have a user or a password: lists show it."
    return None if len(function.url) <= _LONGEST_URL else f"The URL is longer than {_LONGEST_URL} characters."
