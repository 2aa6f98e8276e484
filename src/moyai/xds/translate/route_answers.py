"""The answers that a route gives itself: fixed responses and redirects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from moyai.mesh.ir import FixedResponse, Redirect
from moyai.xds.translate.match import regex

_PATH = "#{path}"
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
        _redirect(route.redirect, answer)
        return
    response = answer or _UNAVAILABLE
    route.direct_response.status = response.status
    if response.body:
        route.direct_response.body.inline_string = response.body
    if response.content_type:
        header = route.response_headers_to_add.add()
        header.header.key, header.header.value = "content-type", response.content_type.replace("%", "%%")
        header.append_action = base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


def _redirect(message: route_components_pb2.RedirectAction, redirect: Redirect) -> None:
    message.response_code = _CODES[redirect.status]
    message.scheme_redirect = redirect.scheme
    message.port_redirect = redirect.port
    message.host_redirect = redirect.host or ""
    message.strip_query = redirect.query is not None
    query = f"?{redirect.query}" if redirect.query else ""
    if redirect.path is None and not query:
        return
    path = f"/{_PATH}" if redirect.path is None else redirect.path
    if _PATH in path:
        message.regex_rewrite.pattern.CopyFrom(regex("^/?(.*)$"))
        message.regex_rewrite.substitution = "\\1".join(part.replace("\\", "\\\\") for part in path.split(_PATH))
    else:
        message.path_redirect = f"{path}{query}"
