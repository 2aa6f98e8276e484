"""Conditions of routes on requests: path, headers (or gRPC metadata), query parameters, host name.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRouteMatch.html,
API_HttpGatewayRouteMatch.html, API_GrpcRouteMatch.html, API_GrpcGatewayRouteMatch.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class HttpMethod(StrEnum):
    """The HTTP methods that a route can require."""

    GET = "GET"
    HEAD = "HEAD"
    POST = "POST"
    PUT = "PUT"
    DELETE = "DELETE"
    CONNECT = "CONNECT"
    OPTIONS = "OPTIONS"
    TRACE = "TRACE"
    PATCH = "PATCH"


class HttpScheme(StrEnum):
    """The schemes that a route can require."""

    HTTP = "http"
    HTTPS = "https"


class PathMatch(msgspec.Struct, frozen=True):
    """Either the whole path, or an expression (RE2) that matches the whole path."""

    exact: str | None = None
    regex: str | None = None


class MatchRange(msgspec.Struct, frozen=True):
    """An integer from ``start`` to before ``end``."""

    start: int
    end: int


class HeaderValueMatch(msgspec.Struct, frozen=True):
    """The condition on a header's value: exactly one member is set."""

    exact: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    regex: str | None = None
    range: MatchRange | None = None


class HeaderMatch(msgspec.Struct, frozen=True):
    """A condition on a header, or a key of gRPC metadata: that it exists, or its value. ``invert``: None is false."""

    name: str
    match: HeaderValueMatch | None = None
    invert: bool | None = None


class QueryParameterValueMatch(msgspec.Struct, frozen=True):
    """The condition on a parameter's value; without ``exact`` it can have any."""

    exact: str | None = None


class QueryParameterMatch(msgspec.Struct, frozen=True):
    """A condition on a query parameter: that it exists, or its value."""

    name: str
    match: QueryParameterValueMatch | None = None


class HostnameMatch(msgspec.Struct, frozen=True):
    """The condition on the host name: either the whole name or its suffix."""

    exact: str | None = None
    suffix: str | None = None


class HttpRouteMatch(msgspec.Struct, frozen=True):
    """The conditions of an HTTP route. Neither ``prefix`` nor ``path`` is any path."""

    prefix: str | None = None
    path: PathMatch | None = None
    method: HttpMethod | None = None
    scheme: HttpScheme | None = None
    headers: tuple[HeaderMatch, ...] | None = None
    query_parameters: tuple[QueryParameterMatch, ...] | None = None
    port: int | None = None


class GrpcRouteMatch(msgspec.Struct, frozen=True):
    """The conditions of a gRPC route. ``method_name`` requires ``service_name``."""

    service_name: str | None = None
    method_name: str | None = None
    metadata: tuple[HeaderMatch, ...] | None = None
    port: int | None = None


class TcpRouteMatch(msgspec.Struct, frozen=True):
    """The conditions of a TCP route."""

    port: int | None = None


class HttpGatewayRouteMatch(msgspec.Struct, frozen=True):
    """The conditions of an HTTP gateway route."""

    prefix: str | None = None
    path: PathMatch | None = None
    hostname: HostnameMatch | None = None
    method: HttpMethod | None = None
    headers: tuple[HeaderMatch, ...] | None = None
    query_parameters: tuple[QueryParameterMatch, ...] | None = None
    port: int | None = None


class GrpcGatewayRouteMatch(msgspec.Struct, frozen=True):
    """The conditions of a gRPC gateway route."""

    service_name: str | None = None
    hostname: HostnameMatch | None = None
    metadata: tuple[HeaderMatch, ...] | None = None
    port: int | None = None
