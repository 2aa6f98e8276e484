"""Rules of access logs, and of Envoy's command operators in them.

Promise: Envoy 1.40 accepts a line without faults; an invalid one would make it reject the whole listener. COALESCE,
whose argument is a JSON document, is not accepted.
Sources: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-logs.html,
https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage#command-operators
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.api.appmesh.rules.text import Faults, file_path
from moyai.domain.appmesh.access_log import Logging, LoggingFormat

_OPERATOR: Final = re.compile(r"%%|%([A-Z0-9_]+)(?:\((.*?)\))?(?::([0-9]{1,9}))?%|(%)")
_ANYTHING: Final = re.compile(r".*")
_NOT_EMPTY: Final = re.compile(r".+")
_TIME: Final = re.compile(r"(?!.*%[-_0^#]*[0-9]*[EO]?n).*")
"""A strftime format without a line break."""
_HEADER: Final = re.compile(r":?[!#$%&'*+.^_`|~0-9A-Za-z-]+(\?(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+)?)?")
"""A header, and after a question mark the header to use if the first is absent."""
_STATE: Final = re.compile(r"[^:]+(:(PLAIN|TYPED|FIELD:[^:]+))?")


def logging(where: str, settings: Logging | None) -> Faults:
    """Faults of the logging of a virtual node or gateway."""
    if settings is None or settings.access_log is None:
        return
    where = f"{where}.accessLog.file"
    yield from file_path(f"{where}.path", settings.access_log.file.path)
    if settings.access_log.file.format is not None:
        yield from _format(f"{where}.format", settings.access_log.file.format)


def _format(where: str, settings: LoggingFormat) -> Faults:
    if settings.text is not None:
        yield from (f"{where}.text: {fault}" for fault in faults_in(settings.text))
    keys: set[str] = set()
    for place, member in enumerate(settings.json or ()):
        if member.key in keys:
            yield f"{where}.json[{place}].key: {member.key!r} is there twice."
        keys.add(member.key)
        yield from (f"{where}.json[{place}].value: {fault}" for fault in faults_in(member.value))


class Syntax(NamedTuple):
    """An operator's syntax: its argument, whether a length may follow, and whether the argument is required."""

    argument: re.Pattern[str] | None = None
    length: bool = False
    needed: bool = False


_WITHOUT_ARGUMENT: Final = """
    ACCESS_LOG_TYPE BYTES_RECEIVED BYTES_RETRANSMITTED BYTES_SENT CONNECTION_ID CONNECTION_TERMINATION_DETAILS
    CUSTOM_FLAGS DOWNSTREAM_CX_RTT DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED
    DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT DOWNSTREAM_DETECTED_CLOSE_TYPE DOWNSTREAM_DIRECT_LOCAL_ADDRESS
    DOWNSTREAM_DIRECT_LOCAL_ADDRESS_ENDPOINT_ID DOWNSTREAM_DIRECT_LOCAL_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS
    DOWNSTREAM_DIRECT_REMOTE_PORT DOWNSTREAM_HANDSHAKE_DURATION DOWNSTREAM_HEADER_BYTES_RECEIVED
    DOWNSTREAM_HEADER_BYTES_SENT DOWNSTREAM_LOCAL_ADDRESS DOWNSTREAM_LOCAL_ADDRESS_ENDPOINT_ID
    DOWNSTREAM_LOCAL_CLOSE_REASON DOWNSTREAM_LOCAL_DNS_SAN DOWNSTREAM_LOCAL_EMAIL_SAN DOWNSTREAM_LOCAL_IP_SAN
    DOWNSTREAM_LOCAL_OTHERNAME_SAN DOWNSTREAM_LOCAL_PORT DOWNSTREAM_LOCAL_SUBJECT DOWNSTREAM_LOCAL_URI_SAN
    DOWNSTREAM_PEER_CERT DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_1 DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256
    DOWNSTREAM_PEER_CHAIN_SERIALS DOWNSTREAM_PEER_DNS_SAN DOWNSTREAM_PEER_EMAIL_SAN DOWNSTREAM_PEER_FINGERPRINT_1
    DOWNSTREAM_PEER_FINGERPRINT_256 DOWNSTREAM_PEER_IP_SAN DOWNSTREAM_PEER_ISSUER
    DOWNSTREAM_PEER_ISSUER_FINGERPRINT_256 DOWNSTREAM_PEER_ISSUER_SERIAL DOWNSTREAM_PEER_OTHERNAME_SAN
    DOWNSTREAM_PEER_SERIAL DOWNSTREAM_PEER_SUBJECT DOWNSTREAM_PEER_URI_SAN DOWNSTREAM_REMOTE_ADDRESS
    DOWNSTREAM_REMOTE_PORT DOWNSTREAM_TLS_CIPHER DOWNSTREAM_TLS_GROUP DOWNSTREAM_TLS_SESSION_ID
    DOWNSTREAM_TLS_VERSION DOWNSTREAM_TRANSPORT_FAILURE_REASON DOWNSTREAM_WIRE_BYTES_RECEIVED
    DOWNSTREAM_WIRE_BYTES_SENT DURATION FILTER_CHAIN_NAME GRPC_STATUS_NUMBER HOSTNAME LOCAL_REPLY_BODY
    PACKETS_RETRANSMITTED PROTOCOL REQUEST_DURATION REQUEST_HEADERS_BYTES REQUEST_TX_DURATION RESPONSE_CODE
    RESPONSE_DURATION RESPONSE_FLAGS RESPONSE_FLAGS_LONG RESPONSE_HEADERS_BYTES RESPONSE_TRAILERS_BYTES
    RESPONSE_TX_DURATION ROUNDTRIP_DURATION ROUTE_NAME ROUTE_RESOLUTION_COUNT ROUTE_RESOLUTION_TIME_US SPAN_ID
    STREAM_ID TLS_JA3_FINGERPRINT TLS_JA4_FINGERPRINT TRACE_ID UNIQUE_ID UPSTREAM_CLUSTER UPSTREAM_CLUSTER_RAW
    UPSTREAM_CONNECTION_ID UPSTREAM_CONNECTION_IDS_ATTEMPTED UPSTREAM_CONNECTION_POOL_READY_DURATION
    UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT
    UPSTREAM_DETECTED_CLOSE_TYPE UPSTREAM_HEADER_BYTES_RECEIVED UPSTREAM_HEADER_BYTES_SENT UPSTREAM_HOST
    UPSTREAM_HOSTS_ATTEMPTED UPSTREAM_HOSTS_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME
    UPSTREAM_HOST_NAMES_ATTEMPTED UPSTREAM_HOST_NAMES_ATTEMPTED_WITHOUT_PORT UPSTREAM_HOST_NAME_WITHOUT_PORT
    UPSTREAM_LOCAL_ADDRESS UPSTREAM_LOCAL_CLOSE_REASON UPSTREAM_LOCAL_DNS_SAN UPSTREAM_LOCAL_IP_SAN
    UPSTREAM_LOCAL_PORT UPSTREAM_LOCAL_URI_SAN UPSTREAM_PEER_CERT UPSTREAM_PEER_DNS_SAN UPSTREAM_PEER_IP_SAN
    UPSTREAM_PEER_ISSUER UPSTREAM_PEER_SUBJECT UPSTREAM_PEER_URI_SAN UPSTREAM_PROTOCOL UPSTREAM_REMOTE_ADDRESS
    UPSTREAM_REMOTE_ADDRESS_ENDPOINT_ID UPSTREAM_REMOTE_PORT UPSTREAM_REQUEST_ATTEMPT_COUNT UPSTREAM_SERVER_NAME
    UPSTREAM_TLS_CIPHER UPSTREAM_TLS_GROUP UPSTREAM_TLS_SESSION_ID UPSTREAM_TLS_VERSION
    UPSTREAM_TRANSPORT_FAILURE_REASON UPSTREAM_WIRE_BYTES_RECEIVED UPSTREAM_WIRE_BYTES_SENT VIRTUAL_CLUSTER_NAME
"""
_WITH_TIME_FORMAT: Final = """
    DOWNSTREAM_PEER_CERT_V_END DOWNSTREAM_PEER_CERT_V_START EMIT_TIME EMIT_TIME_LOCAL START_TIME START_TIME_LOCAL
    UPSTREAM_PEER_CERT_V_END UPSTREAM_PEER_CERT_V_START
"""
_WITH_OPTION: Final = """
    DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT
    DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT RESPONSE_CODE_DETAILS
    UPSTREAM_LOCAL_ADDRESS_WITHOUT_PORT UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT
"""
_WITH_HEADER_NAME: Final = "REQ REQUEST_HEADER RESP RESPONSE_HEADER RESPONSE_TRAILER STREAM_INFO_REQ TRAILER"

OPERATORS: Mapping[str, Syntax] = MappingProxyType(
    {
        **dict.fromkeys(_WITHOUT_ARGUMENT.split(), Syntax()),
        **dict.fromkeys(_WITH_TIME_FORMAT.split(), Syntax(_TIME)),
        **dict.fromkeys(_WITH_OPTION.split(), Syntax(_ANYTHING)),
        **dict.fromkeys(_WITH_HEADER_NAME.split(), Syntax(_HEADER, length=True, needed=True)),
        **dict.fromkeys(
            ("DYNAMIC_METADATA", "ENVIRONMENT", "QUERY_PARAM"), Syntax(_NOT_EMPTY, length=True, needed=True)
        ),
        **dict.fromkeys(("CLUSTER_METADATA", "UPSTREAM_METADATA"), Syntax(_NOT_EMPTY, needed=True)),
        **dict.fromkeys(("FILTER_STATE", "UPSTREAM_FILTER_STATE"), Syntax(_STATE, length=True, needed=True)),
        "COMMON_DURATION": Syntax(re.compile(r"[^:]+:[^:]+(:(ms|us|ns))?"), needed=True),
        "GRPC_STATUS": Syntax(re.compile(r"CAMEL_STRING|SNAKE_STRING|NUMBER")),
        "PATH": Syntax(re.compile(r"(WQ|NQ)(:(ORIG|PATH|ORIG_OR_PATH))?"), length=True),
        "QUERY_PARAMS": Syntax(re.compile(r"ORIG|DECODED"), length=True),
        "REQUESTED_SERVER_NAME": Syntax(re.compile(r"SNI_ONLY|SNI_FIRST|HOST_FIRST")),
    }
)
"""The syntax of each operator, by its name."""


def faults_in(line: str) -> Iterator[str]:
    """Faults of the command operators in a line of an access log format."""
    for match in _OPERATOR.finditer(line):
        name, argument, length, stray = match.groups()
        if stray is not None:
            yield "a % that begins no command operator is written %%."
        elif name is not None:
            yield from _fault(match[0], name, argument or "", length)


def _fault(operator: str, name: str, argument: str, length: str | None) -> Iterator[str]:
    syntax = OPERATORS.get(name)
    if syntax is None:
        yield f"{operator[:100]} is not one of Envoy's command operators."
    elif argument and (syntax.argument is None or not syntax.argument.fullmatch(argument)):
        yield f"{operator[:100]}: {name} can't have this argument."
    elif syntax.needed and not argument:
        yield f"{operator[:100]}: {name} needs an argument in parentheses."
    elif length is not None and not syntax.length:
        yield f"{operator[:100]}: {name} can't be cut to a length."
