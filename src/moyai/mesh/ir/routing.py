"""Where requests and connections go: matches, rewrites, retries, timeouts, rules and weighted destinations.

Rules are totally ordered: the first that matches decides. Regular expressions are RE2's and match the whole text. A
condition on the value of a header that a request lacks does not hold, whether inverted or not, as in Envoy 1.40.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.mesh.ir.access_log import StdoutLog
from moyai.mesh.ir.answers import FixedResponse, Redirect


class Protocol(StrEnum):
    """``http`` is HTTP/1.1 behind the proxy; ``http2`` and ``grpc`` are HTTP/2 without TLS."""

    TCP = "tcp"
    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"


class TextTest(StrEnum):
    """How a text is compared with another."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    REGEX = "regex"


class TextMatcher(msgspec.Struct, frozen=True):
    """A condition on a text."""

    test: TextTest
    text: str


class Range(msgspec.Struct, frozen=True):
    """A whole number from ``start`` to before ``end``."""

    start: int
    end: int


class HeaderMatcher(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request has the header, with a value that matches ``value`` if it is set. ``invert``: the opposite."""

    name: str
    value: TextMatcher | Range | None = None
    invert: bool = False


class QueryMatcher(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request's query has the parameter, with the value ``exact`` if there is one."""

    name: str
    exact: str | None = None


class PathTest(StrEnum):
    """How a path, without its query, is compared with another."""

    BELOW = "below"
    """The path and all below it: ``/a`` matches ``/a`` and ``/a/b``, not ``/ab``."""
    PREFIX = "prefix"
    """Every path with this prefix: ``/a`` matches ``/ab``."""
    EXACT = "exact"
    REGEX = "regex"


class PathMatcher(msgspec.Struct, frozen=True):
    """A condition on a path."""

    test: PathTest
    text: str


EVERY_PATH = PathMatcher(PathTest.PREFIX, "/")


class RequestMatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """The conditions on a request, all of which have to hold. ``grpc``: the request is a gRPC call. ``http1``: it came
    by HTTP/1.1 or 1.0.
    """

    methods: tuple[str, ...] = ()
    path: PathMatcher = EVERY_PATH
    scheme: str | None = None
    headers: tuple[HeaderMatcher, ...] = ()
    query: tuple[QueryMatcher, ...] = ()
    grpc: bool = False
    http1: bool = False
    sources: tuple[str, ...] = ()
    """Ranges of client addresses; empty = every client."""


class Substitution(msgspec.Struct, frozen=True):
    r"""A regular expression that matches a whole text, and what replaces it; ``\1`` is its first group."""

    pattern: str
    replacement: str


class Rewrite(msgspec.Struct, frozen=True, omit_defaults=True):
    """``host``: the new ``:authority``. ``prefix`` replaces the prefix that the rule's path has matched, or ``path``
    the whole path without its query. ``headers`` are set, whatever the client sent; ``without``: headers that are
    removed.
    """

    host: str | None = None
    prefix: str | None = None
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
    host_substitution: Substitution | None = None
    """Changes the ``:authority`` where its pattern matches."""
    path_substitution: Substitution | None = None
    """Changes the path, without its query, where its pattern matches."""


class RetryCondition(StrEnum):
    """The failures after which a request is retried."""

    CONNECT_FAILURE = "connect-failure"
    REFUSED_STREAM = "refused-stream"
    """The server refused the stream (HTTP/2), so it has not processed the request."""
    RESET = "reset"
    """The connection broke, whether or not the request had been sent: for idempotent requests only."""
    RESET_BEFORE_REQUEST = "reset-before-request"
    """The connection broke before the request was sent."""
    CANCELLED = "cancelled"
    """A gRPC status, as the conditions below."""
    DEADLINE_EXCEEDED = "deadline-exceeded"
    RESOURCE_EXHAUSTED = "resource-exhausted"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


class RetryPolicy(msgspec.Struct, frozen=True):
    """``attempts``: retries, beyond the first attempt. A retry avoids the endpoints already tried: it selects again up
    to ``reselections`` times, and then accepts a tried endpoint.
    """

    attempts: int
    conditions: tuple[RetryCondition, ...]
    status_codes: tuple[int, ...] = ()
    reselections: int = 0
    per_try_timeout: float = 0
    """Seconds without a response after which a request is retried; 0 = off. It requires the condition RESET."""


class TimeoutPolicy(msgspec.Struct, frozen=True):
    """Timeouts in seconds; 0 = off. The compiler has filled in the defaults of the AWS service.

    ``request``: from the whole request received to the whole response; HTTP only.
    ``idle``: without a byte in either direction, per stream (HTTP) or connection (TCP).
    """

    request: float
    idle: float


class SetCookie(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cookie that responses set, for ``/`` and a number of seconds. ``cross_site``: browsers also send it with
    requests from other sites, over TLS.
    """

    name: str
    value: str
    seconds: int
    cross_site: bool = False


class SessionCookie(msgspec.Struct, frozen=True, omit_defaults=True):
    """A cookie with the endpoint's address, by which a client stays with its endpoint while that is healthy. It is set
    for ``seconds`` when the client gets another endpoint. ``application``: the application's cookie with which the
    session begins; empty = it begins at once. Only a rule with one target may have a session cookie.
    """

    name: str
    seconds: int
    application: str = ""


class WeightedDestination(msgspec.Struct, frozen=True, omit_defaults=True):
    """A Destination by name, with its weight. The sum of all weights of a rule is greater than 0.
    A destination with weight 0 gets no traffic; proxies have its endpoints nevertheless, so that a new weight has
    effect at once.
    """

    destination: str
    weight: int = 1
    cookies: tuple[SetCookie, ...] = ()
    session: SessionCookie | None = None


class LoadBalancingPolicy(StrEnum):
    """How an endpoint is selected. LEAST_REQUEST compares two of them, FEWEST_REQUESTS all. CONSISTENT_HASH needs rules
    with ``hash_on``; other requests go anywhere.
    """

    ROUND_ROBIN = "round-robin"
    LEAST_REQUEST = "least-request"
    FEWEST_REQUESTS = "fewest-requests"
    RANDOM = "random"
    CONSISTENT_HASH = "consistent-hash"


class HashKey(msgspec.Struct, frozen=True):
    """The cookie or header whose value selects the endpoint."""

    name: str
    is_cookie: bool = False


class RouteRule(msgspec.Struct, frozen=True, omit_defaults=True):
    """Requests that ``match`` go to one of ``targets``, by weight; a retry goes to the same target.

    Without targets the response is ``answer``; 503 if there is none. ``stat_name``: the name of the rule's own
    statistics within its virtual host; empty = none.
    """

    targets: tuple[WeightedDestination, ...]
    timeouts: TimeoutPolicy
    match: RequestMatch = RequestMatch()
    retry: RetryPolicy | None = None
    hash_on: HashKey | None = None
    rewrite: Rewrite | None = None
    stat_name: str = ""
    answer: FixedResponse | Redirect | None = None
    endpoint_idle: float = 0
    """Seconds that the endpoint may be silent, after which the response is 504; 0 = no limit."""
    log_name: str = ""
    """The name in logs."""
    evaluated: int | None = None
    """How many rules of the API, this one included, are evaluated for a request that matches it; None = not counted."""


class RouteRules(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rules of an HTTP service."""

    rules: tuple[RouteRule, ...]
    is_front: bool = False
    """Whether a front proxy has the rules: requests get AWS's trace header, and lose the header with their version."""
    drops_invalid_headers: bool = False
    """Whether headers are removed whose names have other characters than letters, digits and hyphens; front proxy only.
    """


class VirtualHost(msgspec.Struct, frozen=True):
    """The rules for requests whose host is one of ``domains`` (``*``, a name, ``*.example.com``, ``name:port``; lower
    case, each in one virtual host of a list). The response to a request that no rule matches is 404.
    """

    name: str
    domains: tuple[str, ...]
    rules: tuple[RouteRule, ...]


class StreamSplit(msgspec.Struct, frozen=True):
    """The routing of TCP: each connection goes to one of ``targets``, by weight; up to ``connect_attempts`` endpoints
    of the target are tried. Without targets connections are closed.
    """

    targets: tuple[WeightedDestination, ...]
    timeouts: TimeoutPolicy
    connect_attempts: int


class MeshService(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service, shared by name between all workloads that may call it. ``routing``: RouteRules for HTTP, HTTP/2 and
    gRPC, a StreamSplit for TCP. ``stat_name``: the name of the callers' statistics. ``cut_request_status``: as in
    InboundPort, where the caller's proxy connects to the application itself; ``target_logs``: then its targets' logs.
    """

    name: str
    protocol: Protocol
    routing: RouteRules | StreamSplit
    stat_name: str
    cut_request_status: int | None = None
    target_logs: tuple[StdoutLog, ...] = ()
