"""What a client is told when events can't be written or read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from moyai.api.operation import Context
from moyai.domain.logs.errors import ServiceUnavailable
from moyai.ports.logs import LogStoreFault

R = TypeVar("R")
_Handler = Callable[[Context, R], Awaitable[object]]


def guarded(handle: _Handler[R]) -> _Handler[R]:
    """The handler, whose LogStoreFault is ServiceUnavailable."""

    async def guard(ctx: Context, request: R) -> object:
        try:
            return await handle(ctx, request)
        except LogStoreFault as error:
            raise ServiceUnavailable(str(error)) from error

    return guard
