"""The logs of a front proxy: a JSON object on its standard output for each request or connection that ends.

Envoy sorts the members by name and escapes them. Members from clients have limited lengths and are named ``user_…``, so
that they are last: a truncated line still has all others (``telemetry/front_logs/entries``).
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/advanced/substitution_formatter
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.access_loggers.stream.v3 import stream_pb2
from msgspec.structs import asdict

from moyai.mesh.ir import FrontAddress, FrontListener, FrontLog
from moyai.xds.translate.proto import to_any

_EVERY: Mapping[str, str] = MappingProxyType(
    {
        "bytes_received": "%DOWNSTREAM_WIRE_BYTES_RECEIVED%",
        "bytes_sent": "%DOWNSTREAM_WIRE_BYTES_SENT%",
        "cipher": "%DOWNSTREAM_TLS_CIPHER%",
        "client": "%DOWNSTREAM_REMOTE_ADDRESS%",
        "connection": "%CONNECTION_ID%",
        "created": "%START_TIME(%s.%6f)%",
        "emitted": "%EMIT_TIME(%s.%6f)%",
        "sni": "%REQUESTED_SERVER_NAME%",
        "tls": "%DOWNSTREAM_TLS_VERSION%",
    }
)
_REQUEST: Mapping[str, str] = MappingProxyType(
    {
        "code": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "group": "%UPSTREAM_CLUSTER_RAW%",
        "protocol": "%PROTOCOL%",
        "request_time": "%COMMON_DURATION(DS_RX_BEG:US_TX_END:us)%",
        "response_time": "%COMMON_DURATION(US_RX_BEG:DS_TX_BEG:us)%",
        "route": "%ROUTE_NAME%",
        "target": "%UPSTREAM_HOST%",
        "target_time": "%COMMON_DURATION(US_TX_END:US_RX_BEG:us)%",
        "user_agent": "%REQ(USER-AGENT):2048%",
        "user_content": "%REQ(CONTENT-TYPE):32%",
        "user_host": "%REQ(:AUTHORITY):255%",
        "user_method": "%REQ(:METHOD):64%",
        "user_path": "%PATH(WQ:ORIG_OR_PATH):8192%",
        "user_redirect": "%RESP(LOCATION):8192%",
        "user_trace": "%REQ(X-AMZN-TRACE-ID):512%",
    }
)
_CONNECTION: Mapping[str, str] = MappingProxyType({"failure": "%DOWNSTREAM_TRANSPORT_FAILURE_REASON%"})
_FLOW: Mapping[str, str] = MappingProxyType(
    {
        "connection_time": "%DURATION%",
        "handshake_time": "%COMMON_DURATION(DS_CX_BEG:DS_CX_END:ms)%",
    }
)
_REQUEST_KIND: Final = "request"
_CONNECTION_KIND: Final = "connection"
_FLOW_KIND: Final = "flow"


def request_logs(listener: FrontListener, at: FrontAddress) -> Iterator[accesslog_pb2.AccessLog]:
    """The log of the requests that arrive at one address."""
    if listener.access_log is not None:
        scheme = "http" if listener.tls is None else "https"
        yield _logger(listener.access_log, at, {"log": _REQUEST_KIND, "scheme": scheme, **_REQUEST})


def flow_logs(listener: FrontListener, at: FrontAddress) -> Iterator[accesslog_pb2.AccessLog]:
    """The log of the TLS connections that arrive at one address and are forwarded."""
    if listener.access_log is not None:
        yield _logger(listener.access_log, at, {"log": _FLOW_KIND, **_FLOW})


def connection_logs(listener: FrontListener, at: FrontAddress) -> Iterator[accesslog_pb2.AccessLog]:
    """The log of all connections that arrive at one address."""
    if listener.connection_log is not None:
        yield _logger(listener.connection_log, at, {"log": _CONNECTION_KIND, **_CONNECTION})


def _logger(log: FrontLog, at: FrontAddress, members: Mapping[str, str]) -> accesslog_pb2.AccessLog:
    line = substitution_format_string_pb2.SubstitutionFormatString()
    line.json_format.update({**_EVERY, **members, **asdict(log), "node": at.node, "port": str(at.port)})
    return accesslog_pb2.AccessLog(
        name="envoy.access_loggers.stdout", typed_config=to_any(stream_pb2.StdoutAccessLog(log_format=line))
    )
