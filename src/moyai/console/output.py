"""``/console/data/output?task=ID&container=NAME[&after=POSITION]``: what a container has written.

Its log driver does not matter.

A response has about a mebibyte of complete lines behind a position (none: from the oldest that is kept), and the
position behind them, which the next request continues from. AWS has no API for containers without the driver
``awslogs``. A login reads the tasks of its own account.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.keys import scope_of
from moyai.domain.sandbox.state import LogLine
from moyai.kernel.ids import AccountId, TaskId
from moyai.ports.runtime import RuntimeFault, TaskRuntime
from moyai.ports.store import Store

_MAX_DIGITS: Final = 18
"""The most digits of a position."""


class _OutputView(msgspec.Struct, frozen=True):
    lines: tuple[LogLine, ...]
    position: int


class ContainerOutput:
    """Answers requests for the output of containers."""

    def __init__(self, store: Store, runtime: TaskRuntime) -> None:
        self._store = store
        self._runtime = runtime

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with lines, or 400, 404, 405 or 503. ``account``: whose tasks may be read; None = those of all."""
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        task, container, after = query.get("task", ""), query.get("container", ""), _position(query.get("after", "0"))
        if not task or not container or after is None:
            return error_response(400, "ValidationException", "Give task, container, and after as a whole number.")
        if not self._exists(TaskId(task), container, account):
            message = f"There is no container {container[:100]!r} in a task {task[:100]!r}."
            return error_response(404, "ResourceNotFoundException", message)
        try:
            output = await self._runtime.output(TaskId(task), container, after)
        except RuntimeFault as fault:
            return error_response(503, "ServiceUnavailableException", fault.reason)
        return json_response(200, _OutputView(tuple(output.lines), output.position))

    def _exists(self, task: TaskId, container: str, account: AccountId | None) -> bool:
        return any(
            any(one.name == container for one in record.containers)
            and (account is None or scope_of(record.arn).account == account)
            for record in self._store.world.tasks.by("id", task)
        )


def _position(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal() else None
