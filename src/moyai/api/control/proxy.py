"""``GET /_moyai/proxy?task=ID``: a task's proxy as it is now: its streams, its endpoints and its statistics.

``stats`` is a regular expression: then the statistics with such names are in the answer, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.re2_expression import expression_fault
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.domain.sandbox.state import ProxyEndpoint
from moyai.domain.world import ProxyState
from moyai.kernel.ids import ProxyId, TaskId

_LONGEST_PATTERN: Final = 200
_SIMULATED: Final = "sim"


class ProxyHandler:
    """Shows a task's proxy."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with ``state``, ``endpoints`` and ``stats``; the last two are null where the proxy doesn't answer. 400
        for an expression that Envoy would not accept.
        """
        query = {name: values[-1] for name, values in parse_qs(request.query).items()}
        pattern = query.get("stats", "")
        if request.method != "GET" or len(pattern) > _LONGEST_PATTERN:
            return message_response(405, f"Use GET ?task=ID[&stats=REGEX], of at most {_LONGEST_PATTERN} characters.")
        if (fault := expression_fault(pattern)) is not None:
            return message_response(400, f"stats: {fault}")
        tasks = self._dependencies.store.world.tasks.by("id", query.get("task", ""))
        task = next((t for t in tasks if t.proxy is not None), None)
        if task is None:
            return message_response(404, f"There is no task {query.get('task', '')[:100]!r} with a proxy.")
        runtime, identity = self._dependencies.runtime, TaskId(task.id)
        report = {
            "state": self._dependencies.feed.states().get(ProxyId(task.arn), ProxyState()),
            "endpoints": await endpoints_of(self._dependencies, identity),
            "stats": await runtime.proxy_statistics(identity, pattern) if pattern else None,
        }
        return HttpResponse(200, JSON, msgspec.json.encode(report))


async def endpoints_of(dependencies: ControlDependencies, task: TaskId) -> Sequence[ProxyEndpoint] | None:
    """The endpoints as the task's proxy has them; None if it gives no answer, or is simulated and has none."""
    return None if dependencies.runtime_name == _SIMULATED else await dependencies.runtime.proxy_endpoints(task)
