"""The statistic names of a front proxy. Pure.

An endpoint is one of these, with the dimensions of its metrics in its name:

- an address of a load balancer, ``<load balancer>@<zone>``: its connections
- an address and an event there, ``<address> <event>``: the status of a response that the load balancer gave itself,
  with ``DIRECT`` at its end where an action of a rule gave it, and 0 where the client had gone; or an ``Event``
- an address of a network load balancer and a protocol, ``<address> <tcp, tls or udp>``: its flows
- an address and a target group, ``<address> <group>``: requests to targets, and their responses
- a target group, ``<load balancer>+<target group>``, with ``+grpc`` where its requests are gRPC, or its targets in a
  zone, with ``@<zone>`` at its end; and an ``Event`` there, ``<group> <event>``

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_conn_man/stats,
.../configuration/upstream/cluster_manager/cluster_stats, .../configuration/listeners/stats
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from moyai.telemetry.reporters.envoy_stats import (
    MAX_PARSED_NAMES,
    EndpointArrays,
    EndpointCounter,
    Side,
    StatEndpoint,
    StatMapping,
    StatNaming,
)
from moyai.telemetry.values import Ints

_ADDRESS: Final = r"(?:app|net)/[^.@+ ]+@[^.+ ]+"
_GROUP: Final = r"(?:app|net)/[^.+@ ]+\+targetgroup/[^.@+ ]+(?:\+grpc)?(?:@[^.+ ]+)?"
_ADDRESS_NAME: Final = re.compile(rf"(http|listener|connection_limit)\.({_ADDRESS})\.(.+)")
_FLOW_NAME: Final = re.compile(rf"(?:tcp|udp)\.({_ADDRESS})\+(tcp|tls|udp)\.(.+)")
_LIMITED_NAME: Final = re.compile(rf"connection_limit\.({_ADDRESS})\+(tcp|tls)\.(.+)")
_EVENT_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.(evaluated|dropped)(?:\.(?:rules|headers)\.(\d+|yes))?")
_ENDED_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.ended\.client\.(\w+|-)\.target\.(\w+|-)")
_TARGET_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.(failed\.tried\.true|time)\.target\.({_GROUP})")
_RESPONSE_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.responses\.target\.({_GROUP})\.class\.([1-5])")
_OWN_NAME: Final = re.compile(rf"elb\.({_ADDRESS})\.own\.code\.(\d+)\.answer\.(action|\d*)")
_GROUP_NAME: Final = re.compile(rf"cluster\.({_GROUP})\.(.+)")
DIRECT: Final = "+direct"
_FAILED: Final = "failed.tried.true"
_ACTION: Final = "action"
_EVENT, _REFUSED, _REFUSED_CALL = "event", "refused", "refused_call"
_CHOICES_IN_PANIC: Final = ("lb_healthy_panic", "upstream_cx_none_healthy")
"""All choices in a group with too few healthy targets, and those that found no target, which are among them."""
_ACTIVE_SESSIONS: Final = "downstream_sess_active"
_ACTIVE_CONNECTIONS, _LIMITED_CONNECTIONS = "active_connections", "connection_limit.limited_connections"
_MAX_RULES: Final = 100
"""The most rules of a listener, without the default rule."""
_RESET, _OWN_RESET, _NO_RESETS = "RemoteReset", "LocalReset", ("Normal", "-")


class Event(StrEnum):
    """An event at an address, or in a target group, that is no response."""

    RULES = "evaluated"
    """A rule was compared with a request."""
    REJECTED = "rejected"
    """A connection above a limit was rejected."""
    DROPPED_HEADERS = "dropped"
    """A request had headers with invalid names, which were removed."""
    MALFORMED = "malformed"
    """A client sent no HTTP, or too much."""
    CLIENT_RESET = "client-reset"
    TARGET_RESET = "target-reset"
    FAIL_OPEN = "fail-open"
    """A target was chosen in a target group with too few healthy ones, whether it is healthy or not."""
    OWN_RESET = "own-reset"
    """The load balancer has reset a connection, and not because the target had."""


_EVENT_OF_STATISTIC: Mapping[str, Event] = MappingProxyType(
    {
        "http.downstream_cx_protocol_error": Event.MALFORMED,
        _LIMITED_CONNECTIONS: Event.REJECTED,
        "listener.downstream_cx_overflow": Event.REJECTED,
        "listener.downstream_cx_overload_reject": Event.REJECTED,
        "listener.downstream_global_cx_overflow": Event.REJECTED,
        f"{_LIMITED_CONNECTIONS}.tcp": Event.REJECTED,
        f"{_LIMITED_CONNECTIONS}.tls": Event.REJECTED,
    }
)
_TLS_REASONS: Final = (
    "connection_error",
    *(f"fail_verify_{part}" for part in ("cert_hash", "error", "no_cert", "san")),
)
_NO_GAUGES: Final = (None, None, None)


@lru_cache(maxsize=MAX_PARSED_NAMES)
def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    read = _READERS.get(name.partition(".")[0])
    return None if read is None else read(name)


def _parse_counted(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic that an access log writes."""
    if match := _TARGET_NAME.fullmatch(name):
        return StatEndpoint(Side.CLIENT, f"{match[1]} {match[3]}"), match[2]
    if match := _RESPONSE_NAME.fullmatch(name):
        return StatEndpoint(Side.CLIENT, f"{match[1]} {match[2]}"), f"{match[3]}xx"
    if match := _OWN_NAME.fullmatch(name):
        return _own_response(match[1], code=match[2], answer=match[3])
    if match := _EVENT_NAME.fullmatch(name):
        return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}"), match[3] or _EVENT
    if match := _ENDED_NAME.fullmatch(name):
        return _reset(match[1], by_client=match[2], by_target=match[3])
    return None


def _own_response(address: str, code: str, answer: str) -> tuple[StatEndpoint, str]:
    """A response that no endpoint has given. ``answer``: the status with which the load balancer refuses all requests
    of a route, where ``code`` is 200 for a call of gRPC; or that a rule's action has answered; or empty.
    """
    if answer in {_ACTION, ""}:
        return StatEndpoint(Side.SERVER, f"{address} {code}{DIRECT if answer == _ACTION else ''}"), _EVENT
    return StatEndpoint(Side.SERVER, f"{address} {answer}"), _REFUSED if code == answer else _REFUSED_CALL


def _parse_address(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of a listener or its connection manager."""
    match = _ADDRESS_NAME.fullmatch(name)
    if match is None:
        return None
    statistic = f"{match[1]}.{match[3]}"
    event = _EVENT_OF_STATISTIC.get(statistic)
    return StatEndpoint(Side.SERVER, match[2] if event is None else f"{match[2]} {event}"), statistic


def _parse_limited(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of the filter that bounds the connections to an address."""
    match = _LIMITED_NAME.fullmatch(name)
    if match is None:
        return _parse_address(name)
    if match[3] == _ACTIVE_CONNECTIONS:
        return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}"), match[3]
    return StatEndpoint(Side.SERVER, f"{match[1]} {Event.REJECTED}"), f"{_LIMITED_CONNECTIONS}.{match[2]}"


def _parse_other(name: str) -> tuple[StatEndpoint, str] | None:
    """Sessions, which are also active for the protocol UDP."""
    match = _FLOW_NAME.fullmatch(name) if name.startswith("udp.") else None
    if match is None or match[3] != _ACTIVE_SESSIONS:
        return None
    return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}"), match[3]


def _parse_flow(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of a filter for streams. Sessions are active at an address, as its listener's connections are."""
    match = _FLOW_NAME.fullmatch(name)
    if match is None:
        return None
    is_level = match[3] == _ACTIVE_SESSIONS
    return StatEndpoint(Side.SERVER, match[1] if is_level else f"{match[1]} {match[2]}"), match[3]


def _parse_group(name: str) -> tuple[StatEndpoint, str] | None:
    match = _GROUP_NAME.fullmatch(name)
    if match is None:
        return None
    if match[2] in _CHOICES_IN_PANIC:
        return StatEndpoint(Side.SERVER, f"{match[1]} {Event.FAIL_OPEN}"), match[2]
    return StatEndpoint(Side.CLIENT, match[1]), match[2]


def _reset(address: str, by_client: str, by_target: str) -> tuple[StatEndpoint, str] | None:
    """The reset that ended a connection: the first one, since Envoy passes a reset on to the other side."""
    if by_client == _RESET:
        event = Event.CLIENT_RESET
    elif by_target == _RESET:
        event = Event.TARGET_RESET
    elif by_client == _OWN_RESET:
        event = Event.OWN_RESET
    else:
        return None
    return StatEndpoint(Side.SERVER, f"{address} {event}"), f"{by_client}.{by_target}"


def _mapping(endpoint: StatEndpoint, statistics: Collection[str]) -> StatMapping | None:
    del statistics
    _, _, subject = endpoint.name.partition(" ")
    if endpoint.side is Side.CLIENT:
        return _TRAFFIC if subject else _GROUP_STATS
    if subject:
        return _SUBJECTS.get(subject) or _EVENTS
    return _HTTP_ADDRESS if endpoint.name.startswith("app/") else _STREAM_ADDRESS


def _traffic(failed: Ints, c1: Ints, c2: Ints, c3: Ints, c4: Ints, c5: Ints) -> EndpointArrays:
    """Requests are those that an endpoint has answered, and those that failed at one."""
    return (failed + c1 + c2 + c3 + c4 + c5, 0, 0, c2, c3, c4, c5, 0, 0, 0, 0), _NO_GAUGES


def _events(*counts: Ints) -> EndpointArrays:
    return (sum(counts), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), _NO_GAUGES


def _choices(in_panic: Ints, without_target: Ints) -> EndpointArrays:
    return _events(in_panic - without_target)


def _rules(added_up: Ints, *requests: Ints) -> EndpointArrays:
    return _events(added_up, *(count * number for number, count in enumerate(requests, 1)))


def _http_address(connections: Ints, rx: Ints, tx: Ints, active: Ints, *tls: Ints) -> EndpointArrays:
    return (0, connections, rx + tx, 0, 0, 0, 0, 0, 0, sum(tls), 0), (active, None, None)


def _stream_address(*counts: Ints) -> EndpointArrays:
    connections, sessions, *tls = counts
    return (0, 0, 0, 0, 0, 0, 0, 0, 0, sum(tls), 0), (connections + sessions, None, None)


def _flows(total: Ints, rx: Ints, tx: Ints, active: Ints) -> EndpointArrays:
    return (0, total, rx + tx, 0, 0, 0, 0, 0, 0, 0, 0), (active, None, None)


def _group(*counts: Ints) -> EndpointArrays:
    requests, failed_connections, healthy, total, unchecked, *tls = counts
    counters = (requests, 0, 0, 0, 0, 0, 0, failed_connections, 0, sum(tls), 0)
    return counters, (None, healthy, total - healthy - unchecked)


_TRAFFIC: Final = StatMapping("http", (_FAILED, "1xx", "2xx", "3xx", "4xx", "5xx"), _traffic, "time")
_EVENTS: Final = StatMapping("http", (_EVENT, _REFUSED, _REFUSED_CALL), _events)
_RESETS: Mapping[Event, tuple[str, ...]] = MappingProxyType(
    {
        Event.CLIENT_RESET: tuple(f"{_RESET}.{target}" for target in (_RESET, _OWN_RESET, *_NO_RESETS)),
        Event.TARGET_RESET: tuple(f"{client}.{_RESET}" for client in (_OWN_RESET, *_NO_RESETS)),
        Event.OWN_RESET: tuple(f"{_OWN_RESET}.{target}" for target in (_OWN_RESET, *_NO_RESETS)),
    }
)
_HANDSHAKES: Final = tuple(f"listener.ssl.{reason}" for reason in _TLS_REASONS)
_HTTP_ADDRESS: Final = StatMapping(
    "http",
    (*(f"http.downstream_cx_{name}" for name in ("total", "rx_bytes_total", "tx_bytes_total", "active")), *_HANDSHAKES),
    _http_address,
)
_STREAM_ADDRESS: Final = StatMapping(
    "tcp",
    ("listener.downstream_cx_active", _ACTIVE_SESSIONS, *_HANDSHAKES),
    _stream_address,
)
_TCP: Final = StatMapping(
    "tcp",
    (*(f"downstream_cx_{x}" for x in ("total", "rx_bytes_total", "tx_bytes_total")), _ACTIVE_CONNECTIONS),
    _flows,
)
_UDP: Final = StatMapping(
    "tcp", tuple(f"downstream_sess_{x}" for x in ("total", "rx_bytes", "tx_bytes", "active")), _flows
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
_READERS: Mapping[str, Callable[[str], tuple[StatEndpoint, str] | None]] = MappingProxyType(
    {
        "elb": _parse_counted,
        "http": _parse_address,
        "listener": _parse_address,
        "connection_limit": _parse_limited,
        "tcp": _parse_flow,
        "udp": _parse_flow,
        "cluster": _parse_group,
    }
)
_SUBJECTS: Mapping[str, StatMapping] = MappingProxyType(
    {
        "tcp": _TCP,
        "tls": _TCP,
        "udp": _UDP,
        Event.DROPPED_HEADERS: StatMapping("http", ("yes",), _events),
        Event.FAIL_OPEN: StatMapping("http", _CHOICES_IN_PANIC, _choices, differences=(EndpointCounter.REQUESTS,)),
        Event.RULES: StatMapping("http", (_EVENT, *map(str, range(1, _MAX_RULES + 1))), _rules),
        **{
            event: StatMapping("http", tuple(name for name, of in _EVENT_OF_STATISTIC.items() if of is event), _events)
            for event in (Event.REJECTED, Event.MALFORMED)
        },
        **{event: StatMapping("tcp", names, _events) for event, names in _RESETS.items()},
    }
)
FRONT_STATS: Final = StatNaming(_parse, _mapping, _parse_other)
