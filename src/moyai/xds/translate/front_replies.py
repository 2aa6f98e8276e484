"""A front proxy's own responses: the statuses, bodies and headers of an Application Load Balancer.

Envoy answers 503 for nearly every failure of an endpoint. A load balancer distinguishes endpoints that do not answer
(504), invalid responses (502) and groups without endpoints (503). The first mapper that fits decides.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    LocalReplyConfig,
    ResponseMapper,
)

from moyai.mesh.ir import HttpFront
from moyai.xds.translate.proto import to_any

_ROUTE_ANSWER = "response.code_details == 'direct_response'"
_SILENT = "response.code_details.contains('connection_timeout')"
_FAULTS = ("UF", "UC", "UPE", "UR")
"""Envoy's flags for an endpoint that could not be connected to, that closed the connection, violated the protocol or
reset the stream.
"""
_HEADERS_TOO_LARGE = 431
_ALWAYS = "true"
_NO_ROUTE = 404
"""The status for CONNECT and ``OPTIONS *``, which have no path; every path has a route."""
_BAD_REQUEST, _BAD_GATEWAY, _TIMEOUT = 400, 502, 504


def local_replies(http: HttpFront) -> LocalReplyConfig:
    """The mapping of all responses that come from the proxy itself."""
    return LocalReplyConfig(mappers=_mappers(http))


def _mappers(http: HttpFront) -> Iterator[ResponseMapper]:
    pages = dict(http.error_pages)
    for status in (301, 302):
        yield _with_page(_mapper(http, _status(status)), pages[status])
    yield _mapper(http, _cel(_ROUTE_ANSWER))
    flags = accesslog_pb2.AccessLogFilter(response_flag_filter=accesslog_pb2.ResponseFlagFilter(flags=_FAULTS))
    malformed = (_status(status) for status in (_HEADERS_TOO_LARGE, _NO_ROUTE))
    changes = ((_cel(_SILENT), _TIMEOUT), (flags, _BAD_GATEWAY), *((each, _BAD_REQUEST) for each in malformed))
    for condition, status in changes:
        mapper = _with_page(_mapper(http, condition), pages[status])
        mapper.status_code.value = status
        yield mapper
    for status, body in http.error_pages:
        yield _with_page(_mapper(http, _status(status)), body)
    yield _mapper(http, _cel(_ALWAYS))


def _mapper(http: HttpFront, condition: accesslog_pb2.AccessLogFilter) -> ResponseMapper:
    """A mapper that adds the header Server, and leaves the rest unchanged."""
    mapper = ResponseMapper(filter=condition)
    header = mapper.headers_to_add.add(append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD)
    header.header.key, header.header.value = "server", http.server
    return mapper


def _with_page(mapper: ResponseMapper, body: str) -> ResponseMapper:
    mapper.body_format_override.text_format_source.inline_string = body
    mapper.body_format_override.content_type = "text/html"
    return mapper


def _status(status: int) -> accesslog_pb2.AccessLogFilter:
    """A condition on the status, which costs less than an expression. Envoy requires a runtime key; nothing sets it."""
    value = base_pb2.RuntimeUInt32(default_value=status, runtime_key="moyai.status")
    comparison = accesslog_pb2.ComparisonFilter(op=accesslog_pb2.ComparisonFilter.EQ, value=value)
    return accesslog_pb2.AccessLogFilter(status_code_filter=accesslog_pb2.StatusCodeFilter(comparison=comparison))


def _cel(expression: str) -> accesslog_pb2.AccessLogFilter:
    extension = accesslog_pb2.ExtensionFilter(
        name="envoy.access_loggers.extension_filters.cel",
        typed_config=to_any(cel_pb2.ExpressionFilter(expression=expression)),
    )
    return accesslog_pb2.AccessLogFilter(extension_filter=extension)
