"""The statistic names of a front proxy. Pure.

An endpoint is one of these, with the dimensions of its metrics in its name:

- an address of a load balancer, ``<load balancer>@<zone>``: its connections
- an address and an event of requests there, ``<address> <event>``: the status of a response that the load balancer gave
  itself, with ``DIRECT`` at its end where an action of a rule gave it
- an address and a target group, ``<address> <group>``: requests to targets, and their responses
- a target group, ``<load balancer>+<target group>``, or its targets in a zone, with ``@<zone>`` at its end

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/stats,
.../configuration/upstream/cluster_manager/cluster_stats, .../configuration/listeners/stats
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from moyai.telemetry.reporters.envoy_stats import (
    MAX_PARSED_NAMES,
    EndpointArrays,
    Side,
    StatEndpoint,
    StatMapping,
    StatNaming,
)
from moyai.telemetry.values import Ints

_ADDRESS: Final = r"(?:app|net)/[^.@+ ]+@[^.+ ]+"
_GROUP: Final = r"(?:app|net)/[^.+@ ]+\+targetgroup/[^.@+ ]+(?:@[^.+ ]+)?"
_ADDRESS_NAME: Final = re.compile(rf"(http|tcp|udp|listener)\.({_ADDRESS})\.(.+)")
_TARGET_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.(failed\.tried\.true|time)\.target\.({_GROUP})")
_RESPONSE_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.responses\.target\.({_GROUP})\.class\.([1-5])")
_OWN_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.own\.code\.(\d+)\.direct\.(true|false)")
_GROUP_NAME: Final = re.compile(rf"cluster\.({_GROUP})\.(.+)")
DIRECT: Final = "+direct"
_FAILED: Final = "failed.tried.true"
_EVENT: Final = "event"
_TLS_REASONS: Final = (
    "connection_error",
    *(f"fail_verify_{part}" for part in ("cert_hash", "error", "no_cert", "san")),
)
_NO_GAUGES: Final = (None, None, None)


@lru_cache(maxsize=MAX_PARSED_NAMES)
def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    if match := _TARGET_NAME.fullmatch(name):
        return StatEndpoint(Side.CLIENT, f"{match[1]} {match[3]}"), match[2]
    if match := _RESPONSE_NAME.fullmatch(name):
        return StatEndpoint(Side.CLIENT, f"{match[1]} {match[2]}"), f"{match[3]}xx"
    if match := _OWN_NAME.fullmatch(name):
        return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}{DIRECT if match[3] == 'true' else ''}"), _EVENT
    if match := _ADDRESS_NAME.fullmatch(name):
        return StatEndpoint(Side.SERVER, match[2]), f"{match[1]}.{match[3]}"
    if match := _GROUP_NAME.fullmatch(name):
        return StatEndpoint(Side.CLIENT, match[1]), match[2]
    return None


def _mapping(endpoint: StatEndpoint, statistics: Collection[str]) -> StatMapping | None:
    del statistics
    _, has_event, _ = endpoint.name.partition(" ")
    if endpoint.side is Side.CLIENT:
        return _TRAFFIC if has_event else _GROUP_STATS
    if has_event:
        return _EVENTS
    return _HTTP_ADDRESS if endpoint.name.startswith("app/") else _STREAM_ADDRESS


def _traffic(failed: Ints, c1: Ints, c2: Ints, c3: Ints, c4: Ints, c5: Ints) -> EndpointArrays:
    """Requests are those that an endpoint has answered, and those that failed at one."""
    return (failed + c1 + c2 + c3 + c4 + c5, 0, 0, c2, c3, c4, c5, 0, 0, 0, 0), _NO_GAUGES


def _events(count: Ints) -> EndpointArrays:
    return (count, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), _NO_GAUGES


def _http_address(connections: Ints, rx: Ints, tx: Ints, active: Ints, *tls: Ints) -> EndpointArrays:
    return (0, connections, rx + tx, 0, 0, 0, 0, 0, 0, sum(tls), 0), (active, None, None)


def _stream_address(*counts: Ints) -> EndpointArrays:
    connections, flows, tcp_rx, tcp_tx, udp_rx, udp_tx, active, active_flows, *tls = counts
    received = tcp_rx + tcp_tx + udp_rx + udp_tx
    counters = (0, connections + flows, received, 0, 0, 0, 0, 0, 0, sum(tls), 0)
    return counters, (active + active_flows, None, None)


def _group(*counts: Ints) -> EndpointArrays:
    requests, failed_connections, healthy, total, unchecked, *tls = counts
    counters = (requests, 0, 0, 0, 0, 0, 0, failed_connections, 0, sum(tls), 0)
    return counters, (None, healthy, total - healthy - unchecked)


_TRAFFIC: Final = StatMapping("http", (_FAILED, "1xx", "2xx", "3xx", "4xx", "5xx"), _traffic, "time")
_EVENTS: Final = StatMapping("http", (_EVENT,), _events)
_HANDSHAKES: Final = tuple(f"listener.ssl.{reason}" for reason in _TLS_REASONS)
_HTTP_ADDRESS: Final = StatMapping(
    "http",
    (*(f"http.downstream_cx_{name}" for name in ("total", "rx_bytes_total", "tx_bytes_total", "active")), *_HANDSHAKES),
    _http_address,
)
_STREAM_ADDRESS: Final = StatMapping(
    "tcp",
    (
        "tcp.downstream_cx_total",
        "udp.downstream_sess_total",
        *(f"tcp.downstream_cx_{name}_bytes_total" for name in ("rx", "tx")),
        *(f"udp.downstream_sess_{name}_bytes" for name in ("rx", "tx")),
        "listener.downstream_cx_active",
        "udp.downstream_sess_active",
        *_HANDSHAKES,
    ),
    _stream_address,
)
_GROUP_STATS: Final = StatMapping(
    "http",
    (
        "upstream_rq_total",
        "upstream_cx_connect_fail",
        *(f"membership_{name}" for name in ("healthy", "total", "excluded")),
        *(f"ssl.{reason}" for reason in _TLS_REASONS),
    ),
    _group,
)
FRONT_STATS: Final = StatNaming(_parse, _mapping)
