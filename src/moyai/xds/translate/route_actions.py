"""A route's retry policy, its changes to requests, and its own responses.

Envoy reads ``%`` in a header's value and in a path as the beginning of a command, and a backslash in a substitution as
the beginning of a group's number. Both are escaped, so that they are taken literally.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2

from moyai.mesh.ir import FixedResponse, Redirect, RetryPolicy, Rewrite
from moyai.xds.translate.front_script import PARTS, ask_script
from moyai.xds.translate.host_rewrite import rewrite_host, substitution
from moyai.xds.translate.match import regex
from moyai.xds.translate.proto import duration, to_any

_BY_STATUS = "retriable-status-codes"
"""Envoy's condition for ``retriable_status_codes``; all others are listed by their own names."""
_WHOLE_PATH = "^.*$"
_UNAVAILABLE = FixedResponse(503)
_CODES: Mapping[int, route_components_pb2.RedirectAction.RedirectResponseCode] = MappingProxyType(
    {
        301: route_components_pb2.RedirectAction.MOVED_PERMANENTLY,
        302: route_components_pb2.RedirectAction.FOUND,
    }
)


def retry_policy(policy: RetryPolicy) -> route_components_pb2.RetryPolicy:
    """The retry policy of one route. A retry prefers endpoints that have not got the request yet."""
    conditions = [condition.value for condition in policy.conditions]
    if policy.status_codes:
        conditions.append(_BY_STATUS)
    message = route_components_pb2.RetryPolicy(
        retry_on=",".join(conditions),
        retriable_status_codes=policy.status_codes,
        host_selection_retry_max_attempts=policy.reselections,
        retry_host_predicate=[
            route_components_pb2.RetryPolicy.RetryHostPredicate(
                name="envoy.retry_host_predicates.previous_hosts",
                typed_config=to_any(previous_hosts_pb2.PreviousHostsPredicate()),
            )
        ],
    )
    message.num_retries.value = policy.attempts
    if policy.per_try_timeout:
        message.per_try_timeout.CopyFrom(duration(policy.per_try_timeout))
    return message


def add_rewrite(route: route_components_pb2.Route, rewrite: Rewrite) -> None:
    """Make a route change the host, path and headers of its requests."""
    action = route.route
    if rewrite.host is not None:
        action.host_rewrite_literal = rewrite.host
    if rewrite.prefix is not None:
        action.prefix_rewrite = rewrite.prefix
    elif rewrite.path is not None:
        action.regex_rewrite.pattern.CopyFrom(regex(_WHOLE_PATH))
        action.regex_rewrite.substitution = rewrite.path.replace("\\", "\\\\")
    elif rewrite.path_substitution is not None:
        action.regex_rewrite.CopyFrom(substitution(rewrite.path_substitution))
    if rewrite.host_substitution is not None:
        rewrite_host(route, rewrite.host_substitution)
    route.request_headers_to_add.extend(_header(name, value) for name, value in rewrite.headers)
    route.request_headers_to_remove.extend(rewrite.without)


def _header(name: str, value: str) -> base_pb2.HeaderValueOption:
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=name, value=value.replace("%", "%%")),
        append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
    )


def add_answer(route: route_components_pb2.Route, answer: FixedResponse | Redirect | None) -> None:
    """Make a route answer its requests itself; None = with 503, because it has no targets."""
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
    """Set Envoy's own redirect where it suffices, or else a response whose location is made of the request's parts."""
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
