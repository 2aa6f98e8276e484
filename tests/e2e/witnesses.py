"""Three sources that count the traffic of one edge (CloudWatch, Prometheus, the console), so that a test can compare
their counts of one period.

The edge is the only one of its installation, so all that Prometheus has counted belongs to the period.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.e2e.console.browser import Person, number
from tests.e2e.installation import Installation
from tests.e2e.prometheus import Prometheus

OWN = "Moyai/ServiceConnect"
CLASSES = ("2XX", "3XX", "4XX", "5XX")
PERCENTILES = (50, 95, 99)
MINUTE = 60


class Count(NamedTuple):
    """A count: at the caller's side, then at the target's, where each attempt is a request."""

    requests: int
    failures: int
    retries: int
    answers: tuple[int, ...]
    attempts: int
    failed_attempts: int

    def covers(self, other: Count) -> bool:
        """Whether no number is less than the other count's."""
        pairs = zip((*self[:3], *self.answers, *self[4:]), (*other[:3], *other.answers, *other[4:]), strict=True)
        return all(mine >= its for mine, its in pairs)


@dataclass(frozen=True)
class Edge:
    """The calls of one service to another, of the same cluster and the same discovery name."""

    cluster: str
    caller: str
    target: str

    def dimensions(self, side: str) -> Mapping[str, str]:
        """The dimensions of the edge's metrics in CloudWatch, on the caller's side or the target's."""
        if side == "caller":
            return {"TargetDiscoveryName": self.target, "ServiceName": self.caller, "ClusterName": self.cluster}
        return {"DiscoveryName": self.target, "ServiceName": self.target, "ClusterName": self.cluster}


def since(begun: float) -> tuple[int, int]:
    """The span from the minute of ``begun`` to the end of the present minute."""
    return int(begun) // MINUTE * MINUTE, int(time.time()) // MINUTE * MINUTE + MINUTE


@dataclass(frozen=True)
class CloudWatch:
    """The edge's counts in CloudWatch, read with GetMetricStatistics."""

    installation: Installation
    edge: Edge

    def count(self, span: tuple[int, int], period: int = MINUTE) -> Count:
        """The count of the span, added up from datapoints of this period."""

        def of(name: str, side: str = "caller", namespace: str = OWN) -> int:
            return self.sum(namespace, name, self.edge.dimensions(side), span, period)

        tasks = self._tasks("TaskFailureCount")
        return Count(
            of("TargetRequestCount"),
            of("RequestFailureCount"),
            of("RetryCount"),
            tuple(of(f"HTTPCode_Target_{cls}_Count", namespace="AWS/ECS") for cls in CLASSES),
            of("RequestCount", "target", "AWS/ECS"),
            sum(self.sum(OWN, "TaskFailureCount", dimensions, span, period) for dimensions in tasks),
        )

    def percentiles(self, span: tuple[int, int]) -> list[float]:
        """The response times of the whole span, in milliseconds."""
        names = [f"p{percentile}" for percentile in PERCENTILES]
        dimensions = self.edge.dimensions("caller")
        whole = {"Period": span[1] - span[0], "ExtendedStatistics": names}
        [point] = self._points("AWS/ECS", "TargetResponseTime", dimensions, span, **whole)
        return [point["ExtendedStatistics"][name] for name in names]

    def sum(self, namespace: str, name: str, dimensions: Mapping[str, str], span: tuple[int, int], period: int) -> int:
        """The sum of one metric in the span."""
        points = self._points(namespace, name, dimensions, span, Period=period, Statistics=["Sum"])
        return int(sum(point["Sum"] for point in points))

    def _tasks(self, name: str) -> list[Mapping[str, str]]:
        dimensions = [{"Name": name, "Value": value} for name, value in self.edge.dimensions("target").items()]
        metrics = self.installation.client("cloudwatch").list_metrics(
            Namespace=OWN, MetricName=name, Dimensions=dimensions
        )["Metrics"]
        return [{dimension["Name"]: dimension["Value"] for dimension in metric["Dimensions"]} for metric in metrics]

    def _points(
        self, namespace: str, name: str, dimensions: Mapping[str, str], span: tuple[int, int], **parameters: Any
    ) -> Any:
        start, end = (datetime.fromtimestamp(at, UTC) for at in span)
        return self.installation.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=start,
            EndTime=end,
            **parameters,
        )["Datapoints"]


@dataclass(frozen=True)
class Scraper:
    """The edge's counts in Prometheus, as it has scraped them last."""

    prometheus: Prometheus

    def count(self) -> Count:
        """The count since the installation began."""

        def of(name: str, only: str = "") -> int:
            return int(sum(self.prometheus.ask(f"sum(moyai_mesh_{name}_total{only})").values()))

        return Count(
            of("requests"),
            of("failures"),
            of("retries"),
            tuple(of("responses", f'{{code_class="{cls.lower()}"}}') for cls in CLASSES),
            of("served_requests"),
            of("served_failures"),
        )

    def percentiles(self) -> list[float]:
        """The response times since the installation began, in milliseconds."""
        query = "1000 * histogram_quantile(0.{}, sum by (le) (moyai_mesh_response_time_seconds_bucket))"
        return [value for percentile in PERCENTILES for value in self.prometheus.ask(query.format(percentile)).values()]


@dataclass(frozen=True)
class Console:
    """The edge's counts on the traffic pages of the console: in the table of edges, and in the edge's panel."""

    person: Person
    edge: Edge

    def look(self, span: tuple[int, int]) -> None:
        """Open the pages with this span."""
        edge = quote(f"{self.edge.cluster}/{self.edge.caller}>{self.edge.target}", safe="")
        self.person.open(f"traffic?as=table&range={span[0]}-{span[1]}&edge={edge}")
        self.person.wait_for_text("Status codes")
        self.person.wait_for_text("Slowest targets")
        self.person.wait_until_loaded()

    def count(self) -> Count:
        """Numbers of the table, of the chart of status codes, and of the slowest targets."""
        [row] = self.person.table("Caller")
        requests, failures, retries = (int(number(row[name])) for name in ("Requests", "Failed", "Retries"))
        codes = self._sums("Status codes")
        answers = tuple(codes[cls] for cls in CLASSES)
        targets = self.person.table("Task")
        attempts, failed = (int(sum(number(target[name]) for target in targets)) for name in ("Requests", "Failed"))
        return Count(requests, failures, retries, answers, attempts, failed)

    def health(self, span: tuple[int, int]) -> tuple[int, tuple[int, ...]]:
        """The traffic health of both services: what came in to the target, and what the caller was answered."""
        self._open_health(self.edge.target, span)
        inbound = self._sums("RequestCount")[self.edge.target]
        self._open_health(self.edge.caller, span)
        return inbound, tuple(self._sums(f"HTTPCode_Target_{cls}_Count")[self.edge.target] for cls in CLASSES)

    def _open_health(self, service: str, span: tuple[int, int]) -> None:
        self.person.open(f"clusters/{self.edge.cluster}/services/{service}/traffic?range={span[0]}-{span[1]}")
        self.person.wait_for_text("Traffic health")
        self.person.wait_until_loaded()

    def _sums(self, title: str) -> Counter[str]:
        sums: Counter[str] = Counter()
        for point in self.person.chart(title).values():
            sums.update({name: int(value) for name, value in point.items()})
        return sums

    def percentiles(self) -> list[float]:
        """The response times in the table of edges, in milliseconds, as rounded there."""
        [row] = self.person.table("Caller")
        return [number(row[f"p{percentile} ms"]) for percentile in PERCENTILES]
