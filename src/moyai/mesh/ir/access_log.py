"""Access logs of proxies: what is written of each request or connection, and where."""

from __future__ import annotations

import msgspec


class StdoutLog(msgspec.Struct, frozen=True, tag="stdout"):
    """An access log on standard output: a line for each request or connection that ended, as JSON or text. ``query``:
    with query strings.
    """

    json: bool
    query: bool


class FileLog(msgspec.Struct, frozen=True, tag="file", omit_defaults=True):
    """An access log in a file of the proxy's file system. The format is in Envoy's format strings: ``text``, or
    ``json`` with a value for each key, in this order; without both it is Envoy's default.

    Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/observability/access_log/usage
    """

    path: str
    text: str | None = None
    json: tuple[tuple[str, str], ...] = ()


AnyLog = StdoutLog | FileLog
