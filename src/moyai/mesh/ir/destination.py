"""Destinations: endpoints, the sources from which proxies get them, and how callers treat them."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.mesh.ir.routing import LoadBalancingPolicy, Protocol, Range
from moyai.mesh.ir.tls import ClientTls, IssuerTrust


class Member(msgspec.Struct, frozen=True, order=True, omit_defaults=True):
    """An endpoint in a zone. ``issuer``: the issuer of the certificate that it presents; empty = plain text.
    ``draining``: it gets no new requests, and its running ones may end. ``workload``: the workload to which the
    endpoint belongs; empty = none. ``workload_port``: the endpoint's port in the configuration of that workload.
    ``stat_name``: the name of that port's statistics.
    """

    zone: str
    address: str
    port: int
    issuer: str = ""
    draining: bool = False
    workload: str = ""
    workload_port: int = 0
    stat_name: str = ""


class EndpointGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """The endpoints of a destination, in a fixed order; there may be none. ``checked_by_address``: health checks name
    the address and port of each endpoint as the host. ``weights``: the weight of each zone that gets requests; other
    zones get requests only as endpoints of these are ejected. Empty = all endpoints get equal shares.
    """

    name: str
    members: tuple[Member, ...] = ()
    checked_by_address: bool = False
    weights: tuple[tuple[str, int], ...] = ()


class DnsLookupFamily(StrEnum):
    """Which addresses of a name are used. UNSET: IPv6 if the name has such addresses, else IPv4."""

    UNSET = "unset"
    IPV4_PREFERRED = "ipv4-preferred"
    IPV4_ONLY = "ipv4-only"
    IPV6_ONLY = "ipv6-only"


class EndpointGroupSource(msgspec.Struct, frozen=True, tag="group"):
    """The endpoints of an EndpointGroup, by its name."""

    group: str


class DnsSource(msgspec.Struct, frozen=True, tag="dns"):
    """Endpoints that the proxy resolves by DNS: one for each address, or one for the name."""

    hostname: str
    port: int
    each_address: bool = False
    family: DnsLookupFamily = DnsLookupFamily.UNSET


class FixedSource(msgspec.Struct, frozen=True, tag="fixed"):
    """One endpoint with a fixed address."""

    address: str
    port: int


class OriginalDestinationSource(msgspec.Struct, frozen=True, tag="original"):
    """The destination of the connection before it was redirected to the proxy."""


Source = EndpointGroupSource | DnsSource | FixedSource | OriginalDestinationSource


class ActiveHealthCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A check of each endpoint every ``interval`` seconds: a connection (TCP), a request for ``path`` (HTTP and HTTP/2)
    or gRPC's health service (destinations with HTTP/2). The thresholds are the numbers of equal results in a row that
    change an endpoint's state. ``port``: None = the endpoint's own. ``statuses``: those that count as healthy; empty =
    200. ``headers``: the headers of the request. ``log``: the path of a file for each failed check and each change of
    an endpoint's health, as JSON; empty = none.
    """

    protocol: Protocol
    interval: float
    timeout: float
    healthy_threshold: int
    unhealthy_threshold: int
    path: str = "/"
    port: int | None = None
    statuses: tuple[Range, ...] = ()
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    reuses_connections: bool = True
    differs_in_tls: bool = False
    """Whether checks use TLS although requests do not, or requests use TLS although checks do not."""
    log: str = ""


class ConnectionLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Circuit breaker limits, above which requests fail at once. None = no limit. ``pending``: waiting requests."""

    connections: int | None = None
    pending: int | None = None
    requests: int | None = None


class Failure(StrEnum):
    """The failures that outlier detection counts."""

    NO_ANSWER = "no-answer"
    """A failed connection, and the statuses 502, 503 and 504."""
    SERVER_ERROR = "server-error"
    """A failed connection, and every status 5xx."""


class OutlierPolicy(msgspec.Struct, frozen=True):
    """Outlier detection: after ``consecutive_failures`` of the kind ``counted_failures`` an endpoint is ejected for
    ``base_ejection`` seconds times the number of its ejections, at most ``max_ejection``.

    Never more than ``max_ejection_percent`` of the endpoints are ejected; every ``interval`` seconds endpoints return.
    """

    consecutive_failures: int
    interval: float
    base_ejection: float
    max_ejection: float
    max_ejection_percent: int
    counted_failures: Failure = Failure.NO_ANSWER


class Destination(msgspec.Struct, frozen=True, omit_defaults=True):
    """A destination, shared by name between all workloads that call it. Times are in seconds.

    ``label``: its name in proxies, where users depend on it; empty = made from ``name``. The label is unique among the
    destinations of one workload. ``stat_name``: the name of its statistics; empty = its name in proxies.
    ``zone_aware_from``: the number of endpoints from which requests stay in the caller's zone as far as the load of all
    endpoints stays even; 0 = never. ``tls``: for members without an issuer; ``trusts``: one for each issuer of members.
    """

    name: str
    source: Source
    protocol: Protocol
    connect_timeout: float
    outlier: OutlierPolicy | None = None
    stat_name: str = ""
    zone_aware_from: int = 0
    load_balancing: LoadBalancingPolicy = LoadBalancingPolicy.ROUND_ROBIN
    trusts: tuple[IssuerTrust, ...] = ()
    label: str = ""
    tls: ClientTls | None = None
    limits: ConnectionLimits | None = None
    health_check: ActiveHealthCheck | None = None
    source_address: str = ""
    """The source address of connections; empty = the kernel's choice."""
    fail_open_below: float = 0
    """The per cent of healthy endpoints below which all of them get requests; 0 = Envoy's default. New endpoints count
    from their first health check."""
    proxy_header: bool = False
    """Whether each connection begins with a PROXY header of version 2, with the client's address."""
    closes_unhealthy: bool = False
    """Whether connections to an endpoint are closed when its health check fails."""
    slow_start: float = 0
    """Seconds in which the share of an endpoint that became healthy grows to its full size; 0 = at once."""
    app_connection_idle: float = 0
    """Seconds after which an idle HTTP connection is closed, where the caller's proxy connects to the application
    itself; 0 = Envoy's default of an hour."""
