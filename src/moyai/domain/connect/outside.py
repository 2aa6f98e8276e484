"""Cloud Map services outside of Service Connect, as endpoints of it. AWS does not have this.

Promise: a service takes part if it has the attribute ``moyai:client-port``; without it, nothing changes. The other
attributes are the name that tasks call, the protocol, and the port of instances without their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from moyai.domain.ecs.task_definition import AppProtocol

CLIENT_PORT: Final = "moyai:client-port"
"""The service attribute with the port at which tasks call it."""
CLIENT_NAME: Final = "moyai:client-name"
"""The name that tasks call; by default the names that are made of Cloud Map's."""
APP_PROTOCOL: Final = "moyai:app-protocol"
"""``http``, ``http2`` or ``grpc``; by default TCP."""
INSTANCE_PORT: Final = "moyai:instance-port"
"""The port of instances without AWS_INSTANCE_PORT; by default the port that tasks call."""
_MAX_PORT: Final = 65535
_PROTOCOLS: Final = tuple(protocol.value for protocol in AppProtocol)


class ExternalEndpoint(NamedTuple):
    """The Service Connect endpoint of an external service."""

    client_port: int
    instance_port: int
    client_name: str | None = None
    protocol: AppProtocol | None = None


def external_endpoint(attributes: Mapping[str, str]) -> ExternalEndpoint | None:
    """The endpoint of a service with these attributes; None if it takes no part, or an attribute is malformed."""
    client = _port(attributes.get(CLIENT_PORT, ""))
    if client is None or fault_in_attributes(attributes) is not None:
        return None
    protocol = attributes.get(APP_PROTOCOL)
    return ExternalEndpoint(
        client,
        _port(attributes.get(INSTANCE_PORT, "")) or client,
        attributes.get(CLIENT_NAME, "").lower() or None,
        None if protocol is None else AppProtocol(protocol),
    )


def fault_in_attributes(attributes: Mapping[str, str]) -> str | None:
    """The fault in the attributes of an external endpoint; None if there is none."""
    for name in (CLIENT_PORT, INSTANCE_PORT):
        if name in attributes and _port(attributes[name]) is None:
            return f"{name} is a port from 1 to 65535, not {attributes[name][:100]!r}."
    protocol = attributes.get(APP_PROTOCOL, _PROTOCOLS[0])
    if protocol not in _PROTOCOLS:
        return f"{APP_PROTOCOL} is one of {', '.join(_PROTOCOLS)}, not {protocol[:100]!r}."
    return None


def _port(text: str) -> int | None:
    port = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_PORT)) else 0
    return port if 1 <= port <= _MAX_PORT else None
