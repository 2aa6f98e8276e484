"""``GET /_moyai/spans``: the newest spans of proxies, as JSON, or (``follow=true``) as they come, one in each line.

``request``, ``trace``, ``service`` and ``cluster`` select spans; ``limit`` is the most spans, also with ``follow``.
``traces=N`` selects instead all spans of the newest N traces that are complete and have a selected span. On an
installation with keys the request must be signed, because spans have paths and addresses in them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from itertools import chain, islice
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.api.asgi import StreamedResponse
from moyai.api.control.handlers import JSON, LINES, message_response
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Clock, Instant
from moyai.ports.spans import SpanReader, TooManyReaders, Trace, TraceSpan

_MAX_SPANS: Final = 20_000
"""All that are kept, so that no trace need be cut."""
_MAX_TRACES: Final = 1000
_USAGE: Final = (
    "Use GET ?request=ID|trace=ID|service=NAME[&cluster=NAME][&follow=true|&traces=N][&limit=N],"
    f" with at most {_MAX_TRACES} traces and a limit of at most {_MAX_SPANS} spans."
)


class _Selection(msgspec.Struct, frozen=True):
    request: str = ""
    trace: str = ""
    service: str = ""
    cluster: str = ""
    follow: bool = False
    traces: int = 0
    """The number of traces that are read whole; 0 = single spans are read."""
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

    @property
    def is_valid(self) -> bool:
        """Whether the numbers are within their bounds, and at most one way to read is selected."""
        both = self.follow and self.traces > 0
        return 0 < self.limit <= _MAX_SPANS and 0 <= self.traces <= _MAX_TRACES and not both


class SpansHandler:
    """Shows the spans that proxies have reported."""

    def __init__(self, spans: SpanReader, clock: Clock) -> None:
        self._spans, self._clock = spans, clock

    async def __call__(self, request: HttpRequest) -> HttpResponse | StreamedResponse:
        """200 with ``sampling`` (percent) and ``spans``, the newest first; 400, or 503 with too many readers."""
        selection = None if request.method != "GET" else _selection(request.query)
        if selection is None:
            return message_response(400, _USAGE)
        if selection.follow:
            return StreamedResponse(200, LINES, _lines(self._spans, selection))
        spans = list(islice(_selected_spans(self._spans.spans(), selection, self._clock.now()), selection.limit))
        return HttpResponse(200, JSON, msgspec.json.encode({"sampling": self._spans.sampling, "spans": spans}))


def _selection(query: str) -> _Selection | None:
    members = {name: values[-1] for name, values in parse_qs(query).items()}
    try:
        selection = msgspec.convert(members, _Selection, strict=False)
    except msgspec.ValidationError:
        return None
    return selection if selection.is_valid else None


def _selected_spans(newest: Iterator[TraceSpan], selection: _Selection, now: Instant) -> Iterator[TraceSpan]:
    """The selected ones of these spans, which come with the newest first."""
    if not selection.traces:
        return filter(selection.selects, newest)
    complete = (trace.spans for trace in _by_trace(newest) if trace.is_complete(now))
    selected = (spans for spans in complete if any(map(selection.selects, spans)))
    return chain.from_iterable(islice(selected, selection.traces))


def _by_trace(spans: Iterable[TraceSpan]) -> Iterable[Trace]:
    """The traces of these spans, in the order of their first spans here."""
    traces: dict[str, Trace] = {}
    for span in spans:
        traces.setdefault(span.trace, Trace()).add(span)
    return traces.values()


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
