"""The counts of a front proxy's requests and connections, as statistics that access loggers add to when these end.

Envoy's own counters do not distinguish endpoints' responses from the proxy's own. The statistics are named
``elb.<name of the address's statistics>.<statistic>``, and those of endpoints also by their destination.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-v3/extensions/access_loggers/stats/v3/stats.proto
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2

from moyai.mesh.ir import FrontAddress, HttpFront
from moyai.xds.translate.front_script import DROPPED, PARTS
from moyai.xds.translate.proto import to_any

PREFIX: Final = "elb"
_STATS_LOGGER: Final = "envoy.access_loggers.stats"
_FROM_ENDPOINT: Final = "response.code_details == 'via_upstream'"
_OWN: Final = "response.code_details != 'via_upstream'"
_HAD_ENDPOINT: Final = "%CEL(has(upstream.address))%"
_TARGET: Final = ("target", "%UPSTREAM_CLUSTER%")
COUNTED: Final = "moyai.counts"
EVALUATED: Final = "evaluated"
ANSWER, ACTION = "answer", "action"
"""A route's metadata. ``evaluated``: the number of rules that are evaluated for its requests; ``answer``: who answers
them, a rule's ``action`` or the load balancer with this status, which a gRPC client gets as 200.
"""
_RULES: Final = ("rules", f"%METADATA(ROUTE:{COUNTED}:{EVALUATED})%")
_DROPPED: Final = ("headers", f"%DYNAMIC_METADATA({PARTS}:{DROPPED})%")
_CLASS: Final = ("class", "%RESP(:STATUS):1%")
"""The first digit of the status, read from a header because an expression would cost more."""
_CLOSED_BY_CLIENT: Final = ("client", "%DOWNSTREAM_DETECTED_CLOSE_TYPE%")
_CLOSED_BY_TARGET: Final = ("target", "%UPSTREAM_DETECTED_CLOSE_TYPE%")


def request_counts(http: HttpFront, at: FrontAddress) -> Iterator[accesslog_pb2.AccessLog]:
    """The access loggers that count the requests at one address: one for requests that an endpoint has answered, and
    one for the others. A condition costs more than a count, so each logger has one condition for all its counts.
    """
    prefix = f"{PREFIX}.{at.stat_name}"
    answered = stats_pb2.Config(stat_prefix=prefix)
    _count(answered, "responses", _TARGET, _CLASS)
    # Without a tag, which costs as much as a statistic. Only a request that matches a route has a number to add.
    answered.counters.add(stat=_stat(EVALUATED, ()), value_format=_RULES[1])
    answered.histograms.add(
        stat=_stat("time", (_TARGET,)),
        unit=stats_pb2.Config.Histogram.Milliseconds,
        value_format="%COMMON_DURATION(US_TX_END:US_RX_BEG:ms)%",
    )
    if http.counts_dropped_headers:
        _count(answered, "dropped", _DROPPED)
    yield _logger(answered, _FROM_ENDPOINT)
    own = stats_pb2.Config(stat_prefix=prefix)
    _count(own, "own", ("code", "%RESPONSE_CODE%"), ("answer", f"%METADATA(ROUTE:{COUNTED}:{ANSWER})%"))
    _count(own, "failed", ("tried", _HAD_ENDPOINT), _TARGET)
    _count(own, EVALUATED, _RULES)
    if http.counts_dropped_headers:
        _count(own, "dropped", _DROPPED)
    yield _logger(own, _OWN)


def connection_ends(at: FrontAddress) -> accesslog_pb2.AccessLog:
    """The access logger that counts how connections to one address end: closed, or reset by client or target."""
    ended = stats_pb2.Config(stat_prefix=f"{PREFIX}.{at.stat_name}")
    _count(ended, "ended", _CLOSED_BY_CLIENT, _CLOSED_BY_TARGET)
    return accesslog_pb2.AccessLog(name=_STATS_LOGGER, typed_config=to_any(ended))


def _count(config: stats_pb2.Config, name: str, *tags: tuple[str, str]) -> None:
    config.counters.add(stat=_stat(name, tags)).value_fixed.value = 1


def _stat(name: str, tags: tuple[tuple[str, str], ...]) -> stats_pb2.Config.Stat:
    return stats_pb2.Config.Stat(
        name=name, tags=[stats_pb2.Config.Tag(name=tag, value_format=value) for tag, value in tags]
    )


def _logger(config: stats_pb2.Config, condition: str) -> accesslog_pb2.AccessLog:
    log = accesslog_pb2.AccessLog(name=_STATS_LOGGER, typed_config=to_any(config))
    extension = log.filter.extension_filter
    extension.name = "envoy.access_loggers.extension_filters.cel"
    extension.typed_config.CopyFrom(to_any(cel_pb2.ExpressionFilter(expression=condition)))
    return log
