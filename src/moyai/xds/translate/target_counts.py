"""The counts of requests that Envoy's own statistics lack, as statistics of access loggers.

Every proxy of Service Connect counts requests that ended without a final answer, or with 101, because no statistic of
Envoy's distinguishes them from requests that are under way.

A host's Envoy also counts for the tasks that answer requests. A request between two tasks of the host passes the HTTP
filters once, at the caller, whose counters don't distinguish targets. So each attempt is counted for its target, which
the endpoint's metadata names, when it ends; the target's own filters count requests from elsewhere in the same way. The
statistics are named ``target.<statistic>.of.<name of the target's statistics>``.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/access_loggers/stats/v3/stats.proto,
.../api-v3/extensions/filters/http/router/v3/router.proto (``upstream_log``)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2
from envoy.type.metadata.v3 import metadata_pb2
from envoy.type.tracing.v3 import custom_tag_pb2

from moyai.mesh.ir import Protocol
from moyai.xds.translate.placement import LOG, SCOPE, TARGET_METADATA, WorkloadPlace, stat_name_at
from moyai.xds.translate.proto import to_any

PREFIX: Final = "target"
TAG: Final = "of"
_NAME, _TASK = "target", "task"
"""Keys of an endpoint's metadata."""
_FAILED_ATTEMPTS: Final = ("UF", "UC", "UR")
"""Envoy's response flags for an endpoint that could not be reached, or ended the connection or the stream."""
_FIRST_FAILURE: Final = 500
_LAST_INFORMATIONAL: Final = 199
_GRPC_FAILURES: Final = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS")
"""The gRPC statuses that Envoy's own counters count as 5xx."""


def name_target(metadata: base_pb2.Metadata, stat_name: str, place: WorkloadPlace) -> None:
    """Write the workload for which requests are counted, logged and traced into an endpoint's metadata."""
    target = {_NAME: stat_name_at(stat_name, place), _TASK: place.workload}
    metadata.filter_metadata[TARGET_METADATA].update(target)
    if place.log:
        metadata.filter_metadata[TARGET_METADATA].update({SCOPE: place.scope, LOG: place.log})


def task_tags(place: WorkloadPlace) -> Iterator[custom_tag_pb2.CustomTag]:
    """The tags that name a span's caller and target among the workloads of a host's Envoy."""
    caller = custom_tag_pb2.CustomTag.Literal(value=place.workload)
    yield custom_tag_pb2.CustomTag(tag="moyai.task", literal=caller)
    key = metadata_pb2.MetadataKey(key=TARGET_METADATA, path=[metadata_pb2.MetadataKey.PathSegment(key=_TASK)])
    kind = metadata_pb2.MetadataKind(host=metadata_pb2.MetadataKind.Host())
    target = custom_tag_pb2.CustomTag.Metadata(kind=kind, metadata_key=key)
    yield custom_tag_pb2.CustomTag(tag="moyai.target", metadata=target)


def attempt_counts(protocol: Protocol) -> Iterator[accesslog_pb2.AccessLog]:
    """The upstream logs of a router that count attempts: all of them with their times, and those that failed."""
    all_attempts = stats_pb2.Config(stat_prefix=PREFIX)
    all_attempts.counters.add(stat=_stat("requests")).value_fixed.value = 1
    all_attempts.histograms.add(
        stat=_stat("time"),
        unit=stats_pb2.Config.Histogram.Milliseconds,
        value_format="%COMMON_DURATION(US_TX_END:US_RX_END:ms)%",
    )
    yield _logger(all_attempts)
    failed = stats_pb2.Config(stat_prefix=PREFIX)
    failed.counters.add(stat=_stat("failed")).value_fixed.value = 1
    log = _logger(failed)
    log.filter.or_filter.filters.extend(_failures(protocol))
    yield log


def unanswered_requests(stat_name: str) -> accesslog_pb2.AccessLog:
    """The access log of a connection manager that counts, when they end, requests without a final answer (Envoy's
    status is then 0, or 100 after its own ``100 Continue``) and those answered with 101.
    """
    config = stats_pb2.Config(stat_prefix=f"http.{stat_name}")
    config.counters.add(stat=stats_pb2.Config.Stat(name="downstream_rq_unanswered")).value_fixed.value = 1
    log = _logger(config)
    comparison = accesslog_pb2.ComparisonFilter(op=accesslog_pb2.ComparisonFilter.LE)
    comparison.value.default_value = _LAST_INFORMATIONAL
    comparison.value.runtime_key = "moyai.last_informational"  # required; nothing sets it
    log.filter.status_code_filter.comparison.CopyFrom(comparison)
    return log


def _failures(protocol: Protocol) -> Iterator[accesslog_pb2.AccessLogFilter]:
    comparison = accesslog_pb2.ComparisonFilter(op=accesslog_pb2.ComparisonFilter.GE)
    comparison.value.default_value = _FIRST_FAILURE
    comparison.value.runtime_key = "moyai.first_failure"  # required; nothing sets it
    yield accesslog_pb2.AccessLogFilter(status_code_filter=accesslog_pb2.StatusCodeFilter(comparison=comparison))
    flags = accesslog_pb2.ResponseFlagFilter(flags=_FAILED_ATTEMPTS)
    yield accesslog_pb2.AccessLogFilter(response_flag_filter=flags)
    if protocol is not Protocol.HTTP:
        grpc_failure = accesslog_pb2.AndFilter()
        # Envoy gives every response a gRPC status, also one of another content type.
        grpc_failure.filters.add().header_filter.header.CopyFrom(_grpc_requests())
        grpc_failure.filters.add().grpc_status_filter.statuses.extend(
            accesslog_pb2.GrpcStatusFilter.Status.Value(status) for status in _GRPC_FAILURES
        )
        yield accesslog_pb2.AccessLogFilter(and_filter=grpc_failure)


def _grpc_requests() -> route_components_pb2.HeaderMatcher:
    matcher = route_components_pb2.HeaderMatcher(name="content-type")
    matcher.string_match.prefix = "application/grpc"
    return matcher


def _stat(name: str) -> stats_pb2.Config.Stat:
    tag = stats_pb2.Config.Tag(name=TAG, value_format=f"%UPSTREAM_METADATA({TARGET_METADATA}:{_NAME})%")
    return stats_pb2.Config.Stat(name=name, tags=[tag])


def _logger(config: stats_pb2.Config) -> accesslog_pb2.AccessLog:
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.stats", typed_config=to_any(config))
