"""The answers that a route gives itself: fixed responses and redirects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from moyai.mesh.ir import FixedResponse, Redirect
from moyai.xds.translate.front_script import PARTS, ask_script

_UNAVAILABLE = FixedResponse(503)
_CODES: Mapping[int, route_components_pb2.RedirectAction.RedirectResponseCode] = MappingProxyType(
    {
        301: route_components_pb2.RedirectAction.MOVED_PERMANENTLY,
        302: route_components_pb2.RedirectAction.FOUND,
    }
)


def add_answer(route: route_components_pb2.Route, answer: FixedResponse | Redirect | None) -> None:
    """Make a route answer its requests; None = there is nothing to send them to."""
    if isinstance(answer, Redirect):
        _redirect(route, answer)
        return
    response = answer or _UNAVAILABLE
    route.direct_response.status = response.status
    if response.body:
        route.direct_response.body.inline_string = response.body
    if response.content_type:
        header = route.response_headers_to_add.add()
        header.header.key, header.header.value = "content-type", response.content_type.replace("%", "%%")
        header.append_action = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


def _redirect(route: route_components_pb2.Route, redirect: Redirect) -> None:
    """Envoy's own redirect, which keeps what the request has, or else a response with a location of its parts."""
    host_is_plain = redirect.host is None or "#{" not in redirect.host
    path_is_plain = redirect.path is None or "#{" not in redirect.path
    if host_is_plain and path_is_plain and redirect.query is None:
        _native_redirect(route.redirect, redirect)
        return
    route.direct_response.status = redirect.status
    ask_script(route, redirect="yes")
    location = route.response_headers_to_add.add(append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    location.header.key, location.header.value = "location", _location(redirect)


def _native_redirect(message: route_components_pb2.RedirectAction, redirect: Redirect) -> None:
    message.response_code = _CODES[redirect.status]
    message.scheme_redirect = redirect.scheme
    message.port_redirect = redirect.port
    message.host_redirect = redirect.host or ""
    if redirect.path is not None:
        message.path_redirect = redirect.path


def _location(redirect: Redirect) -> str:
    """The location in Envoy's format strings."""
    host = "#{host}" if redirect.host is None else redirect.host
    path = "/#{path}" if redirect.path is None else redirect.path
    query = f"?{redirect.query}" if redirect.query else ""
    text = f"{redirect.scheme}://{host}:{redirect.port}{path}{query}".replace("%", "%%")
    for part in ("host", "path", "query"):
        text = text.replace(f"#{{{part}}}", f"%DYNAMIC_METADATA({PARTS}:{part})%")
    return f"{text}%DYNAMIC_METADATA({PARTS}:search)%" if redirect.query is None else text
