"""The push of a proxy that keeps every statistic, because people read them at its own door: the sink lets through what
metrics are made of.

A statistic is picked by its own name, whatever it is a statistic of, so nothing here depends on how a mesh calls its
clusters. Routes are among them: they are counted where their rule has a name for it. What is picked is pushed as
``stats.py`` pushes, under whole names, though the proxy takes tags out of them for others
(docs/decisions/mesh-statistics.md).
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
from moyai.xds.translate.proto import packed
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
_PICKED = "|".join(
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


def picked_buckets() -> stats_pb2.HistogramBucketSettings:
    """The bounds of response times; those of all other histograms are Envoy's own."""
    return time_buckets(_TIMES)


def all_others_dropped() -> matcher_pb2.Matcher:
    """What is done to the statistics before a push: only what is picked is left."""
    picked = string_pb2.StringMatcher(
        safe_regex=regex_pb2.RegexMatcher(google_re2=regex_pb2.RegexMatcher.GoogleRE2(), regex=_PICKED)
    )
    dropped = matcher_pb2.Matcher.OnMatch(action=_extension("drop", open_telemetry_pb2.SinkConfig.DropAction()))
    rules = [
        matcher_pb2.Matcher.MatcherList.FieldMatcher(predicate=predicate, on_match=dropped)
        for predicate in (*map(_is_of, (XDS_CLUSTER, STATISTICS_CLUSTER)), _is_not(picked))
    ]
    return matcher_pb2.Matcher(matcher_list=matcher_pb2.Matcher.MatcherList(matchers=rules))


def _is_of(cluster: str) -> matcher_pb2.Matcher.MatcherList.Predicate:
    return _is(string_pb2.StringMatcher(prefix=f"cluster.{cluster}."))


def _is_not(what: string_pb2.StringMatcher) -> matcher_pb2.Matcher.MatcherList.Predicate:
    return matcher_pb2.Matcher.MatcherList.Predicate(not_matcher=_is(what))


def _is(what: string_pb2.StringMatcher) -> matcher_pb2.Matcher.MatcherList.Predicate:
    name = _extension("name", input_pb2.StatFullNameMatchInput())
    single = matcher_pb2.Matcher.MatcherList.Predicate.SinglePredicate(input=name, value_match=what)
    return matcher_pb2.Matcher.MatcherList.Predicate(single_predicate=single)


def _extension(name: str, message: Message) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(name=name, typed_config=packed(message))
