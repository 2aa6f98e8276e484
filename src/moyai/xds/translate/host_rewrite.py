"""Substitutions in a request's host and path.

Envoy's routes have regular expressions for paths only, so the filter that copies headers into metadata makes the new
host, and the route reads it from there.
"""

from __future__ import annotations

from typing import Final

from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.type.matcher.v3 import regex_pb2

from moyai.mesh.ir import Substitution
from moyai.xds.translate.proto import to_any

_FILTER: Final = "envoy.filters.http.header_to_metadata"
_NAMESPACE, _HOST = "moyai.rewrite", "host"


def host_filter() -> http_connection_manager_pb2.HttpFilter:
    """The filter for routes with a rewritten host, which enable it."""
    config = header_to_metadata_pb2.Config()
    return http_connection_manager_pb2.HttpFilter(name=_FILTER, typed_config=to_any(config), disabled=True)


def rewrite_host(route: route_components_pb2.Route, change: Substitution) -> None:
    """Make a route change the host of its requests."""
    rule = header_to_metadata_pb2.Config.Rule(header=":authority")
    rule.on_header_present.metadata_namespace, rule.on_header_present.key = _NAMESPACE, _HOST
    rule.on_header_present.regex_value_rewrite.CopyFrom(substitution(change))
    config = header_to_metadata_pb2.Config(request_rules=[rule])
    route.typed_per_filter_config[_FILTER].CopyFrom(to_any(config))
    route.route.host_rewrite = f"%DYNAMIC_METADATA({_NAMESPACE}:{_HOST})%"


def substitution(change: Substitution) -> regex_pb2.RegexMatchAndSubstitute:
    """The substitution. Envoy replaces every match of a pattern, so it is bound to the ends of the text."""
    pattern = regex_pb2.RegexMatcher(regex=f"^(?:{change.pattern})$")
    return regex_pb2.RegexMatchAndSubstitute(pattern=pattern, substitution=change.replacement)
