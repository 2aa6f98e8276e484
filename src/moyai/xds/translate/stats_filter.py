"""The filter on the export of App Mesh's proxies. They keep every statistic, because users read them at the admin
interface, and export only those that metrics use.

A statistic is selected by the last part of its name, so the filter does not depend on the names of a mesh's clusters.
Routes have statistics if their rule has a name for them. Statistics are exported under their whole names, as
in ``stats.py``, though the proxy extracts tags for its other sinks (docs/decisions/mesh-statistics.md).
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/stat_sinks/open_telemetry/v3/open_telemetry.proto
"""

from __future__ import annotations

from envoy.config.metrics.v3 import stats_pb2
from envoy.extensions.matching.common_inputs.stats.v3 import stats_pb2 as input_pb2
from envoy.extensions.stat_sinks.open_telemetry.v3 import open_telemetry_pb2
from google.protobuf.message import Message
from xds.core.v3 import extension_pb2
from xds.type.matcher.v3 import matcher_pb2, regex_pb2, string_pb2

from moyai.xds.translate.names import STATISTICS_CLUSTER, XDS_CLUSTER
from moyai.xds.translate.proto import to_any
from moyai.xds.translate.stats import LIVE, TLS, time_buckets

_TARGET = (
    "membership_total"
    r"|outlier_detection\.ejections_active"
    "|upstream_cx_(active|connect_attempts_exceeded|connect_fail|none_healthy|rx_bytes_total|total|tx_bytes_total)"
    "|upstream_rq_(completed|per_try_timeout|retry|time|timeout|[2-5]xx)"
    r"|grpc\.(2|4|12|13|14|15)"
    rf"|{TLS}"
)
_CONNECTIONS = "downstream_cx_(active|rx_bytes_total|total|tx_bytes_total)"
_EXPORTED_STATS = "|".join(
    (
        rf"cluster\.[^.]+\.({_TARGET})",
        rf"http\.ingress(\..+)?\.({_CONNECTIONS}|downstream_rq_total)",
        rf"tcp\.ingress(\..+)?\.{_CONNECTIONS}",
        rf"listener\..+\.{TLS}",
        r"vhost\..+\.route\.[^.]+\.upstream_rq_(completed|retry|time|timeout|[2-5]xx)",
        LIVE,
    )
)
_TIMES = r".+\.upstream_rq_time"


def response_time_buckets() -> stats_pb2.HistogramBucketSettings:
    """Bounds for the histograms of response times; all other histograms have Envoy's own."""
    return time_buckets(_TIMES)


def drop_unused_stats() -> matcher_pb2.Matcher:
    """The conversion that drops statistics that no metric uses, and those of the control plane's clusters."""
    exported_names = string_pb2.StringMatcher(
        safe_regex=regex_pb2.RegexMatcher(google_re2=regex_pb2.RegexMatcher.GoogleRE2(), regex=_EXPORTED_STATS)
    )
    drop = matcher_pb2.Matcher.OnMatch(action=_extension("drop", open_telemetry_pb2.SinkConfig.DropAction()))
    rules = [
        matcher_pb2.Matcher.MatcherList.FieldMatcher(predicate=predicate, on_match=drop)
        for predicate in (*map(_is_of, (XDS_CLUSTER, STATISTICS_CLUSTER)), _is_not(exported_names))
    ]
    return matcher_pb2.Matcher(matcher_list=matcher_pb2.Matcher.MatcherList(matchers=rules))


def _is_of(cluster: str) -> matcher_pb2.Matcher.MatcherList.Predicate:
    return _is(string_pb2.StringMatcher(prefix=f"cluster.{cluster}."))


def _is_not(matcher: string_pb2.StringMatcher) -> matcher_pb2.Matcher.MatcherList.Predicate:
    return matcher_pb2.Matcher.MatcherList.Predicate(not_matcher=_is(matcher))


def _is(matcher: string_pb2.StringMatcher) -> matcher_pb2.Matcher.MatcherList.Predicate:
    name = _extension("name", input_pb2.StatFullNameMatchInput())
    single = matcher_pb2.Matcher.MatcherList.Predicate.SinglePredicate(input=name, value_match=matcher)
    return matcher_pb2.Matcher.MatcherList.Predicate(single_predicate=single)


def _extension(name: str, message: Message) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(name=name, typed_config=to_any(message))
