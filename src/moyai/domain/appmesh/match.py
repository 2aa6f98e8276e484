"""Conditions that a request may have to meet: path, headers (or gRPC metadata), query parameters, host name.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRouteMatch.html,
API_HttpGatewayRouteMatch.html, API_GrpcRouteMatch.html, API_GrpcGatewayRouteMatch.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class HttpMethod(StrEnum):
    """A request's method."""

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
    """A request's scheme."""

    HTTP = "http"
    HTTPS = "https"


class PathMatch(msgspec.Struct, frozen=True):
    """The whole path, or an expression (RE2) that matches the whole path; exactly one."""

    exact: str | None = None
    regex: str | None = None


class MatchRange(msgspec.Struct, frozen=True):
    """An integer from ``start`` to before ``end``."""

    start: int
    end: int


class HeaderValueMatch(msgspec.Struct, frozen=True):
    """A union: what a header's value must be."""

    exact: str | None = None
    prefix: str | None = None
    suffix: str | None = None
    regex: str | None = None
    range: MatchRange | None = None


class HeaderMatch(msgspec.Struct, frozen=True):
    """A header, or a key of gRPC's metadata; without ``match`` it must be there. ``invert``: None is false."""

    name: str
    match: HeaderValueMatch | None = None
    invert: bool | None = None


class QueryParameterValueMatch(msgspec.Struct, frozen=True):
    """What a parameter's value must be; without ``exact`` whatever it is."""

    exact: str | None = None


class QueryParameterMatch(msgspec.Struct, frozen=True):
    """A query parameter; without ``match`` it must be there."""

    name: str
    match: QueryParameterValueMatch | None = None


class HostnameMatch(msgspec.Struct, frozen=True):
    """The host name that was called, or how it must end; exactly one."""

    exact: str | None = None
    suffix: str | None = None


class HttpRouteMatch(msgspec.Struct, frozen=True):
    """Of a route. Neither ``prefix`` nor ``path`` is any path."""

    prefix: str | None = None
    path: PathMatch | None = None
    method: HttpMethod | None = None
    scheme: HttpScheme | None = None
    headers: tuple[HeaderMatch, ...] | None = None
    query_parameters: tuple[QueryParameterMatch, ...] | None = None
    port: int | None = None


class GrpcRouteMatch(msgspec.Struct, frozen=True):
    """Of a route. ``method_name`` needs ``service_name``; nothing at all is any call."""

    service_name: str | None = None
    method_name: str | None = None
    metadata: tuple[HeaderMatch, ...] | None = None
    port: int | None = None


class TcpRouteMatch(msgspec.Struct, frozen=True):
    """Of a route."""

    port: int | None = None


class HttpGatewayRouteMatch(msgspec.Struct, frozen=True):
    """Of a gateway route."""

    prefix: str | None = None
    path: PathMatch | None = None
    hostname: HostnameMatch | None = None
    method: HttpMethod | None = None
    headers: tuple[HeaderMatch, ...] | None = None
    query_parameters: tuple[QueryParameterMatch, ...] | None = None
    port: int | None = None


class GrpcGatewayRouteMatch(msgspec.Struct, frozen=True):
    """Of a gateway route."""

    service_name: str | None = None
    hostname: HostnameMatch | None = None
    metadata: tuple[HeaderMatch, ...] | None = None
    port: int | None = None
