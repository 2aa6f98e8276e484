"""What travels on a port, as far as a proxy has to know."""

from __future__ import annotations

from enum import StrEnum


class Protocol(StrEnum):
    """``http`` is HTTP/1.1 behind the proxy; ``http2`` and ``grpc`` are HTTP/2 without TLS."""

    TCP = "tcp"
    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"
