"""The HTTP connection manager of a front proxy, for clients outside of the mesh.

Promise: to targets and clients the proxy looks like an Application Load Balancer, without headers of Envoy's own. A
client can't influence the proxy by headers: those that Envoy obeys are removed, and those that describe the client are
overwritten.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html,
application-load-balancers.html#load-balancer-attributes
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import base_pb2, extension_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2
from envoy.extensions.filters.http.router.v3 import router_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import header_mutation_pb2

from moyai.domain.elb import request_head
from moyai.mesh.ir import ForwardedFor, FrontAddress, FrontListener, HttpFront
from moyai.xds.translate import names
from moyai.xds.translate.cookies import session_filter
from moyai.xds.translate.front_counts import request_counts
from moyai.xds.translate.front_limits import http2_limits
from moyai.xds.translate.front_logs import request_logs
from moyai.xds.translate.front_replies import local_replies
from moyai.xds.translate.front_script import route_script_filter, trace_filter
from moyai.xds.translate.host_rewrite import host_filter
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.source import ads_source

ENVOY_HEADERS = "x-envoy-"
_FORWARDED_FOR, _FORWARDED_PORT = "x-forwarded-for", "x-forwarded-port"
_GRACE = 1
"""Seconds by which the client's idle time-out is longer than the endpoint's, so that the endpoint's fires first."""


def front_http(listener: FrontListener, http: HttpFront, at: FrontAddress) -> listener_components_pb2.Filter:
    """The connection manager for requests at one address."""
    manager = HttpConnectionManager(
        stat_prefix=at.stat_name,
        codec_type=HttpConnectionManager.HTTP1 if listener.tls is None else HttpConnectionManager.AUTO,
        rds=http_connection_manager_pb2.Rds(
            config_source=ads_source(), route_config_name=names.egress_routes(http.service)
        ),
        http_filters=[host_filter(), trace_filter(), route_script_filter(), session_filter(), _router()],
        upgrade_configs=[HttpConnectionManager.UpgradeConfig(upgrade_type=request_head.WEBSOCKET)],
        stream_idle_timeout=duration(http.idle + _GRACE),
        early_header_mutation_extensions=[_header_changes(listener, http, at)],
        local_reply_config=local_replies(http),
        access_log=(*request_counts(http, at), *request_logs(listener, at)),
        server_header_transformation=HttpConnectionManager.PASS_THROUGH,
        http1_safe_max_connection_duration=True,
        skip_xff_append=True,
    )
    manager.use_remote_address.value = True
    manager.generate_request_id.value = False
    manager.max_request_headers_kb.value = request_head.MAX_HEADERS
    manager.common_http_protocol_options.max_headers_count.value = request_head.MAX_HEADER_COUNT
    manager.common_http_protocol_options.idle_timeout.CopyFrom(duration(http.idle))
    manager.common_http_protocol_options.max_connection_duration.CopyFrom(duration(http.connection_age))
    manager.http2_protocol_options.CopyFrom(http2_limits())
    manager.http_protocol_options.accept_http_10 = True
    manager.http_protocol_options.default_host_for_http_10 = http.default_host
    manager.http_protocol_options.ignore_http_11_upgrade.add().safe_regex.regex = request_head.OTHER_UPGRADES
    return listener_components_pb2.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=to_any(manager)
    )


def client_address() -> listener_components_pb2.Filter:
    """The filter that makes the client's address, from the connection or its PROXY header, available to routes."""
    value = value_pb2.FilterStateValue(object_key=names.CLIENT_ADDRESS, factory_key="envoy.network.ip")
    value.format_string.text_format_source.inline_string = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
    return listener_components_pb2.Filter(
        name="envoy.filters.network.set_filter_state",
        typed_config=to_any(set_filter_state_pb2.Config(on_new_connection=[value])),
    )


def _router() -> http_connection_manager_pb2.HttpFilter:
    router = router_pb2.Router(suppress_envoy_headers=True)
    return http_connection_manager_pb2.HttpFilter(name="envoy.filters.http.router", typed_config=to_any(router))


def _header_changes(listener: FrontListener, http: HttpFront, at: FrontAddress) -> extension_pb2.TypedExtensionConfig:
    """The changes to a request's headers before any other part of Envoy reads them."""
    mutation = header_mutation_pb2.HeaderMutation(mutations=_mutations(listener, http, at))
    return extension_pb2.TypedExtensionConfig(
        name="envoy.http.early_header_mutation.header_mutation", typed_config=to_any(mutation)
    )


def _mutations(
    listener: FrontListener, http: HttpFront, at: FrontAddress
) -> Iterator[mutation_rules_pb2.HeaderMutation]:
    removal = mutation_rules_pb2.HeaderMutation()
    removal.remove_on_match.key_matcher.prefix = ENVOY_HEADERS
    yield removal
    if listener.tls is not None:
        yield _header(names.HTTP_VERSION, "%PROTOCOL%", base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    match http.forwarded_for:
        case ForwardedFor.APPEND:
            port = "" if http.forwarded_client_port else "_WITHOUT_PORT"
            client = f"%DOWNSTREAM_REMOTE_ADDRESS{port}%"
            longer = f"%REQ({_FORWARDED_FOR})%, {client}"
            yield _header(_FORWARDED_FOR, longer, base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS)
            yield _header(_FORWARDED_FOR, client, base_pb2.HeaderValueOption.ADD_IF_ABSENT)
        case ForwardedFor.REMOVE:
            yield mutation_rules_pb2.HeaderMutation(remove=_FORWARDED_FOR)
        case ForwardedFor.PRESERVE:
            pass
    yield _header(_FORWARDED_PORT, str(at.port), base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)


def _header(
    name: str, value: str, action: base_pb2.HeaderValueOption.HeaderAppendAction
) -> mutation_rules_pb2.HeaderMutation:
    header = base_pb2.HeaderValue(key=name, value=value)
    return mutation_rules_pb2.HeaderMutation(append=base_pb2.HeaderValueOption(header=header, append_action=action))
