"""``/console/data/traces?account=…&region=…``: the newest traces of an account and a Region, or the spans of one.

``service``, with ``cluster`` or ``namespace`` (a namespace or a mesh), selects the traces in which that service,
virtual node or virtual gateway took part, and ``trace`` or ``request`` (a request's ``x-request-id``) the spans of one
trace. Of a trace through several accounts only the spans of the selected one are shown. A login reads its own account.
A trace is listed three seconds after its last known span ended, when every proxy has had the time to report its spans;
one that is asked for is shown as far as it is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Final
from urllib.parse import parse_qs

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import is_account, is_region
from moyai.ports.spans import SpanReader, Trace, TraceSpan

_MOST_TRACES: Final = 200
_MOST_SPANS: Final = 2_000
"""The most spans of one trace."""
_USAGE: Final = "Give account and region, and nothing but service, cluster, namespace, trace and request besides them."


class _TraceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    account: str
    region: str
    service: str = ""
    cluster: str = ""
    namespace: str = ""
    trace: str = ""
    request: str = ""

    def selects(self, trace: Trace) -> bool:
        """Whether the service took part in the trace; without a service, every trace is selected."""
        return (not self.service or self.service in trace.services) and any(map(self._is_of_service, trace.spans))

    def _is_of_service(self, span: TraceSpan) -> bool:
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
        traces = tuple(islice(_summaries(self._reader, query, self._clock.now()), _MOST_TRACES))
        return json_response(200, msgspec.structs.replace(view, traces=traces))


def _trace_query(query: str) -> _TraceQuery | None:
    try:
        selection = msgspec.convert({name: values[-1] for name, values in parse_qs(query).items()}, _TraceQuery)
    except msgspec.ValidationError:
        return None
    return selection if is_account(selection.account) and is_region(selection.region) else None


def _spans_of_one(reader: SpanReader, query: _TraceQuery) -> Iterator[TraceSpan]:
    """The spans of the trace that is asked for, in the order of their start."""
    scope = (query.account, query.region)
    trace = query.trace or next(_traces_of_request(reader, query), "")
    yield from sorted(reader.spans_of(*scope, trace), key=_start)[:_MOST_SPANS]


def _traces_of_request(reader: SpanReader, query: _TraceQuery) -> Iterator[str]:
    """The IDs of the traces with the request that is asked for."""
    scope = (query.account, query.region)
    of_traces = (span for trace in reader.traces(*scope) for span in trace.spans)
    newest = (span for span in reader.spans() if span.is_in(*scope))
    return (span.trace for span in chain(newest, of_traces) if span.request_id == query.request)


def _summaries(reader: SpanReader, query: _TraceQuery, now: Instant) -> Iterator[_TraceSummary]:
    """The complete traces in which the selected service took part, that with the newest span first."""
    for trace in reader.traces(query.account, query.region):
        if trace.is_complete(now) and query.selects(trace):
            yield _summary(sorted(trace.spans, key=_start))


def _summary(spans: Sequence[TraceSpan]) -> _TraceSummary:
    first = spans[0]
    services = tuple(dict.fromkeys(span.service for span in spans))
    request_id = next((span.request_id for span in spans if span.request_id), "")
    return _TraceSummary(first.trace, first, services, len(spans), sum(s.is_error for s in spans), request_id)


def _start(span: TraceSpan) -> float:
    return span.start
