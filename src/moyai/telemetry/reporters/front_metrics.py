"""The CloudWatch metrics of load balancers, under AWS's names, dimensions and units.

Promise: the metrics of an endpoint depend only on its name, which ``front_stats`` specifies. The number of healthy
targets has a value even without requests.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from moyai.domain.cloudwatch.metric import metric_id
from moyai.telemetry.reporters.envoy_stats import CODE_CLASSES, EndpointCounter, EndpointGauge, Side, StatEndpoint
from moyai.telemetry.reporters.front_stats import DIRECT, Event
from moyai.telemetry.reporters.reporter import MetricDefinition, MetricTarget
from moyai.telemetry.values import SampleKind

_NAMESPACES: Mapping[str, str] = MappingProxyType({"app": "AWS/ApplicationELB", "net": "AWS/NetworkELB"})
_CODES_WITH_METRICS: Final = ("500", "502", "503", "504")
_REDIRECTS: Final = ("301", "302")
_CLIENT_GONE: Final = "0"
"""Envoy's status of a request whose client disconnected before the response. On AWS it is 460."""
_FLOWS: Final = ("tcp", "tls", "udp")
_EVENTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "app": MappingProxyType(
            {
                Event.RULES: "RuleEvaluations",
                Event.REJECTED: "RejectedConnectionCount",
                Event.DROPPED_HEADERS: "DroppedInvalidHeaderRequestCount",
                Event.MALFORMED: "DesyncMitigationMode_NonCompliant_Request_Count",
            }
        ),
        "net": MappingProxyType(
            {
                Event.REJECTED: "RejectedFlowCount",
                Event.CLIENT_RESET: "TCP_Client_Reset_Count",
                Event.TARGET_RESET: "TCP_Target_Reset_Count",
                Event.OWN_RESET: "TCP_ELB_Reset_Count",
            }
        ),
    }
)
_FAIL_OPEN: Mapping[str, str] = MappingProxyType(
    {_NAMESPACES["app"]: "UnhealthyRoutingRequestCount", _NAMESPACES["net"]: "UnhealthyRoutingFlowCount"}
)
_Dimensions = tuple[tuple[str, str], ...]


def metric_targets(endpoint: StatEndpoint) -> Iterator[MetricTarget]:
    """The metrics of an endpoint of a front proxy, each with all its sets of dimensions."""
    place, _, subject = endpoint.name.partition(" ")
    balancer_type = place.partition("/")[0]
    namespace = _NAMESPACES[balancer_type]
    if endpoint.side is Side.CLIENT and not subject:
        yield from _group_metrics(namespace, place)
    elif endpoint.side is Side.CLIENT:
        yield from _traffic_metrics(namespace, place, subject)
    elif subject == Event.FAIL_OPEN:
        definition = _definition(namespace, _FAIL_OPEN[namespace], Side.SERVER, EndpointCounter.REQUESTS)
        yield _target(definition, ((_balancer_of(place),), _of_group(place)))
    elif subject in _FLOWS:
        yield from _flow_metrics(namespace, place, subject)
    elif name := _EVENTS[balancer_type].get(subject):
        dimension_sets = _of_load_balancer(place)
        definition = _definition(namespace, name, Side.SERVER, EndpointCounter.REQUESTS)
        yield _target(definition, dimension_sets[:1] if subject == Event.RULES else dimension_sets)
    elif subject:
        yield from _response_metrics(namespace, place, subject)
    else:
        yield from _connection_metrics(namespace, place)


def _connection_metrics(namespace: str, place: str) -> Iterator[MetricTarget]:
    """The metrics of connections that arrive at an address."""
    is_network = namespace == _NAMESPACES["net"]
    active = "ActiveFlowCount" if is_network else "ActiveConnectionCount"
    definitions = [
        _definition(namespace, active, Side.SERVER, EndpointGauge.OPEN_CONNECTIONS, SampleKind.LEVEL),
        _definition(namespace, "ClientTLSNegotiationErrorCount", Side.SERVER, EndpointCounter.TLS_ERRORS),
    ]
    if not is_network:
        definitions += [
            _definition(namespace, "NewConnectionCount", Side.SERVER, EndpointCounter.CONNECTIONS),
            _definition(namespace, "ProcessedBytes", Side.SERVER, EndpointCounter.BYTES, unit="Bytes"),
        ]
    for definition in definitions:
        yield _target(definition, _of_load_balancer(place))


def _flow_metrics(namespace: str, place: str, protocol: str) -> Iterator[MetricTarget]:
    """The metrics of the flows of a protocol at an address, and those of all flows, of which they are a part."""
    name = f"ActiveFlowCount_{protocol.upper()}"
    active = _definition(namespace, name, Side.SERVER, EndpointGauge.OPEN_CONNECTIONS, SampleKind.LEVEL)
    yield _target(active, _of_load_balancer(place))
    for suffix in ("", f"_{protocol.upper()}"):
        flows = _definition(namespace, f"NewFlowCount{suffix}", Side.SERVER, EndpointCounter.CONNECTIONS)
        size = _definition(namespace, f"ProcessedBytes{suffix}", Side.SERVER, EndpointCounter.BYTES, unit="Bytes")
        yield _target(flows, _of_load_balancer(place))
        yield _target(size, _of_load_balancer(place))


def _response_metrics(namespace: str, place: str, response: str) -> Iterator[MetricTarget]:
    """The metrics of a request that the load balancer answered itself, by status and by the rule's action.

    ``response``: the status, followed by DIRECT if a rule's action gave the response.
    """
    code = response.removesuffix(DIRECT)
    names = ["HTTPCode_ELB_4XX_Count"] if code == _CLIENT_GONE else []
    names += [f"HTTPCode_ELB_{code[0]}XX_Count"] if code[0] in "345" else []
    names += [f"HTTPCode_ELB_{code}_Count"] if code in _CODES_WITH_METRICS else []
    if code != response:
        names += ["HTTP_Redirect_Count" if code in _REDIRECTS else "HTTP_Fixed_Response_Count"]
    for name in names:
        definition = _definition(namespace, name, Side.SERVER, EndpointCounter.REQUESTS)
        yield _target(definition, _of_load_balancer(place))


def _traffic_metrics(namespace: str, place: str, group: str) -> Iterator[MetricTarget]:
    """The metrics of requests that went to a target group."""
    of_balancer = _of_load_balancer(place)
    target_group = ("TargetGroup", _target_group(group))
    dimension_sets = (*of_balancer, *((target_group, *dimensions) for dimensions in of_balancer))
    is_grpc = "+grpc" in group
    for name in ("RequestCount", "GrpcRequestCount") if is_grpc else ("RequestCount",):
        yield _target(_definition(namespace, name, Side.CLIENT, EndpointCounter.REQUESTS), dimension_sets)
    for label, counter in CODE_CLASSES.items():
        name = f"HTTPCode_Target_{label.upper()}_Count"
        yield _target(_definition(namespace, name, Side.CLIENT, counter), dimension_sets)
    times = _definition(namespace, "TargetResponseTime", Side.CLIENT, None, SampleKind.TIME, unit="Seconds")
    yield _target(times, dimension_sets)


def _group_metrics(namespace: str, group: str) -> Iterator[MetricTarget]:
    """The metrics of a target group, or of its targets in a zone."""
    balancer, target_group, dimensions = _balancer_of(group), ("TargetGroup", _target_group(group)), _of_group(group)
    if namespace == _NAMESPACES["app"]:
        requests = EndpointCounter.REQUESTS
        share = _definition(namespace, "RequestCountPerTarget", Side.CLIENT, requests, SampleKind.QUOTIENT)
        yield _target(share, ((target_group,), dimensions))
        errors = _definition(namespace, "TargetConnectionErrorCount", Side.CLIENT, EndpointCounter.FAILURES)
        yield _target(errors, ((balancer,), dimensions))
    handshakes = _definition(namespace, "TargetTLSNegotiationErrorCount", Side.CLIENT, EndpointCounter.TLS_ERRORS)
    yield _target(handshakes, ((balancer,), dimensions))
    for name, gauge in (("HealthyHostCount", EndpointGauge.TARGETS), ("UnHealthyHostCount", EndpointGauge.EJECTED)):
        yield _target(_definition(namespace, name, Side.SERVER, gauge, SampleKind.LEVEL), (dimensions,))


def _of_load_balancer(place: str) -> tuple[_Dimensions, _Dimensions]:
    """The sets of dimensions of an address: the load balancer alone, and the load balancer with the address's zone."""
    balancer, _, zone = place.partition("@")
    alone = ("LoadBalancer", balancer)
    return (alone,), (alone, ("AvailabilityZone", zone))


def _balancer_of(group: str) -> tuple[str, str]:
    """The dimension of the load balancer that uses a target group."""
    return "LoadBalancer", group.partition("+")[0]


def _of_group(group: str) -> _Dimensions:
    """The dimensions of a target group, or of its targets in a zone."""
    balancer, zone = _balancer_of(group), group.partition("@")[2]
    target_group = ("TargetGroup", _target_group(group))
    return (target_group, balancer, ("AvailabilityZone", zone)) if zone else (target_group, balancer)


def _target_group(group: str) -> str:
    return group.split("+")[1].partition("@")[0]


def _definition(
    namespace: str,
    name: str,
    side: Side,
    source: EndpointCounter | EndpointGauge | None,
    kind: SampleKind = SampleKind.COUNT,
    unit: str = "Count",
) -> MetricDefinition:
    return MetricDefinition(namespace, name, unit, side, source, kind)


def _target(definition: MetricDefinition, dimension_sets: Sequence[_Dimensions]) -> MetricTarget:
    namespace, name = definition.namespace, definition.name
    return definition, tuple(metric_id(namespace, name, dimensions) for dimensions in dimension_sets)
