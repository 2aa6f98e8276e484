"""Listeners of virtual nodes, virtual routers and virtual gateways.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Listener.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from moyai.api.appmesh.rules.duration import duration, listener_timeout
from moyai.api.appmesh.rules.text import Faults, url_path
from moyai.api.appmesh.rules.tls import listener_tls
from moyai.domain.appmesh.health_check import HealthCheckPolicy
from moyai.domain.appmesh.listener import GatewayListener, NodeListener, RouterListener
from moyai.domain.appmesh.outlier_detection import OutlierDetection
from moyai.domain.appmesh.protocol import PortMapping, PortProtocol

_HTTP: Final = frozenset({PortProtocol.HTTP, PortProtocol.HTTP2})
_HTTP2: Final = frozenset({PortProtocol.HTTP2, PortProtocol.GRPC})
_MOST_ERRORS: Final = 2**32 - 1

AnyListener = NodeListener | RouterListener | GatewayListener
L = TypeVar("L", bound=NodeListener | GatewayListener)


def listeners(where: str, said: Sequence[AnyListener]) -> Faults:
    """All listeners of one thing; no two have the same port."""
    ports: set[int] = set()
    for place, one in enumerate(said):
        if one.port_mapping.port in ports:
            yield f"{where}[{place}].portMapping.port: {one.port_mapping.port} is the port of another listener."
        ports.add(one.port_mapping.port)
        if isinstance(one, NodeListener):
            yield from _of_node(f"{where}[{place}]", one)
        elif isinstance(one, GatewayListener):
            yield from _served(f"{where}[{place}]", one)


def with_checked_ports(said: Sequence[L]) -> Iterator[L]:
    """The listeners, each health check with the port that it is for."""
    for one in said:
        check = one.health_check
        if check is not None and check.port is None:
            yield replace(one, health_check=replace(check, port=one.port_mapping.port))
        else:
            yield one


def _of_node(where: str, one: NodeListener) -> Faults:
    if one.timeout is not None:
        yield from _of_protocol(f"{where}.timeout", one.timeout, one.port_mapping)
        yield from listener_timeout(f"{where}.timeout", one.timeout)
    if one.outlier_detection is not None:
        yield from _outliers(f"{where}.outlierDetection", one.outlier_detection)
    yield from _served(where, one)


def _served(where: str, one: NodeListener | GatewayListener) -> Faults:
    if one.connection_pool is not None:
        yield from _of_protocol(f"{where}.connectionPool", one.connection_pool, one.port_mapping)
    if one.health_check is not None:
        yield from _health(f"{where}.healthCheck", one.health_check, one.port_mapping)
    if one.tls is not None:
        yield from listener_tls(f"{where}.tls", one.tls)


def _of_protocol(where: str, union: msgspec.Struct, mapping: PortMapping) -> Faults:
    """The member of a union that is set is called as the listener's protocol."""
    found = next(name for name, value in msgspec.structs.asdict(union).items() if value is not None)
    if found != mapping.protocol:
        yield f"{where}.{found}: the listener speaks {mapping.protocol}, so {mapping.protocol} is what can be set here."


def _health(where: str, check: HealthCheckPolicy, mapping: PortMapping) -> Faults:
    if check.port not in {None, mapping.port}:
        yield f"{where}.port: {check.port} is not the listener's port, {mapping.port}."
    if check.protocol is PortProtocol.GRPC and mapping.protocol not in _HTTP2:
        yield f"{where}.protocol: grpc can't be checked on a listener that speaks {mapping.protocol}."
    if check.protocol in _HTTP and check.path is not None:
        yield from url_path(f"{where}.path", check.path)


def _outliers(where: str, said: OutlierDetection) -> Faults:
    if said.max_server_errors > _MOST_ERRORS:
        yield f"{where}.maxServerErrors: it is at most {_MOST_ERRORS}."
    yield from duration(f"{where}.interval", said.interval, least=1)
    yield from duration(f"{where}.baseEjectionDuration", said.base_ejection_duration, least=1)
