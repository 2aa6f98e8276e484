"""What clients put, into the archive."""

from __future__ import annotations

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.names import Kind


class ArchiveWriter:
    """A ``MetricWriter`` on an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def write(self, scope: Scope, metric: MetricId, unit: str, at: Instant, summary: Summary) -> None:
        """See MetricWriter."""
        series = self._archive.series(scope, metric, Kind.GIVEN, unit)
        if series.kind is Kind.GIVEN:
            series.add(at, Sample(summary=summary))
