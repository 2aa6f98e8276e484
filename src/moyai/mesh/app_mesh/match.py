"""What a route asks of a request, and in which order routes are tried.

Promise: the order is total: the smaller priority first and none last, then whole paths, expressions and prefixes (the
longest first), then who asks more, then names. A path is matched without its query; a prefix ``/a`` takes ``/ab``.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRouteMatch.html,
API_GatewayRouteSpec.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moyai.domain.appmesh import match as said
from moyai.domain.appmesh.gateway_route import GatewayRoute
from moyai.domain.appmesh.route import Route
from moyai.mesh.ir import (
    EVERY_PATH,
    HeaderMatch,
    Match,
    PathMatch,
    PathTest,
    QueryMatch,
    Range,
    TextMatch,
    TextTest,
)

_LAST: Final = 1001
_RANKS: Final = (PathTest.EXACT, PathTest.REGEX, PathTest.BELOW, PathTest.PREFIX)
AnyMatch = (
    said.HttpRouteMatch
    | said.GrpcRouteMatch
    | said.TcpRouteMatch
    | said.HttpGatewayRouteMatch
    | said.GrpcGatewayRouteMatch
)


def match_of(asked: AnyMatch | None) -> Match:
    """The same in the mesh's words, the port and the host apart."""
    match asked:
        case said.HttpRouteMatch() | said.HttpGatewayRouteMatch():
            return _http(asked)
        case said.GrpcRouteMatch(service_name=service, method_name=method, metadata=metadata):
            return Match(path=_call(service, method), headers=_headers(metadata), grpc=True)
        case said.GrpcGatewayRouteMatch(service_name=service, metadata=metadata):
            return Match(path=_call(service, None), headers=_headers(metadata), grpc=True)
        case _:
            return Match()


def host_of(asked: AnyMatch | None) -> said.HostnameMatch | None:
    """The host name that is asked for."""
    return asked.hostname if isinstance(asked, said.HttpGatewayRouteMatch | said.GrpcGatewayRouteMatch) else None


def in_order(routes: Iterable[Route]) -> list[Route]:
    """As they are tried."""
    return sorted(routes, key=lambda route: _place(route, route.spec.one[1].match))


def gateway_routes_in_order(routes: Iterable[GatewayRoute]) -> list[GatewayRoute]:
    """As they are tried."""
    return sorted(routes, key=lambda route: _place(route, route.spec.one[1].match))


def _place(route: Route | GatewayRoute, asked: AnyMatch | None) -> tuple[int, int, int, int, str]:
    match, priority = match_of(asked), route.spec.priority
    rank = _RANKS.index(match.path.test)
    length = len(match.path.text) if match.path.test is PathTest.PREFIX else 0
    more = len(match.methods) + len(match.headers) + len(match.query) + (match.scheme is not None)
    more += host_of(asked) is not None
    return (_LAST if priority is None else priority, rank, -length, -more, route.name)


def _http(asked: said.HttpRouteMatch | said.HttpGatewayRouteMatch) -> Match:
    scheme = asked.scheme if isinstance(asked, said.HttpRouteMatch) else None
    return Match(
        methods=() if asked.method is None else (asked.method.value,),
        path=_path(asked.prefix, asked.path),
        scheme=None if scheme is None else scheme.value,
        headers=_headers(asked.headers),
        query=tuple(_parameter(one) for one in asked.query_parameters or ()),
    )


def _path(prefix: str | None, path: said.PathMatch | None) -> PathMatch:
    if path is not None and path.exact is not None:
        return PathMatch(PathTest.EXACT, path.exact)
    if path is not None and path.regex is not None:
        return PathMatch(PathTest.REGEX, path.regex)
    return EVERY_PATH if prefix is None else PathMatch(PathTest.PREFIX, prefix)


def _call(service: str | None, method: str | None) -> PathMatch:
    if service is None:
        return EVERY_PATH
    return (
        PathMatch(PathTest.PREFIX, f"/{service}/")
        if method is None
        else PathMatch(PathTest.EXACT, f"/{service}/{method}")
    )


def _headers(asked: tuple[said.HeaderMatch, ...] | None) -> tuple[HeaderMatch, ...]:
    return tuple(HeaderMatch(one.name, _value(one.match), bool(one.invert)) for one in asked or ())


def _value(asked: said.HeaderValueMatch | None) -> TextMatch | Range | None:
    if asked is None:
        return None
    if asked.range is not None:
        return Range(asked.range.start, asked.range.end)
    texts = (
        (TextTest.EXACT, asked.exact),
        (TextTest.PREFIX, asked.prefix),
        (TextTest.SUFFIX, asked.suffix),
        (TextTest.REGEX, asked.regex),
    )
    return next((TextMatch(test, text) for test, text in texts if text is not None), None)


def _parameter(asked: said.QueryParameterMatch) -> QueryMatch:
    return QueryMatch(asked.name, None if asked.match is None else asked.match.exact)
