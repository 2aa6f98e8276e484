"""Keeps the newest whole traces by their IDs, to list them and to find one without reading every span.

Promise: memory is bounded, whatever the rate of spans. While there are too many spans to keep them all until every
proxy has reported, a sample of the traces is kept: all spans of a trace, or none. Whether a trace is in the sample
depends only on its ID, as with OpenTelemetry's TraceIdRatioBased sampler, because its spans come in several reports.
Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#traceidratiobased
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from moyai.kernel.clock import Clock, Instant
from moyai.ports.spans import REPORTING_TIME, Trace, TraceSpan

MOST_OF_TRACE: Final = 2_000
"""The most spans of one trace."""
_DIGITS: Final = 4
"""The last hexadecimal digits of a trace's ID, which decide whether it is in the sample."""
_MOST_HALVINGS: Final = 4 * _DIGITS

_Key = tuple[str, str, str]
"""Account, Region and trace ID."""


class TraceIndex:
    """The newest traces, with at most ``most_spans`` spans together. Half of these may be from the last REPORTING_TIME
    seconds; the other half is for traces that are complete.
    """

    def __init__(self, clock: Clock, most_spans: int) -> None:
        self._clock, self._most_spans, self._most_new = clock, most_spans, most_spans // 2
        self._traces: OrderedDict[_Key, Trace] = OrderedDict()
        """The traces, ordered by their newest report; the newest is last."""
        self._spans = 0
        self._halvings = 0
        """One of 2 ** ``_halvings`` traces is kept."""
        self._window_start, self._new_spans = clock.now(), 0
        """The start of the window in which spans are counted, and the number of spans that were added in it."""
        self._ratio_raised_at = -inf
        """When the ratio was last raised. Spans of a trace that began earlier may be missing."""

    def put_spans(self, spans: Sequence[TraceSpan]) -> None:
        """Add the spans of traces that are in the sample, and drop the traces whose newest report is the oldest."""
        now = self._clock.now()
        self._raise_ratio(now)
        for span in spans:
            key = _key(span)
            trace = self._traces.get(key)
            if trace is None and self._is_sampled(span):
                trace = self._traces[key] = Trace()
            if trace is None or len(trace.spans) >= MOST_OF_TRACE:
                continue
            trace.add(span)
            self._traces.move_to_end(key)
            self._spans += 1
            self._new_spans += 1
            if self._new_spans > self._most_new:
                self._halvings = min(self._halvings + 1, _MOST_HALVINGS)
                self._window_start, self._new_spans = now, 0
        while self._spans > self._most_spans:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= len(oldest.spans)

    def traces(self, account: str, region: str) -> Iterator[Trace]:
        """The traces of an account and a Region, ordered by their newest report; the newest is first."""
        scope = (account, region)
        return (trace for key, trace in reversed(self._traces.items()) if key[:2] == scope)

    def spans_of(self, account: str, region: str, trace: str) -> Sequence[TraceSpan]:
        """The spans of a trace in the order of their reports; none if the trace is not kept."""
        indexed = self._traces.get((account, region, trace))
        return () if indexed is None else indexed.spans

    def clear(self) -> None:
        """Forget all traces."""
        self._traces.clear()
        self._spans = 0

    def _raise_ratio(self, now: Instant) -> None:
        """Begin a new window when the last has ended, with a higher ratio if few spans were added in the last one."""
        if 0 <= now - self._window_start < REPORTING_TIME:
            return
        if self._halvings and self._new_spans < self._most_new // 4:
            self._halvings -= 1
            self._ratio_raised_at = now
        self._window_start, self._new_spans = now, 0

    def _is_sampled(self, span: TraceSpan) -> bool:
        if not self._halvings and self._ratio_raised_at == -inf:
            return True
        number = int(span.trace[-_DIGITS:] or "0", 16)
        return span.start >= self._ratio_raised_at and number % (1 << self._halvings) == 0


def _key(span: TraceSpan) -> _Key:
    return span.resource.get("cloud.account.id", ""), span.resource.get("cloud.region", ""), span.trace
