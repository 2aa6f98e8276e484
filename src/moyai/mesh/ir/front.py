"""Listeners of a front proxy, which accepts the connections of clients outside of the mesh at addresses of its own."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class FrontAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address of a listener, with the name of its statistics. ``proxied``: each connection begins with a PROXY
    header, which has the client's address. ``node``: the address as logs show it.
    """

    address: str
    port: int
    stat_name: str
    proxied: bool = False
    node: str = ""


class FrontLog(msgspec.Struct, frozen=True, omit_defaults=True):
    """A log on the proxy's standard output, with a JSON object for each entry. Every entry contains these texts."""

    folder: str
    name: str
    elb: str
    listener: str
    host: str


class ForwardedFor(StrEnum):
    """The treatment of the header X-Forwarded-For."""

    APPEND = "append"
    """The client's address is added at its end."""
    PRESERVE = "preserve"
    REMOVE = "remove"


class HttpFront(msgspec.Struct, frozen=True, omit_defaults=True, tag="http"):
    """HTTP requests are routed as the RouteRules of ``service`` say. Times in seconds.

    ``idle``: how long a connection, or a request, may be without a byte; then the response is 504 if the endpoint has
    to send, and 408 if the client has to. ``connection_age``: the age after which a connection accepts no further
    request. ``default_host``: the host of HTTP/1.0 requests that name none.
    """

    service: str
    idle: float
    connection_age: float
    default_host: str
    server: str
    """The header Server of the proxy's own responses; an endpoint's responses have the endpoint's."""
    error_pages: tuple[tuple[int, str], ...] = ()
    """The bodies of the proxy's own responses, by status, in HTML."""
    forwarded_for: ForwardedFor = ForwardedFor.APPEND
    forwarded_client_port: bool = False
    """Whether the client's address in X-Forwarded-For has its port."""
    counts_dropped_headers: bool = False
    """Whether requests are counted from which the routes have removed headers with invalid names."""


class Transport(StrEnum):
    """The transport protocol of a stream."""

    TCP = "tcp"
    UDP = "udp"


class StreamFront(msgspec.Struct, frozen=True, omit_defaults=True, tag="stream"):
    """Connections, or sessions of datagrams from one client port, are forwarded as the StreamSplit of ``service`` says.
    With the policy CONSISTENT_HASH, the client's address selects the endpoint. ``idle``: seconds after which a silent
    connection or session ends. ``keeps_client``: endpoints see the client's address, unless a PROXY header had it.
    """

    service: str
    transport: Transport
    idle: float
    keeps_client: bool = False


class FrontTls(msgspec.Struct, frozen=True, omit_defaults=True):
    """TLS of a listener. ``certificates``: names of Certificates of the mesh, of which the client's SNI selects one,
    else the first. ``oldest`` and ``newest``: versions of TLS, ``1.0`` to ``1.3``; ``ciphers``: suites of versions
    before 1.3. ``alpn``: protocols, the preferred one first.
    """

    certificates: tuple[str, ...]
    oldest: str
    newest: str
    ciphers: tuple[str, ...] = ()
    alpn: tuple[str, ...] = ()


class FrontListener(msgspec.Struct, frozen=True, omit_defaults=True):
    """A listener of a front proxy, at one or more addresses. Its name is unique in its workload."""

    name: str
    addresses: tuple[FrontAddress, ...]
    routing: HttpFront | StreamFront
    tls: FrontTls | None = None
    access_log: FrontLog | None = None
    """The log of requests, or of a stream's connections."""
    connection_log: FrontLog | None = None
    max_connections: int = 0
    """The most connections of each address; a further one is closed as soon as it is accepted. 0 = no limit."""

    @property
    def has_log(self) -> bool:
        """Whether the listener's requests or connections are logged."""
        return self.access_log is not None or self.connection_log is not None
