"""Rules of the listeners of virtual nodes, routers and gateways.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Listener.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from moyai.api.appmesh.rules.text import Faults, url_path
from moyai.api.appmesh.rules.timeouts import duration, listener_timeout
from moyai.api.appmesh.rules.tls import listener_tls
from moyai.domain.appmesh.listener import (
    GatewayListener,
    HealthCheckPolicy,
    ListenerPort,
    NodeListener,
    OutlierDetection,
    PortProtocol,
    RouterListener,
)

_HTTP: Final = frozenset({PortProtocol.HTTP, PortProtocol.HTTP2})
_HTTP2: Final = frozenset({PortProtocol.HTTP2, PortProtocol.GRPC})
_MAX_ERRORS: Final = 2**32 - 1

AnyListener = NodeListener | RouterListener | GatewayListener
L = TypeVar("L", bound=NodeListener | GatewayListener)


def listeners(where: str, listeners_: Sequence[AnyListener]) -> Faults:
    """Faults of the listeners of a resource; no two may have the same port."""
    ports: set[int] = set()
    for place, listener in enumerate(listeners_):
        if listener.port_mapping.port in ports:
            yield f"{where}[{place}].portMapping.port: {listener.port_mapping.port} is the port of another listener."
        ports.add(listener.port_mapping.port)
        if isinstance(listener, NodeListener):
            yield from _node_listener(f"{where}[{place}]", listener)
        elif isinstance(listener, GatewayListener):
            yield from _proxy_listener(f"{where}[{place}]", listener)


def with_health_check_ports(listeners: Sequence[L]) -> Iterator[L]:
    """The listeners; a health check without a port gets the listener's."""
    for listener in listeners:
        check = listener.health_check
        if check is not None and check.port is None:
            yield replace(listener, health_check=replace(check, port=listener.port_mapping.port))
        else:
            yield listener


def _node_listener(where: str, listener: NodeListener) -> Faults:
    if listener.timeout is not None:
        yield from _check_protocol(f"{where}.timeout", listener.timeout, listener.port_mapping)
        yield from listener_timeout(f"{where}.timeout", listener.timeout)
    if listener.outlier_detection is not None:
        yield from _outliers(f"{where}.outlierDetection", listener.outlier_detection)
    yield from _proxy_listener(where, listener)


def _proxy_listener(where: str, listener: NodeListener | GatewayListener) -> Faults:
    if listener.connection_pool is not None:
        yield from _check_protocol(f"{where}.connectionPool", listener.connection_pool, listener.port_mapping)
    if listener.health_check is not None:
        yield from _health(f"{where}.healthCheck", listener.health_check, listener.port_mapping)
    if listener.tls is not None:
        yield from listener_tls(f"{where}.tls", listener.tls)


def _check_protocol(where: str, union: msgspec.Struct, mapping: ListenerPort) -> Faults:
    """The member of the union that is set must have the name of the listener's protocol."""
    member = next(name for name, value in msgspec.structs.asdict(union).items() if value is not None)
    if member != mapping.protocol:
        protocol = mapping.protocol
        yield f"{where}.{member}: the listener speaks {protocol}, so only {protocol} can be set here."


def _health(where: str, check: HealthCheckPolicy, mapping: ListenerPort) -> Faults:
    if check.port not in {None, mapping.port}:
        yield f"{where}.port: {check.port} is not the listener's port, {mapping.port}."
    if check.protocol is PortProtocol.GRPC and mapping.protocol not in _HTTP2:
        yield f"{where}.protocol: grpc can't be checked on a listener that speaks {mapping.protocol}."
    if check.protocol in _HTTP and check.path is not None:
        yield from url_path(f"{where}.path", check.path)


def _outliers(where: str, detection: OutlierDetection) -> Faults:
    if detection.max_server_errors > _MAX_ERRORS:
        yield f"{where}.maxServerErrors: it is at most {_MAX_ERRORS}."
    yield from duration(f"{where}.interval", detection.interval, least=1)
    yield from duration(f"{where}.baseEjectionDuration", detection.base_ejection_duration, least=1)
