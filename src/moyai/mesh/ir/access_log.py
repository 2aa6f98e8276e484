"""What a proxy writes down about the requests and connections that pass it."""

from __future__ import annotations

import msgspec


class AccessLog(msgspec.Struct, frozen=True, tag="stdout"):
    """One line each on standard output, when it has ended: a JSON object, else text. Without ``query`` no query string
    is in it.
    """

    json: bool
    query: bool


class FileLog(msgspec.Struct, frozen=True, tag="file", omit_defaults=True):
    """One line each in a file of the proxy's file system, in Envoy's own format strings: ``text``, or ``json`` with a
    value for each key, in this order; with neither, as Envoy does of itself.

    Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage
    """

    path: str
    text: str | None = None
    json: tuple[tuple[str, str], ...] = ()


AnyLog = AccessLog | FileLog
