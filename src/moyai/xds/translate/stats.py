"""The statistics of Service Connect's proxies and front proxies, and their export: Envoy keeps only those that metrics
use.

No tags are extracted from names. Envoy's own extractors would split ``egress.cart``, and an export without tags is six
times smaller (docs/decisions/envoy-statistics.md).
"""

from __future__ import annotations

from envoy.config.core.v3 import grpc_service_pb2
from envoy.config.metrics.v3 import stats_pb2
from envoy.extensions.stat_sinks.open_telemetry.v3 import open_telemetry_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from xds.type.matcher.v3 import matcher_pb2
from xds.type.v3 import typed_struct_pb2

from moyai.kernel.ids import ProxyId
from moyai.xds.translate.control_plane import http_service
from moyai.xds.translate.placement import LOCAL
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.target_counts import PREFIX, TAG

_SUBJECT = r"(egress|ingress)\.[^.]+"
TLS = r"ssl\.(connection_error|fail_verify_(cert_hash|error|no_cert|san))"
"""The statistics of failed handshakes of a cluster or a listener."""
_CLUSTER = (
    "membership_total"
    "|upstream_cx_(active|connect_attempts_exceeded|connect_fail|none_healthy|rx_bytes_total|tx_bytes_total)"
    "|upstream_rq_(active|per_try_timeout|retry|time|timeout|[1-5]xx)"
    r"|outlier_detection\.ejections_active"
    r"|grpc\.(2|4|12|13|14|15)"
    rf"|{TLS}"
)
_HTTP = "downstream_(cx_(active|rx_bytes_total|total)|rq_(1xx|5xx|active|completed|tx_reset|unanswered))"
_TCP = "downstream_cx_(no_route|rx_bytes_total|total)"
LIVE = r"server\.live"
"""A statistic that always exists, so that an export is never empty: a stopping task waits for its proxy's last one."""
_USED_STATS = (
    LIVE,
    rf"cluster\.{_SUBJECT}\.({_CLUSTER})",
    rf"http\.{_SUBJECT}\.{_HTTP}",
    rf"tcp\.{_SUBJECT}\.{_TCP}",
    rf"listener\.{_SUBJECT}\.{TLS}",
)
_SCOPE = r"[^.]+\."
"""The scope of the workload to which a statistic of a host's Envoy belongs."""
_HOST_STATS = (
    LIVE,
    rf"cluster\.{_SCOPE}egress\.[^.]+\.({_CLUSTER})",
    rf"cluster\.{_SCOPE}ingress\.[^.]+\.upstream_(cx|rq)_active",
    rf"http\.{_SCOPE}{_SUBJECT}\.{_HTTP}",
    rf"tcp\.{_SCOPE}({_SUBJECT}|{LOCAL}\.{_SUBJECT})\.{_TCP}",
    rf"listener\.{_SCOPE}{_SUBJECT}\.{TLS}",
    rf"listener\.{_SCOPE}{LOCAL}\.{_SUBJECT}\.downstream_cx_active",
    rf"{PREFIX}\.[a-z]+\.{TAG}\.{_SCOPE}{_SUBJECT}",
)

_BALANCER = r"(app|net)/[^.]+"
_GROUP = (
    "membership_(healthy|total|excluded)|upstream_rq_total|upstream_cx_(connect_fail|none_healthy)|lb_healthy_panic"
)
_FRONT_STATS = (
    LIVE,
    rf"elb\.{_BALANCER}\..+",
    rf"http\.{_BALANCER}\.downstream_cx_(active|protocol_error|total|rx_bytes_total|tx_bytes_total)",
    rf"tcp\.{_BALANCER}\.downstream_cx_(total|rx_bytes_total|tx_bytes_total)",
    rf"udp\.{_BALANCER}\.downstream_sess_(active|total|rx_bytes|tx_bytes)",
    rf"listener\.{_BALANCER}\.(downstream_cx_(active|overflow|overload_reject)|downstream_global_cx_overflow|{TLS})",
    rf"connection_limit\.{_BALANCER}\.limited_connections",
    r"connection_limit\.net/[^.]+\.active_connections",
    rf"cluster\.{_BALANCER}\.({_GROUP}|{TLS})",
)
_BELOW_100 = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75)
_SINK = "envoy.stat_sinks.open_telemetry"
_PATH = "/v1/metrics"
_TIMEOUT = 5
"""Seconds."""
_BOUNDS = (*_BELOW_100, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10000, 15000, 30000, 60000)
"""Milliseconds, because Envoy counts integers. The bounds are closest together where most response times are."""


def stats_config(*, is_front: bool = False, is_host: bool = False) -> stats_pb2.StatsConfig:
    """The statistics that Envoy keeps, and the bounds of its histograms. ``is_host``: for a host's Envoy."""
    kept = _FRONT_STATS if is_front else _HOST_STATS if is_host else _USED_STATS
    patterns = [_regex(pattern) for pattern in kept]
    config = stats_pb2.StatsConfig(
        stats_matcher=stats_pb2.StatsMatcher(inclusion_list=string_pb2.ListStringMatcher(patterns=patterns)),
        histogram_bucket_settings=[time_buckets(".*")],
    )
    config.use_all_default_tags.value = False
    return config


def time_buckets(pattern: str) -> stats_pb2.HistogramBucketSettings:
    """Bounds for the histograms whose names match a pattern."""
    return stats_pb2.HistogramBucketSettings(match=_regex(pattern), buckets=_BOUNDS)


def http_sink(proxy: ProxyId, conversions: matcher_pb2.Matcher | None = None) -> stats_pb2.StatsSink:
    """The export to the control plane over HTTP/1.1; counters and histograms are cumulative from the proxy's start.
    ``conversions``: changes to some of the statistics before the export.
    """
    service = http_service(proxy, _PATH, _TIMEOUT)
    # Envoy 1.40 has this field and the generated class does not yet, so the message is sent as a TypedStruct.
    config = typed_struct_pb2.TypedStruct(type_url=to_any(open_telemetry_pb2.SinkConfig()).type_url)
    config.value.update({**_as_dict(_sink(conversions)), "http_service": _as_dict(service)})
    return stats_pb2.StatsSink(name=_SINK, typed_config=to_any(config))


def grpc_sink(service: grpc_service_pb2.GrpcService, conversions: matcher_pb2.Matcher) -> stats_pb2.StatsSink:
    """The export to a gRPC service."""
    sink = _sink(conversions)
    sink.grpc_service.CopyFrom(service)
    sink.grpc_service.timeout.CopyFrom(duration(_TIMEOUT))
    return stats_pb2.StatsSink(name=_SINK, typed_config=to_any(sink))


def _sink(conversions: matcher_pb2.Matcher | None) -> open_telemetry_pb2.SinkConfig:
    sink = open_telemetry_pb2.SinkConfig(custom_metric_conversions=conversions)
    sink.emit_tags_as_attributes.value = False
    sink.use_tag_extracted_name.value = False
    return sink


def _as_dict(message: Message) -> dict[str, object]:
    fields: dict[str, object] = MessageToDict(message, preserving_proto_field_name=True)
    return fields


def _regex(pattern: str) -> string_pb2.StringMatcher:
    return string_pb2.StringMatcher(safe_regex=regex_pb2.RegexMatcher(regex=pattern))
