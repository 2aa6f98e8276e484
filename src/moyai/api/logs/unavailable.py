"""Maps failures of the log store to CloudWatch Logs' ServiceUnavailable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from moyai.api.operation import Context
from moyai.domain.logs.errors import ServiceUnavailable
from moyai.ports.logs import LogStoreFault

_Handler = Callable[..., Awaitable[object]]


def raise_unavailable(handle: _Handler) -> _Handler:
    """The handler, which raises ServiceUnavailable where ``handle`` raises LogStoreFault."""

    @wraps(handle)
    async def handle_or_raise(ctx: Context, request: object) -> object:
        try:
            return await handle(ctx, request)
        except LogStoreFault as error:
            raise ServiceUnavailable(str(error)) from error

    return handle_or_raise
