"""``GET /_moyai/services``: who answers which AWS service, and whether its records survive a restart of the machine."""

from __future__ import annotations

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse


class ServicesHandler:
    """Lists the services of moyai and of the servers behind it."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with ``services``: service, answered_by, durable and lost of each; the second and third may be null."""
        if request.method != "GET":
            return message_response(405, "Use GET.")
        return HttpResponse(200, JSON, msgspec.json.encode({"services": self._dependencies.services()}))
