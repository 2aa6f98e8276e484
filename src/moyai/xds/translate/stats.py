"""Which statistics exist, and how they leave: only what Service Connect's metrics are made of.

No tag is taken out of a name. Envoy's own extractors would tear ``egress.cart`` apart, and a push
is six times smaller without (docs/decisions/envoy-statistics.md).
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, grpc_service_pb2
from envoy.config.metrics.v3 import stats_pb2
from envoy.extensions.stat_sinks.open_telemetry.v3 import open_telemetry_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from xds.type.matcher.v3 import matcher_pb2

from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.xds.translate.names import XDS_CLUSTER
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


def stats_sink(proxy: ProxyId, conversions: matcher_pb2.Matcher | None = None) -> stats_pb2.StatsSink:
    """The push to the control plane; counters and histograms count from the proxy's start. ``conversions``: what is
    done to some of the statistics before.
    """
    sink = open_telemetry_pb2.SinkConfig(grpc_service=control_plane(proxy), custom_metric_conversions=conversions)
    sink.grpc_service.timeout.CopyFrom(seconds(5))
    sink.emit_tags_as_attributes.value = False
    sink.use_tag_extracted_name.value = False
    return stats_pb2.StatsSink(name="envoy.stat_sinks.open_telemetry", typed_config=packed(sink))


def control_plane(proxy: ProxyId) -> grpc_service_pb2.GrpcService:
    """The control plane, told which proxy is calling."""
    return grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=XDS_CLUSTER),
        initial_metadata=[base_pb2.HeaderValue(key=PROXY_HEADER, value=proxy)],
    )


def _regex(pattern: str) -> string_pb2.StringMatcher:
    return string_pb2.StringMatcher(safe_regex=regex_pb2.RegexMatcher(regex=pattern))
