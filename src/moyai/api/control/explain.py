"""``GET /_moyai/explain?task=ID&name=NAME``: why a task's calls of a name end as they do (``plan.explain``)."""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from moyai.api.control.handlers import JSON, ControlDependencies, message_response
from moyai.api.control.proxy import endpoints_of
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.ids import TaskId
from moyai.plan.explain import explain

_USAGE = "Use GET ?task=ID&name=NAME[&port=PORT]."


class _Question(msgspec.Struct, frozen=True):
    task: str
    name: str
    port: int | None = None


class ExplainHandler:
    """Explains a task's calls."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._dependencies = dependencies

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 with an Explanation; 400 for an incomplete question, 404 for an unknown task."""
        members = {name: values[-1] for name, values in parse_qs(request.query).items()}
        try:
            question = msgspec.convert(members, _Question, strict=False)
        except msgspec.ValidationError:
            return message_response(400, _USAGE)
        if request.method != "GET":
            return message_response(405, _USAGE)
        world = self._dependencies.store.world
        task = next(iter(world.tasks.by("id", question.task)), None)
        if task is None:
            return message_response(404, f"There is no task {question.task[:100]!r}.")
        endpoints = await endpoints_of(self._dependencies, TaskId(task.id))
        explanation = explain(world, task, question.name, question.port, endpoints)
        return HttpResponse(200, JSON, msgspec.json.encode(explanation))
