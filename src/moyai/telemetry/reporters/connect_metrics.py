"""The CloudWatch metrics of Service Connect: AWS's in AWS's namespace, and moyai's own in another.

Promise: ``AWS/ECS`` has the metrics of Service Connect as AWS lists them, each twice: by discovery name alone, and by
discovery name, service and cluster. The service is the one whose proxy reports: on the server's side the owner of the
endpoint (``DiscoveryName``), on the client's side the caller (``TargetDiscoveryName``). ``Moyai/ServiceConnect`` has
the metrics that AWS does not have, with the same dimensions, and metrics of single tasks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, Side
from moyai.telemetry.reporters.reporter import MetricDefinition
from moyai.telemetry.values import SampleKind

Dimensions = tuple[tuple[str, str], ...]
AWS_NAMESPACE: Final = "AWS/ECS"
OWN_NAMESPACE: Final = "Moyai/ServiceConnect"


SERVICE_METRICS: Final = (
    MetricDefinition(AWS_NAMESPACE, "RequestCount", "Count", Side.SERVER, EndpointCounter.REQUESTS),
    MetricDefinition(
        AWS_NAMESPACE, "GrpcRequestCount", "Count", Side.SERVER, EndpointCounter.REQUESTS, protocol="grpc"
    ),
    MetricDefinition(AWS_NAMESPACE, "NewConnectionCount", "Count", Side.SERVER, EndpointCounter.CONNECTIONS),
    MetricDefinition(
        AWS_NAMESPACE, "ActiveConnectionCount", "Count", Side.SERVER, EndpointGauge.OPEN_CONNECTIONS, SampleKind.LEVEL
    ),
    MetricDefinition(AWS_NAMESPACE, "ProcessedBytes", "Bytes", Side.SERVER, EndpointCounter.BYTES),
    MetricDefinition(AWS_NAMESPACE, "ClientTLSNegotiationErrorCount", "Count", Side.SERVER, EndpointCounter.TLS_ERRORS),
    MetricDefinition(AWS_NAMESPACE, "HTTPCode_Target_2XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_2XX),
    MetricDefinition(AWS_NAMESPACE, "HTTPCode_Target_3XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_3XX),
    MetricDefinition(AWS_NAMESPACE, "HTTPCode_Target_4XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_4XX),
    MetricDefinition(AWS_NAMESPACE, "HTTPCode_Target_5XX_Count", "Count", Side.CLIENT, EndpointCounter.CODE_5XX),
    MetricDefinition(
        AWS_NAMESPACE, "RequestCountPerTarget", "Count", Side.CLIENT, EndpointCounter.REQUESTS, SampleKind.SHARE
    ),
    MetricDefinition(AWS_NAMESPACE, "TargetProcessedBytes", "Bytes", Side.CLIENT, EndpointCounter.BYTES),
    MetricDefinition(AWS_NAMESPACE, "TargetTLSNegotiationErrorCount", "Count", Side.CLIENT, EndpointCounter.TLS_ERRORS),
    MetricDefinition(AWS_NAMESPACE, "TargetResponseTime", "Milliseconds", Side.CLIENT, None, SampleKind.TIME),
    MetricDefinition(OWN_NAMESPACE, "TargetRequestCount", "Count", Side.CLIENT, EndpointCounter.REQUESTS),
    MetricDefinition(
        OWN_NAMESPACE, "TargetConnectionCount", "Count", Side.CLIENT, EndpointCounter.CONNECTIONS, protocol="tcp"
    ),
    MetricDefinition(OWN_NAMESPACE, "RequestFailureCount", "Count", Side.CLIENT, EndpointCounter.FAILURES),
    MetricDefinition(OWN_NAMESPACE, "RetryCount", "Count", Side.CLIENT, EndpointCounter.RETRIES),
    MetricDefinition(OWN_NAMESPACE, "RequestTimeoutCount", "Count", Side.CLIENT, EndpointCounter.TIMEOUTS),
    MetricDefinition(
        OWN_NAMESPACE, "EjectedTargetCount", "Count", Side.CLIENT, EndpointGauge.EJECTED, SampleKind.LEVEL
    ),
)
TASK_METRICS: Final = (
    MetricDefinition(OWN_NAMESPACE, "TaskRequestCount", "Count", Side.SERVER, EndpointCounter.REQUESTS),
    MetricDefinition(OWN_NAMESPACE, "TaskFailureCount", "Count", Side.SERVER, EndpointCounter.FAILURES),
    MetricDefinition(OWN_NAMESPACE, "TaskResponseTime", "Milliseconds", Side.SERVER, None, SampleKind.TIME),
)
"""The requests to each single task behind a discovery name, which show that one target is slow or fails."""


def task_metric_id(
    definition: MetricDefinition, discovery_name: str, service: str, cluster: str, task: str
) -> MetricId:
    """The metric of one task behind a discovery name; ``task`` is its id."""
    _, by_service = _dimensions(_discovery_dimension(definition.side), discovery_name, service, cluster)
    return metric_id(definition.namespace, definition.name, (*by_service, ("TaskId", task)))


def service_metric_ids(
    definition: MetricDefinition, discovery_name: str, service: str, cluster: str
) -> tuple[MetricId, MetricId]:
    """The metric by discovery name alone, and by discovery name, service and cluster."""
    alone, by_service = _dimensions(_discovery_dimension(definition.side), discovery_name, service, cluster)
    return (
        MetricId(definition.namespace, definition.name, alone),
        MetricId(definition.namespace, definition.name, by_service),
    )


def _discovery_dimension(side: Side) -> str:
    return "DiscoveryName" if side is Side.SERVER else "TargetDiscoveryName"


@lru_cache(maxsize=20_000)
def _dimensions(dimension: str, discovery_name: str, service: str, cluster: str) -> tuple[Dimensions, Dimensions]:
    """Both sets of dimensions, sorted. They are cached because all metrics of an endpoint share them."""
    alone = (dimension, discovery_name)
    by_service = (alone, ("ServiceName", service), ("ClusterName", cluster))
    return (alone,), tuple(sorted(by_service))
