"""A path below ``/_moyai/`` where requests need keys: it is for whoever signs as for an AWS service named ``moyai``.

Promise: what is not signed by a key that was issued here is answered with 403 and does nothing. The keys of a task's
role are none of these.
"""

from __future__ import annotations

from typing import Final

from moyai.api.asgi import Handler, StreamedResponse
from moyai.api.control.handlers import said
from moyai.api.sigv4 import KeyStore, Verifier, credential
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Clock
from moyai.kernel.errors import ApiError

SERVICE: Final = "moyai"
"""The name that the signature's scope has where an AWS service's would be."""


class Signed:
    """A handler behind a signature."""

    def __init__(self, handler: Handler, keys: KeyStore, clock: Clock) -> None:
        self._handler = handler
        self._verifier = Verifier(keys)
        self._clock = clock

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """What the handler answers; 403 with a reason."""
        try:
            signed = credential(request)
            self._verifier.verify(request, signed, self._clock.now())
        except ApiError as error:
            return said(403, f"{error.code}: {error.message}")
        if signed is None or signed.service != SERVICE:
            return said(403, f"The request is not signed for {SERVICE}.")
        return await self._handler(request)
