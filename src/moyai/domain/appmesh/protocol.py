"""Protocols of listeners.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_PortMapping.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PortProtocol(StrEnum):
    """A listener's protocol; a virtual gateway's is never ``tcp``."""

    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"
    TCP = "tcp"


class ListenerPort(msgspec.Struct, frozen=True):
    """A port and its protocol (``PortMapping`` in the API)."""

    port: int
    protocol: PortProtocol
