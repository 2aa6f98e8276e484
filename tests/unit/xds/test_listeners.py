"""Listeners: where TLS is looked for, and what stays without a look."""

from __future__ import annotations

import pytest
from envoy.config.listener.v3.listener_components_pb2 import ListenerFilterChainMatchPredicate
from envoy.config.listener.v3.listener_pb2 import Listener

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    CertificateSecret,
    Destination,
    InboundPort,
    MeshIR,
    OriginalDestinationSource,
    OutboundView,
    Protocol,
    ServerTls,
    SniPassthrough,
    TimeoutPolicy,
    Workload,
)
from moyai.xds.translate.listener import listeners

TIMEOUTS = TimeoutPolicy(request=15, idle=300)
PASS = Destination("pass", OriginalDestinationSource(), Protocol.TCP, 1)


def port(number: int, *, permissive: bool | None = None, is_open: bool = False) -> InboundPort:
    """``permissive`` None: without TLS."""
    tls = None if permissive is None else ServerTls(CertificateSecret("own"), permissive)
    listen_port = number + 1000 if is_open else None
    return InboundPort(number, Protocol.TCP, TIMEOUTS, 1, "ingress", listen_port=listen_port, tls=tls)


def listeners_for(*ports: InboundPort, outbound: OutboundView = OutboundView()) -> list[Listener]:  # noqa: B008 (it is frozen)
    workload = Workload(WorkloadId("w"), "a", 15000, 15001, ports, outbound)
    return list(listeners(workload, MeshIR(destinations={"pass": PASS})))


def looked_at(listener: Listener) -> set[int]:
    """The ports at which the listener waits for the client to speak."""
    looks = [
        listener_filter
        for listener_filter in listener.listener_filters
        if listener_filter.name.endswith("tls_inspector")
    ]
    return {port for look in looks for port in _ports(look.filter_disabled.not_match)}


def _ports(predicate: ListenerFilterChainMatchPredicate) -> set[int]:
    if predicate.HasField("or_match"):
        return {port for rule in predicate.or_match.rules for port in _ports(rule)}
    destination_port_range = predicate.destination_port_range
    assert destination_port_range.end == destination_port_range.start + 1
    return {destination_port_range.start}


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ((port(80), port(81, permissive=False)), set()),
        ((port(80), port(81, permissive=True)), {81}),
        ((port(80, permissive=True), port(81, permissive=True), port(82, permissive=False)), {80, 81}),
        ((port(80, permissive=True, is_open=True),), {1080}),
        ((port(80, permissive=False, is_open=True),), set()),
    ],
    ids=["strict or plain", "one permissive", "two permissive", "permissive and open", "strict and open"],
)
def test_tls_is_detected_on_permissive_listeners(ports, expected):
    [listener] = listeners_for(*ports)
    assert looked_at(listener) == expected
    assert listener.continue_on_listener_filters_timeout is bool(expected)


def test_tls_is_inspected_only_where_server_names_decide():
    view = OutboundView(
        passes=(SniPassthrough(443, ("*.aws",), "pass"), SniPassthrough(8443, ("aws",), "pass")), fallback="pass"
    )
    [listener] = listeners_for(outbound=view)
    assert looked_at(listener) == {443, 8443}
    [listener] = listeners_for(outbound=OutboundView(fallback="pass"))
    assert looked_at(listener) == set()


def test_an_unused_direction_has_no_listener():
    assert listeners_for() == []
