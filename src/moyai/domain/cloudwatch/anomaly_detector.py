"""Anomaly detectors, which are only recorded: no model is trained.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_AnomalyDetector.html
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

import msgspec

from moyai.domain.cloudwatch.query import Dimension
from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope

_ID_DIGITS: Final = 32


class ExcludedTimeRange(msgspec.Struct, frozen=True):
    """A time that training leaves out."""

    start_time: Instant
    end_time: Instant


class TrainingSettings(msgspec.Struct, frozen=True):
    """How a detector would be trained."""

    excluded_time_ranges: tuple[ExcludedTimeRange, ...] = ()
    metric_timezone: str | None = None
    adaptation_speed: str | None = None
    outlier_filtering_strength: str | None = None


class DetectedMetric(msgspec.Struct, frozen=True):
    """The statistic of a metric that a detector watches."""

    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    stat: str | None = None


class MetricCharacteristics(msgspec.Struct, frozen=True):
    """The characteristics of the metric."""

    periodic_spikes: bool | None = None


class AnomalyDetector(IdRecord, frozen=True, tag="anomaly_detector"):
    """A detector of one metric."""

    id: str
    scope: Scope
    metric: DetectedMetric
    configuration: TrainingSettings = TrainingSettings()
    characteristics: MetricCharacteristics = MetricCharacteristics()


def detector_id(scope: Scope, metric: DetectedMetric) -> str:
    """The id of the only detector that a metric's statistic can have."""
    ordered: list[Any] = [scope, metric.namespace, metric.metric_name, metric.stat]
    ordered.append(sorted((dimension.name, dimension.value) for dimension in metric.dimensions))
    return sha256(msgspec.json.encode(ordered)).hexdigest()[:_ID_DIGITS]
