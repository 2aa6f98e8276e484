"""The cookies of a route's responses: those with fixed values, and the ones that keep a client with its endpoint.

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/http/http_filters/stateful_session_filter
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.stateful_session.v3 import stateful_session_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.http.stateful_session.cookie.v3 import cookie_pb2 as session_cookie_pb2
from envoy.type.http.v3 import cookie_pb2

from moyai.mesh.ir import SessionCookie, SetCookie, WeightedDestination
from moyai.xds.translate.proto import duration, to_any

_SESSIONS = "envoy.filters.http.stateful_session"
_PATH = "/"


def session_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter for routes with a session cookie, which enable it."""
    config = stateful_session_pb2.StatefulSession()
    return http_connection_manager_pb2.HttpFilter(name=_SESSIONS, typed_config=to_any(config), disabled=True)


def add_cookies(
    message: route_components_pb2.Route | route_components_pb2.WeightedCluster.ClusterWeight,
    target: WeightedDestination,
) -> None:
    """Add a target's cookies to the responses of a route that sends to it, or of its share of a route."""
    message.response_headers_to_add.extend(map(_set_cookie, target.cookies))
    if target.session is not None:
        message.typed_per_filter_config[_SESSIONS].CopyFrom(to_any(_session(target.session)))


def _set_cookie(cookie: SetCookie) -> base_pb2.HeaderValueOption:
    site = "; SameSite=None; Secure" if cookie.cross_site else ""
    value = f"{cookie.name}={cookie.value}; Max-Age={cookie.seconds}; Path={_PATH}{site}"
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key="set-cookie", value=value),
        append_action=base_pb2.HeaderValueOption.APPEND_IF_EXISTS_OR_ADD,
    )


def _session(session: SessionCookie) -> stateful_session_pb2.StatefulSessionPerRoute:
    cookie = cookie_pb2.Cookie(name=session.name, ttl=duration(session.seconds), path=_PATH)
    state = extension_pb2.TypedExtensionConfig(
        name="envoy.http.stateful_session.cookie",
        typed_config=to_any(session_cookie_pb2.CookieBasedSessionState(cookie=cookie)),
    )
    config = stateful_session_pb2.StatefulSession(session_state=state)
    return stateful_session_pb2.StatefulSessionPerRoute(stateful_session=config)
