"""The HTTP endpoint of the console: passes requests to the console, and the console's own API calls to the gateway."""

from __future__ import annotations

import msgspec

from moyai.api.asgi import Handler, Response, StreamedResponse
from moyai.api.gateway import ApiGateway
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.console.app import Console
from moyai.console.messages import SECURITY, ConsoleResponse


def console_handler(console: Console, gateway: ApiGateway) -> Handler:
    """A handler for paths below ``/console``. The API there is that of ``gateway``."""

    async def serve(request: HttpRequest) -> Response:
        async def api(path: str, sender: str | None) -> ConsoleResponse:
            answered = await gateway.answer(msgspec.structs.replace(request, path=path), sender)
            return ConsoleResponse(
                answered.status, {**answered.headers, "cache-control": "no-store", **SECURITY}, answered.body
            )

        answer = await console.answer(request, api)
        if isinstance(answer.body, bytes):
            return HttpResponse(answer.status, answer.headers, answer.body)
        return StreamedResponse(answer.status, answer.headers, answer.body, answer.ended)

    return serve
