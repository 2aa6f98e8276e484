"""The conditions of routes on requests, and the order in which routes are tried.

Promise: the order is total: by priority (no priority is last), then exact paths before expressions before prefixes (the
longest first), then by the number of conditions, then by name. A path is matched without its query; a prefix ``/a``
matches ``/ab``.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRouteMatch.html,
API_GatewayRouteSpec.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moyai.domain.appmesh import match as appmesh_match
from moyai.domain.appmesh.virtual_gateway import GatewayRoute
from moyai.domain.appmesh.virtual_router import AppMeshRoute
from moyai.mesh.ir import (
    EVERY_PATH,
    HeaderMatcher,
    PathMatcher,
    PathTest,
    QueryMatcher,
    Range,
    RequestMatch,
    TextMatcher,
    TextTest,
)

_AFTER_ALL_PRIORITIES: Final = 1001
_RANKS: Final = (PathTest.EXACT, PathTest.REGEX, PathTest.BELOW, PathTest.PREFIX)
AnyMatch = (
    appmesh_match.HttpRouteMatch
    | appmesh_match.GrpcRouteMatch
    | appmesh_match.TcpRouteMatch
    | appmesh_match.HttpGatewayRouteMatch
    | appmesh_match.GrpcGatewayRouteMatch
)


def request_match(route_match: AnyMatch | None) -> RequestMatch:
    """The conditions of a route in the mesh IR, without port and host."""
    match route_match:
        case appmesh_match.HttpRouteMatch() | appmesh_match.HttpGatewayRouteMatch():
            return _http(route_match)
        case appmesh_match.GrpcRouteMatch(service_name=service, method_name=method, metadata=metadata):
            return RequestMatch(path=_call(service, method), headers=_headers(metadata), grpc=True)
        case appmesh_match.GrpcGatewayRouteMatch(service_name=service, metadata=metadata):
            return RequestMatch(path=_call(service, None), headers=_headers(metadata), grpc=True)
        case _:
            return RequestMatch()


def hostname_match(route_match: AnyMatch | None) -> appmesh_match.HostnameMatch | None:
    """The host name that a route requires."""
    with_host = appmesh_match.HttpGatewayRouteMatch | appmesh_match.GrpcGatewayRouteMatch
    return route_match.hostname if isinstance(route_match, with_host) else None


def sort_routes(routes: Iterable[AppMeshRoute]) -> list[AppMeshRoute]:
    """The routes in the order in which they are tried."""
    return sorted(routes, key=lambda route: _sort_key(route, route.spec.member[1].match))


def sort_gateway_routes(routes: Iterable[GatewayRoute]) -> list[GatewayRoute]:
    """The routes in the order in which they are tried."""
    return sorted(routes, key=lambda route: _sort_key(route, route.spec.member[1].match))


def _sort_key(route: AppMeshRoute | GatewayRoute, route_match: AnyMatch | None) -> tuple[int, int, int, int, str]:
    match, priority = request_match(route_match), route.spec.priority
    rank = _RANKS.index(match.path.test)
    length = len(match.path.text) if match.path.test is PathTest.PREFIX else 0
    conditions = len(match.methods) + len(match.headers) + len(match.query) + (match.scheme is not None)
    conditions += hostname_match(route_match) is not None
    return (_AFTER_ALL_PRIORITIES if priority is None else priority, rank, -length, -conditions, route.name)


def _http(route_match: appmesh_match.HttpRouteMatch | appmesh_match.HttpGatewayRouteMatch) -> RequestMatch:
    scheme = route_match.scheme if isinstance(route_match, appmesh_match.HttpRouteMatch) else None
    return RequestMatch(
        methods=() if route_match.method is None else (route_match.method.value,),
        path=_path(route_match.prefix, route_match.path),
        scheme=None if scheme is None else scheme.value,
        headers=_headers(route_match.headers),
        query=tuple(_parameter(parameter) for parameter in route_match.query_parameters or ()),
    )


def _path(prefix: str | None, path: appmesh_match.PathMatch | None) -> PathMatcher:
    if path is not None and path.exact is not None:
        return PathMatcher(PathTest.EXACT, path.exact)
    if path is not None and path.regex is not None:
        return PathMatcher(PathTest.REGEX, path.regex)
    return EVERY_PATH if prefix is None else PathMatcher(PathTest.PREFIX, prefix)


def _call(service: str | None, method: str | None) -> PathMatcher:
    if service is None:
        return EVERY_PATH
    return (
        PathMatcher(PathTest.PREFIX, f"/{service}/")
        if method is None
        else PathMatcher(PathTest.EXACT, f"/{service}/{method}")
    )


def _headers(headers: tuple[appmesh_match.HeaderMatch, ...] | None) -> tuple[HeaderMatcher, ...]:
    return tuple(HeaderMatcher(header.name, _value(header.match), bool(header.invert)) for header in headers or ())


def _value(value: appmesh_match.HeaderValueMatch | None) -> TextMatcher | Range | None:
    if value is None:
        return None
    if value.range is not None:
        return Range(value.range.start, value.range.end)
    texts = (
        (TextTest.EXACT, value.exact),
        (TextTest.PREFIX, value.prefix),
        (TextTest.SUFFIX, value.suffix),
        (TextTest.REGEX, value.regex),
    )
    return next((TextMatcher(test, text) for test, text in texts if text is not None), None)


def _parameter(parameter: appmesh_match.QueryParameterMatch) -> QueryMatcher:
    return QueryMatcher(parameter.name, None if parameter.match is None else parameter.match.exact)
