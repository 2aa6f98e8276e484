r"""The lines of access and connection logs, with AWS's fields in AWS's order.

Promise: an entry is one line. A client's value is in quotes; quotes, backslashes and characters that are not printable
are written as ``\xHH``. The lines of flows have no quotes, so spaces are written as ``\xHH`` too.
Sources: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html,
load-balancer-connection-logs.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from moyai.telemetry.front_logs.entries import ConnectionEntry, Entry, FlowEntry, RequestEntry

_ABSENT: Final = "-"
_FROM_TARGET: Final = "via_upstream"
_CLIENT_GONE: Final = 460
_UPGRADED: Final = 101
_TRACE_DIGITS: Final = 16
_PROTOCOLS: Mapping[str | None, str] = MappingProxyType({"HTTP/2": "HTTP/2.0", None: _ABSENT})
_CLASSES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "http1.content_length_and_chunked_not_allowed": ("Ambiguous", "BothTeClPresent"),
        "http1.invalid_transfer_encoding": ("Severe", "BadTransferEncoding"),
        "http1.transfer_encoding_not_allowed": ("Severe", "BadTransferEncoding"),
        "http1.invalid_url": ("Severe", "BadUri"),
        "http1.unexpected_underscore": ("Acceptable", "NonCompliantHeader"),
        "http1.invalid_characters": ("Severe", "BadHeader"),
    }
)
"""The classes and reasons of requests that do not comply with the standard, by Envoy's response code detail."""
_MALFORMED: Final = "http1."


def line_of(entry: Entry, certificate: str | None) -> str:
    """The line of an entry. ``certificate``: the ARN of the certificate that was presented."""
    match entry:
        case RequestEntry():
            return " ".join(_request(entry, certificate))
        case ConnectionEntry():
            return " ".join(_connection(entry))
        case FlowEntry():
            return " ".join(_flow(entry, certificate))


def _request(entry: RequestEntry, certificate: str | None) -> tuple[str, ...]:
    priority, _, action = (entry.route or "").partition(" ")
    is_from_target = entry.details == _FROM_TARGET
    target, status = entry.target or _ABSENT, str(entry.code) if is_from_target else _ABSENT
    group = entry.group if entry.group and entry.group.startswith("arn:") else _ABSENT
    kind, reason = _classification(entry.details or "")
    redirect = entry.user_redirect if action == "redirect" else None
    return (
        _type(entry),
        _time(entry.emitted),
        entry.elb,
        entry.client,
        target,
        *(_seconds(time) for time in (entry.request_time, entry.target_time, entry.response_time)),
        str(entry.code or _CLIENT_GONE),
        status,
        str(entry.bytes_received),
        str(entry.bytes_sent),
        _quote(_request_line(entry)),
        _quote(entry.user_agent),
        entry.cipher or _ABSENT,
        entry.tls or _ABSENT,
        group,
        _quote(entry.user_trace),
        _quote(entry.sni),
        _quote(certificate),
        priority or ("-1" if kind else _ABSENT),
        _time(entry.created),
        _quote(action),
        _quote(redirect),
        _quote(None),
        _quote(target),
        _quote(status),
        _quote(kind),
        _quote(reason),
        _connection_trace(entry),
        *(_quote(None) for _ in ("transformed_host", "transformed_uri", "request_transform_status")),
    )


def _connection(entry: ConnectionEntry) -> tuple[str, ...]:
    client, _, port = entry.client.rpartition(":")
    is_encrypted = entry.cipher is not None
    return (
        _time(entry.created),
        client,
        port,
        entry.port,
        (entry.tls if is_encrypted else None) or _ABSENT,
        entry.cipher or _ABSENT,
        _ABSENT,
        *(_quote(None) for _ in ("leaf_client_cert_subject", "leaf_client_cert_validity")),
        _ABSENT,
        "Failed:UnmappedConnectionError" if entry.failure else "Success" if is_encrypted else _ABSENT,
        _connection_trace(entry),
    )


def _flow(entry: FlowEntry, certificate: str | None) -> tuple[str, ...]:
    return (
        "tls",
        "2.0",
        _time(entry.emitted)[: len("2000-01-01T00:00:00")],
        entry.elb,
        entry.listener.rpartition("/")[2],
        entry.client,
        f"{entry.node}:{entry.port}",
        str(entry.connection_time),
        _ABSENT if entry.handshake_time is None else str(entry.handshake_time),
        str(entry.bytes_received),
        str(entry.bytes_sent),
        _ABSENT,
        certificate or _ABSENT,
        _ABSENT,
        entry.cipher or _ABSENT,
        (entry.tls or _ABSENT).lower().replace(".", ""),
        _ABSENT,
        _word(entry.sni),
        _ABSENT,
        _ABSENT,
        _ABSENT,
        _time(entry.created)[: len("2000-01-01T00:00:00")],
    )


def _type(entry: RequestEntry) -> str:
    is_encrypted = entry.scheme == "https"
    if entry.code == _UPGRADED:
        return "wss" if is_encrypted else "ws"
    if entry.protocol == "HTTP/2":
        return "grpcs" if (entry.user_content or "").startswith("application/grpc") else "h2"
    return entry.scheme


def _request_line(entry: RequestEntry) -> str:
    """The request with its whole URL; dashes for the parts that could not be parsed."""
    if entry.user_method is None:
        return f"- {entry.scheme}://{entry.host}:{entry.port}- -"
    host, separator, port = (entry.user_host or "").rpartition(":")
    host = host if separator and port.isdigit() else entry.user_host or ""
    protocol = _PROTOCOLS.get(entry.protocol, entry.protocol or _ABSENT)
    return f"{entry.user_method} {entry.scheme}://{host}:{entry.port}{entry.user_path or ''} {protocol}"


def _classification(details: str) -> tuple[str | None, str | None]:
    return _CLASSES.get(details) or (("Severe", None) if details.startswith(_MALFORMED) else (None, None))


def _connection_trace(entry: Entry) -> str:
    """The id that all entries of a connection have."""
    connection = f"{entry.node} {entry.client} {entry.connection}"
    return f"TID_{sha256(connection.encode()).hexdigest()[:_TRACE_DIGITS]}"


def _time(seconds: str) -> str:
    whole, _, fraction = seconds.partition(".")
    return f"{datetime.fromtimestamp(int(whole), UTC):%Y-%m-%dT%H:%M:%S}.{fraction[:6]:0<6}Z"


def _seconds(microseconds: int | None) -> str:
    return "-1" if microseconds is None else f"{microseconds / 1e6:.3f}"


def _quote(text: str | None) -> str:
    return f'"{"".join(map(_printable, text or _ABSENT))}"'


def _word(text: str | None) -> str:
    return "".join(map(_printable, text or _ABSENT)).replace(" ", r"\x20")


def _printable(character: str) -> str:
    if character.isprintable() and character not in {'"', "\\"}:
        return character
    return "".join(f"\\x{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))
