"""Keeps the newest whole traces by their IDs, to list them and to show one without reading every span.

Promise: memory is bounded, whatever the rate of spans. While more spans come than can be kept until every proxy has
reported its own, a sample of the traces is kept: all spans of a trace, or none. The sample depends on the trace's ID
alone, as that of OpenTelemetry's TraceIdRatioBased sampler, because the spans of a trace come in several reports.
Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#traceidratiobased
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

from moyai.kernel.clock import Clock
from moyai.ports.spans import REPORTING_TIME, Trace, TraceSpan

MOST_OF_TRACE: Final = 2_000
"""Spans of one trace."""
_DIGITS: Final = 4
_MOST_HALVINGS: Final = 4 * _DIGITS

_Key = tuple[str, str, str]
"""Account, Region and trace ID."""


class TraceIndex:
    """The newest traces. ``most_spans``: of all traces. Half of them may be of the last REPORTING_TIME seconds; the
    other half is left to traces that are complete.
    """

    def __init__(self, clock: Clock, most_spans: int) -> None:
        self._clock, self._most_spans, self._most_new = clock, most_spans, most_spans // 2
        self._traces: OrderedDict[_Key, Trace] = OrderedDict()
        """That with the newest report last."""
        self._spans = 0
        self._halvings = 0
        """One of 2 ** ``_halvings`` traces is kept."""
        self._window, self._new_spans = clock.now(), 0
        """When counting began for the present ratio, and the spans that were admitted since."""
        self._raised = -inf
        """When the ratio was raised last: of a trace that began before, spans may have been left out."""

    def put_spans(self, spans: Sequence[TraceSpan]) -> None:
        """Add the spans of the traces that are in the sample; the traces with the oldest reports make place."""
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
                self._window, self._new_spans = now, 0
        while self._spans > self._most_spans:
            _, oldest = self._traces.popitem(last=False)
            self._spans -= len(oldest.spans)

    def traces(self, account: str, region: str) -> Iterator[Trace]:
        """The traces of an account and a Region, that with the newest report first."""
        scope = (account, region)
        return (trace for key, trace in reversed(self._traces.items()) if key[:2] == scope)

    def spans_of(self, account: str, region: str, trace: str) -> Sequence[TraceSpan]:
        """The spans of a trace, as they were reported; none of one that is not kept."""
        kept = self._traces.get((account, region, trace))
        return () if kept is None else kept.spans

    def clear(self) -> None:
        """Forget all traces."""
        self._traces.clear()
        self._spans = 0

    def _raise_ratio(self, now: float) -> None:
        """Begin a new window when the last has ended; at a higher ratio if that admitted few spans."""
        if 0 <= now - self._window < REPORTING_TIME:
            return
        if self._halvings and self._new_spans < self._most_new // 4:
            self._halvings -= 1
            self._raised = now
        self._window, self._new_spans = self._clock.now(), 0

    def _is_sampled(self, span: TraceSpan) -> bool:
        if not self._halvings and self._raised == -inf:
            return True
        number = int(span.trace[-_DIGITS:] or "0", 16)
        return span.start >= self._raised and number % (1 << self._halvings) == 0


def _key(span: TraceSpan) -> _Key:
    return span.resource.get("cloud.account.id", ""), span.resource.get("cloud.region", ""), span.trace
