"""Cloud Map services that no ECS service made, as endpoints of Service Connect. AWS doesn't have this.

Promise: a service takes part by one attribute of its own, ``moyai:client-port``; without it, nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CLIENT_PORT: Final = "moyai:client-port"
"""The service attribute with the port that tasks call it on."""
_MAX_PORT: Final = 65535


def client_port(attributes: Mapping[str, str]) -> int | None:
    """The port that tasks call the service on; None when it takes no part, or the port is none."""
    text = attributes.get(CLIENT_PORT, "")
    port = int(text) if text.isascii() and text.isdecimal() else 0
    return port if 1 <= port <= _MAX_PORT else None
