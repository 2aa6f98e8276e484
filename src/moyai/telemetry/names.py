"""What each figure is called in CloudWatch: AWS's names where AWS has one, ours in a namespace of our own.

Promise: ``AWS/ECS`` holds the metrics of Service Connect as AWS lists them, each twice: by discovery name alone, and by
discovery name, service and cluster. The service is the one that reports: the owner of the endpoint on the server's
side (``DiscoveryName``), the caller on the client's (``TargetDiscoveryName``). ``Moyai/ServiceConnect`` adds, with the
client's dimensions, what AWS does not have.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.telemetry.envoy_stats import Figure, Gauge, Side

Dimensions = tuple[tuple[str, str], ...]
AWS = "AWS/ECS"
OWN = "Moyai/ServiceConnect"


class Kind(Enum):
    """What one sample of a metric is. See ``accumulate``."""

    COUNT = "what one task counted in the slot"
    LEVEL = "what one report said"
    TIME = "one request"
    SHARE = "one target"
    MEAN = "one task's average over the slot"
    GIVEN = "what was put"


class Named(NamedTuple):
    """A metric's name, and what it is made from. ``protocol``: only where the endpoint speaks that."""

    namespace: str
    name: str
    unit: str
    side: Side
    figure: Figure | Gauge | None
    kind: Kind = Kind.COUNT
    protocol: str | None = None


REQUESTS = Named(OWN, "TargetRequestCount", "Count", Side.CLIENT, Figure.REQUESTS)
CONNECTIONS = Named(OWN, "TargetConnectionCount", "Count", Side.CLIENT, Figure.CONNECTIONS, protocol="tcp")
FAILURES = Named(OWN, "RequestFailureCount", "Count", Side.CLIENT, Figure.FAILURES)
RETRIES = Named(OWN, "RetryCount", "Count", Side.CLIENT, Figure.RETRIES)
TIMEOUTS = Named(OWN, "RequestTimeoutCount", "Count", Side.CLIENT, Figure.TIMEOUTS)
EJECTED = Named(OWN, "EjectedTargetCount", "Count", Side.CLIENT, Gauge.EJECTED, Kind.LEVEL)
TIME = Named(AWS, "TargetResponseTime", "Milliseconds", Side.CLIENT, None, Kind.TIME)

METRICS = (
    Named(AWS, "RequestCount", "Count", Side.SERVER, Figure.REQUESTS),
    Named(AWS, "GrpcRequestCount", "Count", Side.SERVER, Figure.REQUESTS, protocol="grpc"),
    Named(AWS, "NewConnectionCount", "Count", Side.SERVER, Figure.CONNECTIONS),
    Named(AWS, "ActiveConnectionCount", "Count", Side.SERVER, Gauge.OPEN_CONNECTIONS, Kind.LEVEL),
    Named(AWS, "ProcessedBytes", "Bytes", Side.SERVER, Figure.BYTES),
    Named(AWS, "ClientTLSNegotiationErrorCount", "Count", Side.SERVER, Figure.TLS_ERRORS),
    Named(AWS, "HTTPCode_Target_2XX_Count", "Count", Side.CLIENT, Figure.CODE_2XX),
    Named(AWS, "HTTPCode_Target_3XX_Count", "Count", Side.CLIENT, Figure.CODE_3XX),
    Named(AWS, "HTTPCode_Target_4XX_Count", "Count", Side.CLIENT, Figure.CODE_4XX),
    Named(AWS, "HTTPCode_Target_5XX_Count", "Count", Side.CLIENT, Figure.CODE_5XX),
    Named(AWS, "RequestCountPerTarget", "Count", Side.CLIENT, Figure.REQUESTS, Kind.SHARE),
    Named(AWS, "TargetProcessedBytes", "Bytes", Side.CLIENT, Figure.BYTES),
    Named(AWS, "TargetTLSNegotiationErrorCount", "Count", Side.CLIENT, Figure.TLS_ERRORS),
    TIME,
    REQUESTS,
    CONNECTIONS,
    FAILURES,
    RETRIES,
    TIMEOUTS,
    EJECTED,
)
OF_TASKS = (
    Named(OWN, "TaskRequestCount", "Count", Side.SERVER, Figure.REQUESTS),
    Named(OWN, "TaskFailureCount", "Count", Side.SERVER, Figure.FAILURES),
    Named(OWN, "TaskResponseTime", "Milliseconds", Side.SERVER, None, Kind.TIME),
)
"""What each task behind a discovery name has answered, by itself: which target is the slow one."""


def discovery_dimension(side: Side) -> str:
    """The dimension that holds the discovery name on this side."""
    return "DiscoveryName" if side is Side.SERVER else "TargetDiscoveryName"


def id_of_task(named: Named, discovery_name: str, service: str, cluster: str, task: str) -> MetricId:
    """The metric of one task behind a discovery name; ``task`` is its id."""
    whose = (discovery_dimension(named.side), discovery_name), ("ServiceName", service), ("ClusterName", cluster)
    return metric_id(named.namespace, named.name, (*whose, ("TaskId", task)))


def ids_of(named: Named, discovery_name: str, service: str, cluster: str) -> tuple[MetricId, MetricId]:
    """The metric by discovery name alone, and by discovery name, service and cluster."""
    alone, whose = _dimensions(discovery_dimension(named.side), discovery_name, service, cluster)
    return MetricId(named.namespace, named.name, alone), MetricId(named.namespace, named.name, whose)


@lru_cache(maxsize=20_000)
def _dimensions(dimension: str, discovery_name: str, service: str, cluster: str) -> tuple[Dimensions, Dimensions]:
    """Held once for all metrics of an edge: there are many."""
    alone = (dimension, discovery_name)
    whose = (alone, ("ServiceName", service), ("ClusterName", cluster))
    return (alone,), tuple(sorted(whose))
