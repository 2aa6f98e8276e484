"""The tracing of an App Mesh proxy's bootstrap, with the cluster of the collector.

Connection managers have no tracer of their own, so they use this one.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/config/trace/v3/http_tracer.proto
"""

from __future__ import annotations

import json
from typing import Final

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import address_pb2, base_pb2
from envoy.config.trace.v3 import datadog_pb2, http_tracer_pb2, xray_pb2, zipkin_pb2
from google.protobuf.message import Message

from moyai.domain.appmesh.agent_tracing import Datadog, Jaeger, Tracer, XRay
from moyai.domain.appmesh.identity import Identity
from moyai.domain.appmesh.names import mesh_name
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import single_endpoint

DATADOG_CLUSTER: Final = "datadog_agent"
JAEGER_CLUSTER: Final = "jaeger"
_ORIGIN: Final = "AWS::AppMesh::Proxy"
_SPANS: Final = "/api/v2/spans"
_CONNECT_TIMEOUT: Final = 1.0


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
