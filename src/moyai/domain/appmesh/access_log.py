"""Access logs of proxies.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Logging.html, API_LoggingFormat.html
"""

from __future__ import annotations

import msgspec


class JsonFormatRef(msgspec.Struct, frozen=True):
    """A member of a line's JSON object; its value has Envoy's command operators."""

    key: str
    value: str


class LoggingFormat(msgspec.Struct, frozen=True):
    """Either a line with Envoy's command operators, or the members of a JSON object in their order."""

    text: str | None = None
    json: tuple[JsonFormatRef, ...] | None = None


class FileAccessLog(msgspec.Struct, frozen=True):
    """A file in the proxy's file system. ``format``: None is Envoy's own."""

    path: str
    format: LoggingFormat | None = None


class AccessLog(msgspec.Struct, frozen=True):
    """The destination of an access log; there is only one kind."""

    file: FileAccessLog


class Logging(msgspec.Struct, frozen=True):
    """The logs of a virtual node or gateway."""

    access_log: AccessLog | None = None
