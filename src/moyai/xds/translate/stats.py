"""Which statistics exist, and how they leave: only what Service Connect's metrics are made of.

No tag is taken out of a name. Envoy's own extractors would tear ``egress.cart`` apart, and a push
is six times smaller without (docs/decisions/envoy-statistics.md).
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, grpc_service_pb2, http_service_pb2, http_uri_pb2
from envoy.config.metrics.v3 import stats_pb2
from envoy.extensions.stat_sinks.open_telemetry.v3 import open_telemetry_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from xds.type.matcher.v3 import matcher_pb2
from xds.type.v3 import typed_struct_pb2

from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.xds.translate.names import STATISTICS_CLUSTER, XDS_CLUSTER
from moyai.xds.translate.proto import packed, seconds

_SUBJECT = r"(egress|ingress)\.[^.]+"
TLS = r"ssl\.(connection_error|fail_verify_(cert_hash|error|no_cert|san))"
"""Handshakes that failed, of whatever has any."""
_CLUSTER = (
    "membership_total"
    "|upstream_cx_(active|connect_attempts_exceeded|connect_fail|none_healthy|rx_bytes_total|tx_bytes_total)"
    "|upstream_rq_(active|per_try_timeout|retry|time|timeout|[1-5]xx)"
    r"|outlier_detection\.ejections_active"
    r"|grpc\.(2|4|12|13|14|15)"
    rf"|{TLS}"
)
_HTTP = "downstream_(cx_(active|rx_bytes_total|total)|rq_(5xx|active|total|tx_reset))"
_TCP = "downstream_cx_(no_route|rx_bytes_total|total)"
LIVE = r"server\.live"
"""Whether the proxy is. It is always there, and without anything there is no push: a task that ends waits for one."""
_KEPT = (
    LIVE,
    rf"cluster\.{_SUBJECT}\.({_CLUSTER})",
    rf"http\.{_SUBJECT}\.{_HTTP}",
    rf"tcp\.{_SUBJECT}\.{_TCP}",
    rf"listener\.{_SUBJECT}\.{TLS}",
)

_BELOW_100 = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75)
_SINK = "envoy.stat_sinks.open_telemetry"
_PLACE = "http://moyai/v1/metrics"
_PATIENCE = 5
"""Seconds."""
_BOUNDS = (*_BELOW_100, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10000, 15000, 30000, 60000)
"""Milliseconds, which Envoy counts whole. Close together where most answers are."""


def stats_config() -> stats_pb2.StatsConfig:
    """The statistics that are kept at all, and the bounds of histograms."""
    kept = [_regex(pattern) for pattern in _KEPT]
    config = stats_pb2.StatsConfig(
        stats_matcher=stats_pb2.StatsMatcher(inclusion_list=string_pb2.ListStringMatcher(patterns=kept)),
        histogram_bucket_settings=[time_buckets(".*")],
    )
    config.use_all_default_tags.value = False
    return config


def time_buckets(of: str) -> stats_pb2.HistogramBucketSettings:
    """The bounds of the histograms whose names are like this."""
    return stats_pb2.HistogramBucketSettings(match=_regex(of), buckets=_BOUNDS)


def http_sink(proxy: ProxyId, conversions: matcher_pb2.Matcher | None = None) -> stats_pb2.StatsSink:
    """The push to the control plane over HTTP/1.1; counters and histograms count from the proxy's start.
    ``conversions``: what is done to some of the statistics before.
    """
    place = http_uri_pb2.HttpUri(uri=_PLACE, cluster=STATISTICS_CLUSTER, timeout=seconds(_PATIENCE))
    who = base_pb2.HeaderValueOption(header=base_pb2.HeaderValue(key=PROXY_HEADER, value=proxy))
    service = http_service_pb2.HttpService(http_uri=place, request_headers_to_add=[who])
    # Envoy 1.40 knows this field; the generated class does not yet, so it goes as what Envoy takes for any message.
    boxed = typed_struct_pb2.TypedStruct(type_url=packed(open_telemetry_pb2.SinkConfig()).type_url)
    boxed.value.update({**_as_dict(_sink(conversions)), "http_service": _as_dict(service)})
    return stats_pb2.StatsSink(name=_SINK, typed_config=packed(boxed))


def grpc_sink(service: grpc_service_pb2.GrpcService, conversions: matcher_pb2.Matcher) -> stats_pb2.StatsSink:
    """The same over gRPC."""
    sink = _sink(conversions)
    sink.grpc_service.CopyFrom(service)
    sink.grpc_service.timeout.CopyFrom(seconds(_PATIENCE))
    return stats_pb2.StatsSink(name=_SINK, typed_config=packed(sink))


def _sink(conversions: matcher_pb2.Matcher | None) -> open_telemetry_pb2.SinkConfig:
    sink = open_telemetry_pb2.SinkConfig(custom_metric_conversions=conversions)
    sink.emit_tags_as_attributes.value = False
    sink.use_tag_extracted_name.value = False
    return sink


def _as_dict(message: Message) -> dict[str, object]:
    found: dict[str, object] = MessageToDict(message, preserving_proto_field_name=True)
    return found


def control_plane(proxy: ProxyId) -> grpc_service_pb2.GrpcService:
    """The control plane, told which proxy is calling."""
    return grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER),
        initial_metadata=[base_pb2.HeaderValue(key=PROXY_HEADER, value=proxy)],
    )


def _regex(pattern: str) -> string_pb2.StringMatcher:
    return string_pb2.StringMatcher(safe_regex=regex_pb2.RegexMatcher(regex=pattern))
