"""Requires a signature for a path below ``/_moyai/``, made as for an AWS service named ``moyai``.

Promise: a request that is not signed by a key issued here is answered 403 and changes nothing. The keys of task roles
are not accepted.
"""

from __future__ import annotations

from typing import Final

from moyai.api.asgi import Handler, StreamedResponse
from moyai.api.control.handlers import message_response
from moyai.api.sigv4 import KeyStore, Verifier, credential
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Clock
from moyai.kernel.errors import ApiError

SERVICE: Final = "moyai"
"""The service in the signature's credential scope."""


class SignedHandler:
    """A handler that requires a signature."""

    def __init__(self, handler: Handler, keys: KeyStore, clock: Clock) -> None:
        self._handler = handler
        self._verifier = Verifier(keys)
        self._clock = clock

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """The handler's response; 403 with the reason for a request without a valid signature."""
        try:
            credentials = credential(request)
            self._verifier.verify(request, credentials, self._clock.now())
        except ApiError as error:
            return message_response(403, f"{error.code}: {error.message}")
        if credentials is None or credentials.service != SERVICE:
            return message_response(403, f"The request is not signed for {SERVICE}.")
        return await self._handler(request)
