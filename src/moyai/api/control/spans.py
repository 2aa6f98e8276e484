"""``GET /_moyai/spans``: the newest spans of proxies, as JSON, or (``follow=true``) as they come, one in each line.

``request``, ``trace`` and ``service`` select spans; ``limit`` is the most spans, also with ``follow``. On an
installation with keys the request must be signed, because spans have paths and addresses in them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import islice
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.control.handlers import JSON, LINES, ControlDependencies, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.ports.spans import SpanReader, TooManyReaders, TraceSpan

_MAX_SPANS: Final = 10_000
_USAGE: Final = f"Use GET ?request=ID|trace=ID|service=NAME[&cluster=NAME][&follow=true][&limit=N], N <= {_MAX_SPANS}."


class _Selection(msgspec.Struct, frozen=True):
    request: str = ""
    trace: str = ""
    service: str = ""
    cluster: str = ""
    follow: bool = False
    limit: int = 1000

    def selects(self, span: TraceSpan) -> bool:
        """Whether the span is selected. An empty member selects all."""
        cluster = span.resource.get("aws.ecs.cluster.arn", "").rpartition("/")[2]
        pairs = (
            (self.request, span.request_id),
            (self.trace, span.trace),
            (self.service, span.service),
            (self.cluster, cluster),
        )
        return all(not wanted or wanted == actual for wanted, actual in pairs)


class SpansHandler:
    """Shows the spans that proxies have reported."""

    def __init__(self, dependencies: ControlDependencies) -> None:
        self._spans = dependencies.spans

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """200 with ``sampling`` (percent) and ``spans``, the newest first; 400, or 503 with too many readers."""
        selection = None if request.method != "GET" else _selection(request.query)
        if selection is None:
            return message_response(400, _USAGE)
        if selection.follow:
            return StreamedResponse(200, LINES, _lines(self._spans, selection))
        spans = list(islice(filter(selection.selects, self._spans.spans()), selection.limit))
        return HttpResponse(200, JSON, msgspec.json.encode({"sampling": self._spans.sampling, "spans": spans}))


def _selection(query: str) -> _Selection | None:
    members = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        selection = msgspec.convert(members, _Selection, strict=False)
    except msgspec.ValidationError:
        return None
    return selection if 0 < selection.limit <= _MAX_SPANS else None


async def _lines(reader: SpanReader, selection: _Selection) -> AsyncIterator[bytes]:
    remaining = selection.limit
    try:
        async with aclosing(reader.follow()) as spans:
            async for span in spans:
                if selection.selects(span):
                    yield msgspec.json.encode(span) + b"\n"
                    remaining -= 1
                if not remaining:
                    return
    except TooManyReaders as error:
        yield msgspec.json.encode({"message": str(error)}) + b"\n"
