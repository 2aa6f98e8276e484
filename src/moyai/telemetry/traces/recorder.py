"""Keeps the newest spans of all proxies and the newest whole traces, and passes new spans to readers and the exporter.

Promise: memory is bounded: the oldest spans are dropped, and a reader that is too slow misses spans. Nothing is
stored; a restart forgets all spans. Used from one event loop only.
"""

from __future__ import annotations

from asyncio import Queue, QueueFull
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from msgspec.structs import replace
from typing_extensions import override

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Clock
from moyai.kernel.ids import ProxyId
from moyai.ports.spans import SpanReader, TooManyReaders, Trace, TraceSpan
from moyai.telemetry.reporters.reporter import IdentifyProxy
from moyai.telemetry.traces import otlp
from moyai.telemetry.traces.span import CALLER, CALLING_SERVICE, RawSpan, by_task, conventional_spans
from moyai.telemetry.traces.trace_index import TraceIndex

MOST_SPANS: Final = 20_000
"""The most newest spans, and the most spans of whole traces. A span takes about a kilobyte."""
_MOST_READERS, _QUEUED_SPANS = 20, 1000


class SpanRecorder(SpanReader):
    """The newest spans, at most ``most_spans``. ``sampling``: percent of requests that proxies trace."""

    def __init__(self, identify: IdentifyProxy, sampling: float, clock: Clock, most_spans: int = MOST_SPANS) -> None:
        self._identify, self._sampling = identify, sampling
        self.forward: Callable[[Sequence[TraceSpan]], None] | None = None
        """Called with the spans of each report."""
        self._spans: deque[TraceSpan] = deque(maxlen=most_spans)
        self._index = TraceIndex(clock, most_spans)
        self._readers: set[Queue[TraceSpan]] = set()

    def receive(self, proxy: ProxyId, report: bytes) -> None:
        """Record a proxy's spans. The spans of a proxy that belongs to no workload are dropped. Raises NotOtlp."""
        raw_spans = otlp.decode_spans(report)
        spans_by_proxy = by_task(raw_spans) if proxy == HOST_PROXY else {proxy: raw_spans}
        for owner, owned_spans in spans_by_proxy.items():
            self._record(owner, owned_spans)

    def _record(self, proxy: ProxyId, raw_spans: Sequence[RawSpan]) -> None:
        reporter = self._identify(proxy)
        if reporter is None:
            return
        resource = dict(reporter.resource_attributes(proxy))
        spans = conventional_spans([self._with_calling_service(raw) for raw in raw_spans], resource)
        self._spans.extend(spans)
        self._index.put_spans(spans)
        for reader in self._readers:
            for span in spans:
                with suppress(QueueFull):
                    reader.put_nowait(span)
        if self.forward is not None:
            self.forward(spans)

    def _with_calling_service(self, raw: RawSpan) -> RawSpan:
        caller = ProxyId(raw.tags.get(CALLER, ""))
        reporter = self._identify(caller) if caller else None
        if reporter is None:
            return raw
        service = dict(reporter.resource_attributes(caller)).get("service.name", "")
        return replace(raw, tags={**raw.tags, CALLING_SERVICE: service})

    @property
    @override
    def sampling(self) -> float:
        return self._sampling

    @override
    def spans(self) -> Iterator[TraceSpan]:
        return reversed(self._spans)

    @override
    def traces(self, account: str, region: str) -> Iterator[Trace]:
        return self._index.traces(account, region)

    @override
    def spans_of(self, account: str, region: str, trace: str) -> Sequence[TraceSpan]:
        indexed = self._index.spans_of(account, region, trace)
        return indexed or [span for span in self._spans if span.trace == trace and span.is_in(account, region)]

    def clear(self) -> None:
        """Forget all spans."""
        self._spans.clear()
        self._index.clear()

    @override
    async def follow(self) -> AsyncGenerator[TraceSpan]:
        with self._reader() as reader:
            while True:
                yield await reader.get()

    @contextmanager
    def _reader(self) -> Iterator[Queue[TraceSpan]]:
        if len(self._readers) >= _MOST_READERS:
            raise TooManyReaders(f"{_MOST_READERS} readers follow the spans already; end one of them first")
        reader: Queue[TraceSpan] = Queue(_QUEUED_SPANS)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)
