"""``/console/data/traces?account=…&region=…``: the newest traces of an account and a Region, or the spans of one.

``service``, with ``cluster`` or ``namespace`` (a namespace or a mesh), selects the traces in which that service,
virtual node or virtual gateway took part, and ``trace`` or ``request`` (a request's ``x-request-id``) the spans of one
trace. Of a trace through several accounts only the spans of the selected one are shown. A login reads its own account.
A trace is listed three seconds after its last known span ended, when every proxy has had the time to report its spans;
one that is asked for is shown as far as it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import is_account, is_region
from moyai.ports.spans import SpanReader, TraceSpan

_MOST_TRACES: Final = 200
_MOST_READ: Final = 5_000
"""Spans from which traces are listed: the newest of the account and the Region whose traces all proxies have reported.
Each open page asks again and again.
"""
_MOST_SPANS: Final = 2_000
"""The most spans of one trace."""
_REPORTING: Final = 3
"""Seconds after which the other spans of a request are known: proxies export theirs each second."""
_USAGE: Final = "Give account and region, and nothing but service, cluster, namespace, trace and request besides them."


class _TraceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    region: str
    service: str = ""
    cluster: str = ""
    namespace: str = ""
    trace: str = ""
    request: str = ""

    def is_in_scope(self, span: TraceSpan) -> bool:
        """Whether the span belongs to the account and the Region."""
        resource = span.resource
        return (resource.get("cloud.account.id"), resource.get("cloud.region")) == (self.account, self.region)

    def selects(self, span: TraceSpan) -> bool:
        """Whether the span belongs to the service; without a service, every span does."""
        resource = span.resource
        pairs = (
            (self.service, span.service),
            (self.cluster, resource.get("aws.ecs.cluster.arn", "").rpartition("/")[2]),
            (self.namespace, resource.get("service.namespace", "")),
        )
        return all(not wanted or wanted == actual for wanted, actual in pairs)


class _TraceSummary(msgspec.Struct, frozen=True, rename="camel"):
    """A trace. ``first``: its first span; ``services``: who took part, in the order of their first spans."""

    id: str
    first: TraceSpan
    services: tuple[str, ...]
    spans: int
    errors: int
    request_id: str


class _TracesView(msgspec.Struct, frozen=True):
    """``sampling``: the percentage of requests that is traced."""

    sampling: float
    traces: tuple[_TraceSummary, ...] = ()
    spans: tuple[TraceSpan, ...] = ()


class TracesEndpoint:
    """Answers requests for traces."""

    def __init__(self, reader: SpanReader, clock: Clock) -> None:
        self._reader, self._clock = reader, clock

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with traces, the newest first, or with the spans of one; 400, 403, 405."""
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        query = _trace_query(request.query)
        if query is None:
            return error_response(400, "ValidationException", _USAGE)
        if account not in {None, query.account}:
            return error_response(403, "AccessDeniedException", "The login is of another account.")
        view = _TracesView(self._reader.sampling)
        if query.trace or query.request:
            return json_response(200, msgspec.structs.replace(view, spans=tuple(_spans_of_one(self._reader, query))))
        spans = islice(_reported_spans(self._reader, query, self._clock.now()), _MOST_READ)
        traces = tuple(_summaries(spans, query))
        return json_response(200, msgspec.structs.replace(view, traces=traces))


def _trace_query(query: str) -> _TraceQuery | None:
    try:
        selection = msgspec.convert({name: values[-1] for name, values in parse_qs(query).items()}, _TraceQuery)
    except msgspec.ValidationError:
        return None
    return selection if is_account(selection.account) and is_region(selection.region) else None


def _spans_of_one(reader: SpanReader, query: _TraceQuery) -> Iterator[TraceSpan]:
    """The spans of the trace that is asked for, in the order of their start."""
    by_request = (span.trace for span in reader.spans() if span.request_id == query.request and query.is_in_scope(span))
    trace = query.trace or next(by_request, "")
    newest_first = [span for span in reader.spans() if span.trace == trace and query.is_in_scope(span)]
    oldest_first = newest_first[::-1]  # sorting keeps the order of spans with the same start
    yield from sorted(oldest_first, key=_start)[:_MOST_SPANS]


def _reported_spans(reader: SpanReader, query: _TraceQuery, now: Instant) -> Iterator[TraceSpan]:
    """The spans of the account and the Region, the newest first, without those of traces that may be incomplete: any
    span of these ended in the last seconds.
    """
    incomplete = {span.trace for span in reader.spans() if _is_new(span, now) and query.is_in_scope(span)}
    return (span for span in reader.spans() if span.trace not in incomplete and query.is_in_scope(span))


def _is_new(span: TraceSpan, now: Instant) -> bool:
    """Whether the span ended in the last seconds. Clocks differ a little; one far in the future was set back since."""
    return abs(now - (span.start + span.duration)) < _REPORTING


def _summaries(spans: Iterator[TraceSpan], query: _TraceQuery) -> Iterator[_TraceSummary]:
    """The traces in which the selected service took part, that with the newest span first."""
    traces: dict[str, list[TraceSpan]] = {}
    for span in spans:
        traces.setdefault(span.trace, []).append(span)
    selected = (trace for trace in traces.values() if any(map(query.selects, trace)))
    for trace, _ in zip(selected, range(_MOST_TRACES), strict=False):
        yield _summary(sorted([*reversed(trace)], key=_start))


def _summary(spans: Sequence[TraceSpan]) -> _TraceSummary:
    first = spans[0]
    services = tuple(dict.fromkeys(span.service for span in spans))
    request_id = next((span.request_id for span in spans if span.request_id), "")
    return _TraceSummary(first.trace, first, services, len(spans), sum(s.is_error for s in spans), request_id)


def _start(span: TraceSpan) -> float:
    return span.start
