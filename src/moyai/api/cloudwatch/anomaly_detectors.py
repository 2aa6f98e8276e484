"""Anomaly detectors: put, describe, delete.

Promise: detectors are only recorded, and no model is trained: their state stays PENDING_TRAINING. A statistic of a
metric has at most one detector.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAnomalyDetector.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.domain.cloudwatch.anomaly_detector import (
    AnomalyDetector,
    DetectedMetric,
    MetricCharacteristics,
    TrainingSettings,
    detector_id,
)
from moyai.domain.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombination,
    InvalidParameterValue,
    LimitExceeded,
    MissingRequiredParameter,
    UnknownResource,
)
from moyai.domain.cloudwatch.query import Dimension
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.world import Delete, Put

MAX_DETECTORS: Final = 500
_LONGEST_PAGE: Final = 100
_SINGLE: Final = "SINGLE_METRIC"


class PutAnomalyDetectorRequest(msgspec.Struct, frozen=True):
    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    stat: str | None = None
    configuration: TrainingSettings = TrainingSettings()
    metric_characteristics: MetricCharacteristics = MetricCharacteristics()
    single_metric_anomaly_detector: DetectedMetric | None = None


class DeleteAnomalyDetectorRequest(msgspec.Struct, frozen=True):
    anomaly_detector_id: str | None = None
    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    stat: str | None = None
    single_metric_anomaly_detector: DetectedMetric | None = None


class DescribeAnomalyDetectorsRequest(msgspec.Struct, frozen=True):
    anomaly_detector_ids: tuple[str, ...] = ()
    next_token: str | None = None
    max_results: int = _LONGEST_PAGE
    namespace: str | None = None
    metric_name: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    anomaly_detector_types: tuple[str, ...] = ()


def put_anomaly_detector(ctx: Context, request: PutAnomalyDetectorRequest) -> dict[str, object]:
    """Record a detector, or replace its settings."""
    metric, world = _metric(request), ctx.store.world
    detector = AnomalyDetector(
        detector_id(ctx.scope, metric), ctx.scope, metric, request.configuration, request.metric_characteristics
    )
    is_new = detector.id not in world.anomaly_detectors
    if is_new and world.anomaly_detectors.count("scope", scope_key(ctx.scope)) >= MAX_DETECTORS:
        raise LimitExceeded(f"There may be {MAX_DETECTORS} anomaly detectors. Delete one that is not used.")
    ctx.store.apply([Put(detector)])
    return {"anomaly_detector_id": detector.id}


def describe_anomaly_detectors(ctx: Context, request: DescribeAnomalyDetectorsRequest) -> dict[str, object]:
    """The detectors that the filters select, in pages."""
    detectors = {
        detector.id: detector
        for detector in ctx.store.world.anomaly_detectors.each("scope", scope_key(ctx.scope))
        if _passes(detector, request)
    }
    listing = ("DescribeAnomalyDetectors", msgspec.structs.replace(request, next_token=None))
    on_page = page(detectors, listing, request.next_token, request.max_results, fault=InvalidNextToken)
    return {
        "anomaly_detectors": [_view(detectors[key]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def delete_anomaly_detector(ctx: Context, request: DeleteAnomalyDetectorRequest) -> None:
    """Delete a detector, which its id or its metric names."""
    key = request.anomaly_detector_id or detector_id(ctx.scope, _metric(request))
    detector = ctx.store.world.anomaly_detectors.get(key)
    if detector is None or detector.scope != ctx.scope:
        raise UnknownResource("The anomaly detector does not exist.")
    ctx.store.apply([Delete(AnomalyDetector, key)])


def _metric(request: PutAnomalyDetectorRequest | DeleteAnomalyDetectorRequest) -> DetectedMetric:
    by_members = DetectedMetric(request.namespace, request.metric_name, request.dimensions, request.stat)
    single = request.single_metric_anomaly_detector
    if single is not None and by_members != DetectedMetric():
        raise InvalidParameterCombination(
            "The parameters SingleMetricAnomalyDetector and MetricName are mutually exclusive."
        )
    metric = single or by_members
    for name, value in (("Namespace", metric.namespace), ("MetricName", metric.metric_name), ("Stat", metric.stat)):
        if not value:
            raise MissingRequiredParameter(f"The parameter {name} is required.")
    return metric


def _passes(detector: AnomalyDetector, request: DescribeAnomalyDetectorsRequest) -> bool:
    if set(request.anomaly_detector_types) - {_SINGLE, "METRIC_MATH"}:
        raise InvalidParameterValue("AnomalyDetectorTypes are SINGLE_METRIC and METRIC_MATH.")
    metric = detector.metric
    return (
        (not request.anomaly_detector_ids or detector.id in request.anomaly_detector_ids)
        and request.namespace in {None, metric.namespace}
        and request.metric_name in {None, metric.metric_name}
        and set(request.dimensions) <= set(metric.dimensions)
        and (not request.anomaly_detector_types or _SINGLE in request.anomaly_detector_types)
    )


def _view(detector: AnomalyDetector) -> dict[str, object]:
    metric = detector.metric
    return {
        "anomaly_detector_id": detector.id,
        "namespace": metric.namespace,
        "metric_name": metric.metric_name,
        "dimensions": metric.dimensions,
        "stat": metric.stat,
        "configuration": detector.configuration,
        "state_value": "PENDING_TRAINING",
        "metric_characteristics": detector.characteristics,
        "single_metric_anomaly_detector": metric,
    }
