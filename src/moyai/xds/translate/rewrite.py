"""What a request is changed to before it is sent on.

Envoy reads ``%`` in a header's value and in a path as the beginning of a command, and a backslash in a substitution as
the beginning of a group's number: all of them are written so that they stand for themselves.
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.config.route.v3 import route_components_pb2

from moyai.mesh.ir import Rewrite
from moyai.xds.translate.match import regex

_WHOLE_PATH = "^.*$"


def rewrite(route: route_components_pb2.Route, asked: Rewrite) -> None:
    """Have a route that sends requests somewhere change them."""
    action = route.route
    if asked.host is not None:
        action.host_rewrite_literal = asked.host
    if asked.prefix is not None:
        action.prefix_rewrite = asked.prefix
    elif asked.path is not None:
        action.regex_rewrite.pattern.CopyFrom(regex(_WHOLE_PATH))
        action.regex_rewrite.substitution = asked.path.replace("\\", "\\\\")
    route.request_headers_to_add.extend(_set(name, value) for name, value in asked.headers)
    route.request_headers_to_remove.extend(asked.without)


def _set(name: str, value: str) -> base_pb2.HeaderValueOption:
    return base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=name, value=value.replace("%", "%%")),
        append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
    )
