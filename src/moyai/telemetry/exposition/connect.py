"""The traffic of Service Connect for Prometheus. Pure.

Promise: names, labels and units never change. Counts and times are lifetime totals, see ``ingest/totals``; times are in
seconds. A caller's metrics have the label ``target``, those of the called service ``name``: both are discovery names.
Source: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from moyai.telemetry.exposition.counters import TRAFFIC_COUNTERS, TrafficCounter
from moyai.telemetry.exposition.text import LabelledSample, MetricFamily, MetricType, in_seconds, labels
from moyai.telemetry.ingest.totals import SavedTotal
from moyai.telemetry.reporters.envoy_stats import CODE_CLASSES, Side
from moyai.telemetry.reporters.reporter import ServiceTotalKey

_LabelledTotals = Sequence[tuple[SavedTotal, ServiceTotalKey, str]]


def connect_families(totals: Sequence[SavedTotal]) -> Sequence[MetricFamily]:
    """The metrics of Service Connect, from the totals of all APIs."""
    rows = [(total, total.key, _labels(total.key)) for total in totals if isinstance(total.key, ServiceTotalKey)]
    counters = (
        MetricFamily(f"moyai_mesh_{metric.name}_total", MetricType.COUNTER, metric.help, _counts(rows, metric))
        for metric in TRAFFIC_COUNTERS
    )
    return [
        *counters,
        MetricFamily(_RESPONSES, MetricType.COUNTER, _RESPONSES_HELP, _responses(rows)),
        MetricFamily(_TIMES, MetricType.HISTOGRAM, _TIMES_HELP, _times(rows)),
    ]


def _labels(key: ServiceTotalKey) -> str:
    name = "target" if key.endpoint.side is Side.CLIENT else "name"
    return labels(
        ("account", key.scope.account),
        ("region", key.scope.region),
        ("namespace", key.namespace),
        ("cluster", key.cluster),
        ("service", key.service),
        (name, key.endpoint.name),
    )


def _counts(totals: _LabelledTotals, metric: TrafficCounter) -> Iterator[LabelledSample]:
    for (_, counters, _), key, labels_of_total in totals:
        if key.endpoint.side is metric.side and key.protocol in metric.protocols:
            yield LabelledSample(f'{labels_of_total},protocol="{key.protocol}"', counters[metric.counter])


def _responses(totals: _LabelledTotals) -> Iterator[LabelledSample]:
    for (_, counters, _), key, labels_of_total in totals:
        if key.endpoint.side is Side.CLIENT and key.protocol == "http":
            for code_class, counter in CODE_CLASSES.items():
                yield LabelledSample(f'{labels_of_total},code_class="{code_class}"', counters[counter])


def _times(totals: _LabelledTotals) -> Iterator[LabelledSample]:
    for (_, _, times), key, labels_of_total in totals:
        if times is not None and key.endpoint.side is Side.CLIENT:
            yield LabelledSample(labels_of_total, in_seconds(times))


_RESPONSES: Final = "moyai_mesh_responses_total"
_TIMES: Final = "moyai_mesh_response_time_seconds"
_RESPONSES_HELP: Final = "Answers that callers got, after all retries, by class of status."
_TIMES_HELP: Final = "Time from a request to the end of its answer at the caller's proxy, each attempt."
