"""The spans that proxies have reported: requests as the caller's or the called service's proxy saw them.

Promise: names and attributes are those of OpenTelemetry's semantic conventions. The newest spans are kept for a while,
and a reader that is too slow misses some. Adapter: ``telemetry/traces``.

Errors:

    TooManyReaders          as many readers as are allowed follow the spans already
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError

AttributeValue = str | int
REPORTING_TIME: Final = 3
"""Seconds after which the other spans of a request are known: proxies export theirs each second."""


class TooManyReaders(MoyaiError):
    """As many readers as are allowed follow the spans already."""


class SpanKind(StrEnum):
    """The side that reports a span: the called service's proxy (server), or the caller's (client)."""

    SERVER = "server"
    CLIENT = "client"


class TraceSpan(msgspec.Struct, frozen=True):
    """A span. Times are in seconds, IDs in hexadecimal digits. ``parent`` is empty for a trace's first span."""

    trace: str
    id: str
    parent: str
    name: str
    kind: SpanKind
    start: float
    duration: float
    is_error: bool
    attributes: Mapping[str, AttributeValue]
    resource: Mapping[str, str]

    @property
    def ended(self) -> Instant:
        """When the request ended."""
        return Instant(self.start + self.duration)

    @property
    def service(self) -> str:
        """The name of the service whose proxy reports the span."""
        return self.resource.get("service.name", "")

    def is_in(self, account: str, region: str) -> bool:
        """Whether the proxy belongs to the account and the Region."""
        return (self.resource.get("cloud.account.id"), self.resource.get("cloud.region")) == (account, region)

    @property
    def request_id(self) -> str:
        """The value of the header x-request-id."""
        return str(self.attributes.get("http.request.header.x-request-id", ""))


class Trace(msgspec.Struct):
    """The spans of a trace. ``ended``: when the last of them ended; ``services``: whose proxies reported them."""

    spans: list[TraceSpan] = []
    ended: Instant = Instant(0.0)
    services: set[str] = set()

    def add(self, span: TraceSpan) -> None:
        """Add a span."""
        self.spans.append(span)
        self.ended = max(self.ended, span.ended)
        self.services.add(span.service)

    def is_complete(self, now: Instant) -> bool:
        """Whether every proxy has had the time to report its spans. Clocks differ a little; one far in the future was
        set back since.
        """
        return abs(now - self.ended) >= REPORTING_TIME


class SpanReader(Protocol):
    """Reads spans. Used from one event loop only."""

    @property
    def sampling(self) -> float:
        """The percent of requests that proxies of new tasks trace; 0 = none."""

    def spans(self) -> Iterator[TraceSpan]:
        """The spans that are kept, the newest first."""

    def traces(self, account: str, region: str) -> Iterator[Trace]:
        """Traces of an account and a Region, that with the newest report first, their spans in the order of their
        reports: all that are kept, or a sample while there are too many spans to keep.
        """

    def spans_of(self, account: str, region: str, trace: str) -> Sequence[TraceSpan]:
        """The spans of a trace in an account and a Region that are kept, in the order of their reports."""

    def follow(self) -> AsyncGenerator[TraceSpan]:
        """Spans as they are reported, until the caller closes the generator. Raises TooManyReaders."""
