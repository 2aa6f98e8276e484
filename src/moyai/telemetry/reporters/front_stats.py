"""The statistic names of a front proxy. Pure.

An endpoint is one of these, with the dimensions of its metrics in its name:

- an address of a load balancer, ``<load balancer>@<zone>``: its connections
- an address and a status, ``<address> <status>``: the responses that the load balancer itself gave with this status.
  ``DIRECT`` follows the status of a response that a rule's action gave. The status is 0 if the client had disconnected.
- an address of a network load balancer and a protocol, ``<address> <tcp, tls or udp>``: its flows
- an address and a target group, ``<address> <group>``: requests to targets, and their responses
- a target group, ``<load balancer>+<target group>``. ``+grpc`` follows if its requests are gRPC, and ``@<zone>`` if
  only its targets in one zone are meant.
- an address or a target group, and an ``Event`` there, ``<address> <event>`` or ``<group> <event>``

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
    TLS_ERRORS,
    CounterArrays,
    EndpointArrays,
    EndpointCounter,
    GaugeArrays,
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
"""All choices of a target in a group with too few healthy targets, and the part of them that found no target."""
_ACTIVE_SESSIONS: Final = "downstream_sess_active"
_ACTIVE_CONNECTIONS, _LIMITED_CONNECTIONS = "active_connections", "connection_limit.limited_connections"
_MAX_RULES: Final = 100
"""The most rules of a listener, without the default rule."""
_RESET, _OWN_RESET, _NO_RESETS = "RemoteReset", "LocalReset", ("Normal", "-")


class Event(StrEnum):
    """An event at an address or in a target group, other than a response."""

    RULES = "evaluated"
    """A rule was compared with a request."""
    REJECTED = "rejected"
    """A connection above a limit was rejected."""
    DROPPED_HEADERS = "dropped"
    """A request had headers with invalid names, which were removed."""
    MALFORMED = "malformed"
    """A client sent something other than HTTP, or more than a limit allows."""
    CLIENT_RESET = "client-reset"
    TARGET_RESET = "target-reset"
    FAIL_OPEN = "fail-open"
    """A target group had too few healthy targets, so one of all its targets was chosen, healthy or not."""
    OWN_RESET = "own-reset"
    """The load balancer has reset a connection that the target had not reset."""


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


@lru_cache(maxsize=MAX_PARSED_NAMES)
def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    parse = _PARSERS.get(name.partition(".")[0])
    return None if parse is None else parse(name)


def _parse_logged(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic that an access logger counts."""
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
    """A response that the load balancer itself has given, with the status ``code``. ``answer`` is _ACTION if a rule's
    action gave it. On a route that refuses all requests it is the status of the refusal, which differs from ``code``
    for a gRPC call, because that is refused with HTTP's 200. Else it is empty.
    """
    if answer in {_ACTION, ""}:
        return StatEndpoint(Side.SERVER, f"{address} {code}{DIRECT if answer == _ACTION else ''}"), _EVENT
    return StatEndpoint(Side.SERVER, f"{address} {answer}"), _REFUSED if code == answer else _REFUSED_CALL


def _parse_address(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of a listener or of its HTTP connection manager."""
    match = _ADDRESS_NAME.fullmatch(name)
    if match is None:
        return None
    statistic = f"{match[1]}.{match[3]}"
    event = _EVENT_OF_STATISTIC.get(statistic)
    return StatEndpoint(Side.SERVER, match[2] if event is None else f"{match[2]} {event}"), statistic


def _parse_limited(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of the filter that limits the connections to an address."""
    match = _LIMITED_NAME.fullmatch(name)
    if match is None:
        return _parse_address(name)
    if match[3] == _ACTIVE_CONNECTIONS:
        return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}"), match[3]
    return StatEndpoint(Side.SERVER, f"{match[1]} {Event.REJECTED}"), f"{_LIMITED_CONNECTIONS}.{match[2]}"


def _parse_other(name: str) -> tuple[StatEndpoint, str] | None:
    """The second endpoint of the gauge of UDP sessions: an address and the protocol. The first is the address alone."""
    match = _FLOW_NAME.fullmatch(name) if name.startswith("udp.") else None
    if match is None or match[3] != _ACTIVE_SESSIONS:
        return None
    return StatEndpoint(Side.SERVER, f"{match[1]} {match[2]}"), match[3]


def _parse_flow(name: str) -> tuple[StatEndpoint, str] | None:
    """A statistic of the TCP or UDP proxy. Active UDP sessions are a part of the address's open connections."""
    match = _FLOW_NAME.fullmatch(name)
    if match is None:
        return None
    is_gauge = match[3] == _ACTIVE_SESSIONS
    return StatEndpoint(Side.SERVER, match[1] if is_gauge else f"{match[1]} {match[2]}"), match[3]


def _parse_group(name: str) -> tuple[StatEndpoint, str] | None:
    match = _GROUP_NAME.fullmatch(name)
    if match is None:
        return None
    if match[2] in _CHOICES_IN_PANIC:
        return StatEndpoint(Side.SERVER, f"{match[1]} {Event.FAIL_OPEN}"), match[2]
    return StatEndpoint(Side.CLIENT, match[1]), match[2]


def _reset(address: str, by_client: str, by_target: str) -> tuple[StatEndpoint, str] | None:
    """The reset that ended a connection. Envoy passes a reset on to the other side, so only the first one counts."""
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
    """The requests that a target has answered, and those that were sent to a target and failed."""
    requests = failed + c1 + c2 + c3 + c4 + c5
    return CounterArrays(requests=requests, code_2xx=c2, code_3xx=c3, code_4xx=c4, code_5xx=c5), GaugeArrays()


def _events(*counts: Ints) -> EndpointArrays:
    return CounterArrays(requests=sum(counts)), GaugeArrays()


def _choices(in_panic: Ints, without_target: Ints) -> EndpointArrays:
    return _events(in_panic - without_target)


def _rules(evaluations: Ints, *requests: Ints) -> EndpointArrays:
    """Evaluated rules. ``requests``: the requests with one evaluated rule, with two, and so on."""
    return _events(evaluations, *(count * rules for rules, count in enumerate(requests, 1)))


def _http_address(connections: Ints, rx: Ints, tx: Ints, active: Ints, *tls_errors: Ints) -> EndpointArrays:
    counters = CounterArrays(connections=connections, bytes=rx + tx, tls_errors=sum(tls_errors))
    return counters, GaugeArrays(open_connections=active)


def _stream_address(*counts: Ints) -> EndpointArrays:
    connections, sessions, *tls_errors = counts
    return CounterArrays(tls_errors=sum(tls_errors)), GaugeArrays(open_connections=connections + sessions)


def _flows(flows: Ints, rx: Ints, tx: Ints, active: Ints) -> EndpointArrays:
    return CounterArrays(connections=flows, bytes=rx + tx), GaugeArrays(open_connections=active)


def _group(*counts: Ints) -> EndpointArrays:
    requests, failed_connections, healthy, total, unchecked, *tls_errors = counts
    counters = CounterArrays(requests=requests, failures=failed_connections, tls_errors=sum(tls_errors))
    return counters, GaugeArrays(targets=healthy, ejected=total - healthy - unchecked)


_TRAFFIC: Final = StatMapping("http", (_FAILED, "1xx", "2xx", "3xx", "4xx", "5xx"), _traffic, "time")
_EVENTS: Final = StatMapping("http", (_EVENT, _REFUSED, _REFUSED_CALL), _events)
_RESETS: Mapping[Event, tuple[str, ...]] = MappingProxyType(
    {
        Event.CLIENT_RESET: tuple(f"{_RESET}.{target}" for target in (_RESET, _OWN_RESET, *_NO_RESETS)),
        Event.TARGET_RESET: tuple(f"{client}.{_RESET}" for client in (_OWN_RESET, *_NO_RESETS)),
        Event.OWN_RESET: tuple(f"{_OWN_RESET}.{target}" for target in (_OWN_RESET, *_NO_RESETS)),
    }
)
_TLS_ERRORS_OF_CLIENTS: Final = tuple(f"listener.{error}" for error in TLS_ERRORS)
_HTTP_ADDRESS: Final = StatMapping(
    "http",
    (
        *(f"http.downstream_cx_{name}" for name in ("total", "rx_bytes_total", "tx_bytes_total", "active")),
        *_TLS_ERRORS_OF_CLIENTS,
    ),
    _http_address,
)
_STREAM_ADDRESS: Final = StatMapping(
    "tcp", ("listener.downstream_cx_active", _ACTIVE_SESSIONS, *_TLS_ERRORS_OF_CLIENTS), _stream_address
)
_TCP: Final = StatMapping(
    "tcp",
    (*(f"downstream_cx_{name}" for name in ("total", "rx_bytes_total", "tx_bytes_total")), _ACTIVE_CONNECTIONS),
    _flows,
)
_UDP: Final = StatMapping(
    "tcp", tuple(f"downstream_sess_{name}" for name in ("total", "rx_bytes", "tx_bytes", "active")), _flows
)
_GROUP_STATS: Final = StatMapping(
    "http",
    (
        *(f"upstream_{name}" for name in ("rq_total", "cx_connect_fail")),
        *(f"membership_{name}" for name in ("healthy", "total", "excluded")),
        *TLS_ERRORS,
    ),
    _group,
)
_PARSERS: Mapping[str, Callable[[str], tuple[StatEndpoint, str] | None]] = MappingProxyType(
    {
        "elb": _parse_logged,
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
