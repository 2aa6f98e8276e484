"""What the feed knows of one proxy."""

from __future__ import annotations

from typing import Protocol

from moyai.kernel.clock import Instant
from moyai.kernel.ids import WorkloadId
from moyai.xds.server.resource import Kind
from moyai.xds.server.stream import AnyStream


class Sink(Protocol):
    """One proxy's end of a stream. Neither call waits."""

    def send(self, response: bytes) -> None:
        """A DeltaDiscoveryResponse, serialised. At most one of a type is unanswered at a time."""

    def end(self) -> None:
        """Close the stream: the proxy has opened another one."""


class Proxy:
    """One Envoy, with the stream that it has and the one before."""

    def __init__(self) -> None:
        self.workload: WorkloadId | None = None
        """What it is led as; None while nobody has said so."""
        self.is_guest = False
        """It is no task's: its stream alone makes it known, and it is forgotten with it."""
        self.stream: AnyStream | None = None
        self.before: AnyStream | None = None
        """The stream before, for as long as the new one hasn't said what the proxy kept from it."""
        self.sink: Sink | None = None
        self.reported_at: Instant | None = None

    def streams(self) -> tuple[AnyStream, ...]:
        """Those that say what it may be using."""
        return tuple(stream for stream in (self.stream, self.before) if stream is not None)

    @property
    def is_settled(self) -> bool:
        """Whether its endpoints are for certain those of its newest snapshot, or none."""
        if self.stream is None or self.workload is None:
            return True
        return self.sink is not None and self.before is None and self.stream.is_settled(Kind.ENDPOINT)
