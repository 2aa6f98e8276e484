"""The tracing of a proxy's bootstrap: to the control plane by OTLP, or to a collector as App Mesh's agent configures
it.

Connection managers have no tracer of their own, so they use this one. The sampling rate of the control plane's tracer
is in a runtime layer, because the connection managers' configuration does not depend on the proxy's tracer; those of a
host's Envoy have the rate themselves.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/trace/v3/http_tracer.proto
"""

from __future__ import annotations

import json
from typing import Final

from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.trace.v3 import datadog_pb2, http_tracer_pb2, opentelemetry_pb2, xray_pb2, zipkin_pb2
from google.protobuf.message import Message

from moyai.domain.appmesh.agent_tracing import Datadog, Jaeger, Tracer, XRay
from moyai.domain.appmesh.identity import Identity
from moyai.domain.appmesh.names import mesh_name
from moyai.kernel.ids import ProxyId
from moyai.xds.translate.control_plane import http_service
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import single_endpoint

DATADOG_CLUSTER: Final = "datadog_agent"
JAEGER_CLUSTER: Final = "jaeger"
_ORIGIN: Final = "AWS::AppMesh::Proxy"
_SPANS: Final = "/api/v2/spans"
_CONNECT_TIMEOUT: Final = 1.0
_EXPORT_PATH: Final = "/v1/traces"
_EXPORT_TIMEOUT: Final = 30
"""Seconds. Envoy drops the spans of an export that is not answered by then, as by a busy control plane."""
_EXPORT_INTERVAL: Final = 1000
"""Milliseconds between two exports of spans."""
_SPANS_IN_EXPORT: Final = 500
"""The number of spans at which a worker exports at once."""
_MOST_WAITING: Final = 2000
"""The most spans of a worker that wait for an export; Envoy drops the rest."""
_OF_PERCENT: Final = 100
"""The unit of Envoy's runtime key is a hundredth of a percent."""


def tracing(tracer: Tracer, identity: Identity) -> tuple[http_tracer_pb2.Tracing, list[cluster_pb2.Cluster]]:
    """The tracing of a proxy, and the clusters that it needs."""
    name = f"{mesh_name(identity.mesh)}/{identity.name}"
    match tracer:
        case XRay():
            return _http("envoy.tracers.xray", _xray(tracer, identity, name)), []
        case Datadog(address, port, service):
            config = datadog_pb2.DatadogConfig(
                collector_cluster=DATADOG_CLUSTER, service_name=service or f"envoy-{name}"
            )
            return _http("envoy.tracers.datadog", config), [_collector(DATADOG_CLUSTER, address, port)]
        case Jaeger(address, port):
            return _http("envoy.tracers.zipkin", _jaeger(tracer)), [_collector(JAEGER_CLUSTER, address, port)]


def trace_to_control_plane(message: bootstrap_pb2.Bootstrap, proxy: ProxyId, sampling: float | None = None) -> None:
    """Add a tracer to a bootstrap with the statistics cluster. ``sampling``: the percentage of requests to trace, among
    those for which no caller has decided that; None = the connection managers have it.
    """
    service = http_service(proxy, _EXPORT_PATH, _EXPORT_TIMEOUT)
    config = opentelemetry_pb2.OpenTelemetryConfig(http_service=service, service_name="moyai")
    config.max_cache_size.value = _MOST_WAITING
    message.tracing.CopyFrom(_http("envoy.tracers.opentelemetry", config))
    layer = bootstrap_pb2.RuntimeLayer(name="tracing")
    layer.static_layer.update(
        {
            "tracing.opentelemetry.flush_interval_ms": _EXPORT_INTERVAL,
            "tracing.opentelemetry.min_flush_spans": _SPANS_IN_EXPORT,
        }
    )
    if sampling is not None:
        layer.static_layer["tracing.random_sampling"] = round(sampling * _OF_PERCENT)
    message.layered_runtime.layers.append(layer)


def _http(name: str, config: Message) -> http_tracer_pb2.Tracing:
    return http_tracer_pb2.Tracing(http=http_tracer_pb2.Tracing.Http(name=name, typed_config=to_any(config)))


def _xray(tracer: XRay, identity: Identity, name: str) -> xray_pb2.XRayConfig:
    daemon = socket_address(tracer.address, tracer.port).socket_address
    daemon.protocol = address_pb2.SocketAddress.UDP
    config = xray_pb2.XRayConfig(
        daemon_endpoint=daemon,
        segment_name=tracer.segment or name,
        segment_fields=xray_pb2.XRayConfig.SegmentFields(origin=_ORIGIN),
        sampling_rule_manifest=_rules(tracer),
    )
    # X-Ray has virtual nodes only, so a gateway is reported as one.
    names = {"mesh_name": mesh_name(identity.mesh), "virtual_node_name": identity.name}
    config.segment_fields.aws.update({"app_mesh": names})
    return config


def _rules(tracer: XRay) -> base_pb2.DataSource | None:
    """The sampling rules. The first request of each second is always traced, as with X-Ray's own default rule."""
    if tracer.manifest is not None:
        return base_pb2.DataSource(filename=tracer.manifest)
    if tracer.rate is None:
        return None
    manifest = {"version": 2, "default": {"fixed_target": 1, "rate": tracer.rate}, "rules": []}
    return base_pb2.DataSource(inline_string=json.dumps(manifest))


def _jaeger(tracer: Jaeger) -> zipkin_pb2.ZipkinConfig:
    config = zipkin_pb2.ZipkinConfig(
        collector_cluster=JAEGER_CLUSTER,
        collector_endpoint=_SPANS,
        collector_endpoint_version=zipkin_pb2.ZipkinConfig.HTTP_JSON
        if tracer.json
        else zipkin_pb2.ZipkinConfig.HTTP_PROTO,
    )
    config.shared_span_context.value = False
    return config


def _collector(name: str, address: str, port: int) -> cluster_pb2.Cluster:
    return cluster_pb2.Cluster(
        name=name,
        type=cluster_pb2.Cluster.STRICT_DNS,
        connect_timeout=duration(_CONNECT_TIMEOUT),
        load_assignment=single_endpoint(name, socket_address(address, port)),
    )
