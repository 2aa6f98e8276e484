"""The console put together, and its answers as the door sends them."""

from __future__ import annotations

import msgspec

from moyai.api.asgi import Handler, Response, StreamedResponse
from moyai.api.door import Door
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.console.app import Console
from moyai.console.messages import SECURITY, Answer


def console_handler(console: Console, door: Door) -> Handler:
    """Answers what is below ``/console``; the API there is this door's."""

    async def serve(request: HttpRequest) -> Response:
        async def api(path: str, sender: str | None) -> Answer:
            answered = await door.answer(msgspec.structs.replace(request, path=path), sender)
            return Answer(answered.status, {**answered.headers, "cache-control": "no-store", **SECURITY}, answered.body)

        answer = await console.answer(request, api)
        if isinstance(answer.body, bytes):
            return HttpResponse(answer.status, answer.headers, answer.body)
        return StreamedResponse(answer.status, answer.headers, answer.body, answer.ended)

    return serve
