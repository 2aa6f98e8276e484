"""Access logs: one line for each request or TCP connection, written to the proxy's standard output when it ends.

Whatever a client sends, its entry is one line. Envoy escapes JSON. In text, an expression writes a quote inside a
quoted field as ``%22``, because Envoy's own commands copy it unchanged; a header can't contain line breaks. The host's
Envoy begins each line with its workload's task, which is removed when the output is split by task. AWS publishes the
beginning of its text format only; docs/reference/parity.md describes the rest.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-envoy-access-logs.html
"""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import extension_pb2, substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.access_loggers.filters.cel.v3 import cel_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from xds.type.v3 import typed_struct_pb2

from moyai.domain.sandbox.shared_output import JSON_MEMBER, text_beginning
from moyai.mesh.ir import AnyLog, FileLog, StdoutLog
from moyai.xds.translate.placement import LOG, SCOPE, TARGET_METADATA, WorkloadPlace
from moyai.xds.translate.proto import to_any

_CEL = "type.googleapis.com/envoy.extensions.formatter.cel.v3.Cel"
_TIME, _TRAFFIC = "[%START_TIME%]", "%BYTES_RECEIVED% %BYTES_SENT% %DURATION%"
_TO = '"%UPSTREAM_HOST%" %RESPONSE_FLAGS% %UPSTREAM_CLUSTER%'
_JSON = (
    ("start_time", "%START_TIME%"),
    ("bytes_received", "%BYTES_RECEIVED%"),
    ("bytes_sent", "%BYTES_SENT%"),
    ("duration", "%DURATION%"),
    ("response_flags", "%RESPONSE_FLAGS%"),
    ("upstream_host", "%UPSTREAM_HOST%"),
    ("upstream_cluster", "%UPSTREAM_CLUSTER%"),
)
_JSON_HTTP = (
    *_JSON,
    ("method", "%REQ(:METHOD)%"),
    ("protocol", "%PROTOCOL%"),
    ("response_code", "%RESPONSE_CODE%"),
    ("upstream_service_time", "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%"),
    ("x_forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
    ("user_agent", "%REQ(USER-AGENT)%"),
    ("request_id", "%REQ(X-REQUEST-ID)%"),
    ("authority", "%REQ(:AUTHORITY)%"),
)
_JSON_TCP = (
    *_JSON,
    ("downstream_remote_address", "%DOWNSTREAM_REMOTE_ADDRESS%"),
    ("downstream_local_address", "%DOWNSTREAM_LOCAL_ADDRESS%"),
)


def http_log(log: AnyLog | None, place: WorkloadPlace | None = None) -> list[accesslog_pb2.AccessLog]:
    """The access log of an HTTP connection manager; gRPC and HTTP/2 have the same fields."""
    if log is None:
        return []
    if isinstance(log, FileLog):
        return [_file(log)]
    return [_requests(log, "" if place is None else place.scope)]


def attempt_log(log: StdoutLog) -> accesslog_pb2.AccessLog:
    """The access log of called tasks with these settings, written by their callers' router as an upstream log."""
    entries = _requests(log, f"%UPSTREAM_METADATA({TARGET_METADATA}:{SCOPE})%")
    expression = f"xds.upstream_host_metadata.filter_metadata['{TARGET_METADATA}']['{LOG}'] == '{log_kind(log)}'"
    entries.filter.extension_filter.name = "envoy.access_loggers.extension_filters.cel"
    entries.filter.extension_filter.typed_config.CopyFrom(to_any(cel_pb2.ExpressionFilter(expression=expression)))
    return entries


def log_kind(log: AnyLog | None) -> str:
    """A word that identifies the settings of an access log on standard output; empty for any other log."""
    if not isinstance(log, StdoutLog):
        return ""
    return f"{'json' if log.json else 'text'}{'-query' if log.query else ''}"


def _requests(log: StdoutLog, scope: str) -> accesslog_pb2.AccessLog:
    if log.json:
        return _json((*_JSON_HTTP, ("path", "%PATH(WQ:PATH)%" if log.query else "%PATH(NQ:PATH)%")), scope)
    path = _quotable("request.headers[':path']" if log.query else "request.url_path")
    fields = ("x-forwarded-for", "user-agent", "x-request-id", ":authority")
    client = " ".join(f'"{_quotable(_header(name))}"' for name in fields)
    return _text(
        f'{_TIME} "%REQ(:METHOD)% {path} %PROTOCOL%" %RESPONSE_CODE% {_TRAFFIC}'
        f" %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% {client} {_TO}",
        scope,
    )


def tcp_log(log: AnyLog | None, place: WorkloadPlace | None = None) -> list[accesslog_pb2.AccessLog]:
    """The access log of a TCP proxy."""
    if log is None:
        return []
    if isinstance(log, FileLog):
        return [_file(log)]
    scope = "" if place is None else place.scope
    if log.json:
        return [_json(_JSON_TCP, scope)]
    return [_text(f'{_TIME} "%DOWNSTREAM_REMOTE_ADDRESS%" "%DOWNSTREAM_LOCAL_ADDRESS%" {_TRAFFIC} {_TO}', scope)]


def _header(name: str) -> str:
    return f"request.headers['{name}']"


def _quotable(expression: str) -> str:
    return rf"%CEL({expression}.replace('\x22', '%22'))%"


def _json(fields: Iterable[tuple[str, str]], scope: str) -> accesslog_pb2.AccessLog:
    line = substitution_format_string_pb2.SubstitutionFormatString()
    line.json_format.update({**({JSON_MEMBER: scope} if scope else {}), **dict(fields)})
    return _logger(line)


def _text(line: str, scope: str) -> accesslog_pb2.AccessLog:
    # As a TypedStruct, because xds-protos doesn't have the field that turns replace() on yet.
    settings = typed_struct_pb2.TypedStruct(type_url=_CEL)
    settings.value.update({"cel_config": {"enable_string_functions": True}})
    formatter = extension_pb2.TypedExtensionConfig(name="envoy.formatter.cel", typed_config=to_any(settings))
    text = substitution_format_string_pb2.SubstitutionFormatString(formatters=[formatter])
    beginning = text_beginning(scope) if scope else ""
    text.text_format_source.inline_string = f"{beginning}{line}\n"
    return _logger(text)


def _file(log: FileLog) -> accesslog_pb2.AccessLog:
    """A log file in the user's own format. Line breaks are part of that format, so none is added."""
    logger = file_pb2.FileAccessLog(path=log.path)
    if log.json:
        logger.log_format.json_format.update(dict(log.json))
    elif log.text is not None:
        logger.log_format.text_format_source.inline_string = log.text
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.file", typed_config=to_any(logger))


def _logger(line: substitution_format_string_pb2.SubstitutionFormatString) -> accesslog_pb2.AccessLog:
    """A log on Envoy's inherited standard output; Envoy's user is not allowed to open /dev/stdout."""
    return accesslog_pb2.AccessLog(
        name="envoy.access_loggers.stdout", typed_config=to_any(stream_pb2.StdoutAccessLog(log_format=line))
    )
