"""Rules of the matches of routes and gateway routes, of rewrites, and of the priorities of routes.

Two routes may have the same priority if their matches differ: the more exact match comes first. With the same match,
one of the two could never be reached, so that is refused. A regular expression that is accepted is printable, and every
Envoy accepts it.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpRouteMatch.html,
https://docs.aws.amazon.com/app-mesh/latest/userguide/gateway-routes.html (names that are AWS's own)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from moyai.api.appmesh.rules.text import Faults, header_name, host_name, host_suffix, printable, url_path
from moyai.api.re2_expression import expression_fault
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.match import (
    GrpcGatewayRouteMatch,
    GrpcRouteMatch,
    HeaderMatch,
    HeaderValueMatch,
    HostnameMatch,
    HttpGatewayRouteMatch,
    HttpRouteMatch,
    PathMatch,
    QueryParameterMatch,
)
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, GatewayRouteSpec, HttpGatewayRouteRewrite, PrefixRewrite
from moyai.domain.appmesh.virtual_router import AppMeshRoute, RouteSpec


def expression(where: str, text: str) -> Faults:
    """Faults of a regular expression."""
    unprintable = list(printable(where, text))
    if unprintable:
        yield from unprintable
        return
    fault = expression_fault(text)
    if fault is not None:
        yield f"{where}: {fault}"


_GRPC_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_OWN_PATHS: Final = ("/aws-appmesh", "/aws-app-mesh")
_OWN_SERVICES: Final = ("aws.appmesh", "aws.app-mesh")


def http_match(where: str, match: HttpRouteMatch | HttpGatewayRouteMatch) -> Faults:
    """Faults of the match of an http or http2 route. Neither prefix nor path means any path."""
    if match.prefix is not None and match.path is not None:
        yield f"{where}: prefix and path can't both be set."
    if match.prefix is not None:
        yield from url_path(f"{where}.prefix", match.prefix)
    if match.path is not None:
        yield from _path(f"{where}.path", match.path)
    yield from _headers(f"{where}.headers", match.headers or ())
    yield from _parameters(f"{where}.queryParameters", match.query_parameters or ())


def http_gateway_match(where: str, match: HttpGatewayRouteMatch) -> Faults:
    """Faults of the match of an http or http2 gateway route."""
    yield from http_match(where, match)
    if (match.prefix or "").startswith(_OWN_PATHS):
        yield f"{where}.prefix: {' and '.join(f'{path}*' for path in _OWN_PATHS)} are App Mesh's own."
    if match.hostname is not None:
        yield from _hostname(f"{where}.hostname", match.hostname)
    if all(condition is None for condition in (match.prefix, match.path, match.hostname, match.port)):
        yield f"{where}: one of prefix, path, hostname and port must be set."


def grpc_match(where: str, match: GrpcRouteMatch) -> Faults:
    """Faults of the match of a grpc route; an empty one means any call."""
    if match.method_name is not None and match.service_name is None:
        yield f"{where}.methodName: it needs serviceName as well."
    yield from _grpc_name(f"{where}.serviceName", match.service_name)
    yield from _grpc_name(f"{where}.methodName", match.method_name)
    yield from _headers(f"{where}.metadata", match.metadata or ())


def grpc_gateway_match(where: str, match: GrpcGatewayRouteMatch) -> Faults:
    """Faults of the match of a grpc gateway route."""
    yield from _grpc_name(f"{where}.serviceName", match.service_name)
    if (match.service_name or "").startswith(_OWN_SERVICES):
        yield f"{where}.serviceName: {' and '.join(f'{service}*' for service in _OWN_SERVICES)} are App Mesh's own."
    if match.hostname is not None:
        yield from _hostname(f"{where}.hostname", match.hostname)
    if all(condition is None for condition in (match.service_name, match.hostname, match.port)):
        yield f"{where}: one of serviceName, hostname and port must be set."
    yield from _headers(f"{where}.metadata", match.metadata or ())


def _path(where: str, path: PathMatch) -> Faults:
    if (path.exact is None) == (path.regex is None):
        yield f"{where}: either exact or regex must be set."
    if path.exact is not None:
        yield from url_path(f"{where}.exact", path.exact)
    if path.regex is not None:
        yield from expression(f"{where}.regex", path.regex)


def _hostname(where: str, name: HostnameMatch) -> Faults:
    if (name.exact is None) == (name.suffix is None):
        yield f"{where}: either exact or suffix must be set."
    if name.exact is not None:
        yield from host_name(f"{where}.exact", name.exact)
    if name.suffix is not None:
        yield from host_suffix(f"{where}.suffix", name.suffix)


def _headers(where: str, headers: Iterable[HeaderMatch]) -> Faults:
    for place, header in enumerate(headers):
        yield from header_name(f"{where}[{place}].name", header.name)
        if header.match is not None:
            yield from _value(f"{where}[{place}].match", header.match)


def _value(where: str, match: HeaderValueMatch) -> Faults:
    for word, text in (("exact", match.exact), ("prefix", match.prefix), ("suffix", match.suffix)):
        if text is not None:
            yield from printable(f"{where}.{word}", text)
    if match.regex is not None:
        yield from expression(f"{where}.regex", match.regex)
    if match.range is not None and match.range.start >= match.range.end:
        yield f"{where}.range: start, {match.range.start}, must be less than end, {match.range.end}."


def _parameters(where: str, parameters: Iterable[QueryParameterMatch]) -> Faults:
    for place, parameter in enumerate(parameters):
        yield from printable(f"{where}[{place}].name", parameter.name)
        if parameter.match is not None and parameter.match.exact:
            yield from printable(f"{where}[{place}].match.exact", parameter.match.exact)


def _grpc_name(where: str, name: str | None) -> Faults:
    if name is not None and not _GRPC_NAME.fullmatch(name):
        yield f"{where}: {name[:100]!r} is not a name in gRPC."


def check_priority(
    name: str, spec: RouteSpec | GatewayRouteSpec, routes: Iterable[AppMeshRoute] | Iterable[GatewayRoute]
) -> None:
    """Raises BadRequest for a priority that another of the routes beside ``name`` has, for the same requests."""
    if spec.priority is None:
        return
    for route in routes:
        if route.name != name and route.spec.priority == spec.priority and _match(route.spec) == _match(spec):
            raise BadRequest(
                f"spec.priority: {route.name} has the priority {spec.priority} and the same match; one of the two"
                " would never be reached."
            )


def _match(spec: RouteSpec | GatewayRouteSpec) -> object:
    ((protocol, route),) = spec.members.items()
    return protocol, route.match


def rewrites(where: str, rewrite: HttpGatewayRouteRewrite | None, match: HttpGatewayRouteMatch) -> Faults:
    """Faults of the rewrites of an http or http2 gateway route, which may rewrite only what the route matches."""
    if rewrite is None:
        return
    if rewrite.prefix is not None and rewrite.path is not None:
        yield f"{where}: prefix and path can't both be set."
    if rewrite.prefix is not None:
        if match.prefix is None:
            yield f"{where}.prefix: the route matches no prefix."
        yield from _prefix(f"{where}.prefix", rewrite.prefix, match.prefix or "")
    if rewrite.path is not None:
        if match.path is None:
            yield f"{where}.path: the route matches no path."
        if rewrite.path.exact is not None:
            yield from url_path(f"{where}.path.exact", rewrite.path.exact)


def _prefix(where: str, rewrite: PrefixRewrite, matched_prefix: str) -> Faults:
    if rewrite.default_prefix is not None and rewrite.value is not None:
        yield f"{where}: defaultPrefix and value can't both be set."
    if rewrite.value is not None:
        yield from url_path(f"{where}.value", rewrite.value)
        if not rewrite.value.endswith("/"):
            yield f"{where}.value: it ends with /."
        elif not matched_prefix.endswith("/"):
            yield f"{where}.value: the prefix that is matched, {matched_prefix[:100]!r}, has to end with / as well."
