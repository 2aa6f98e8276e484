"""Filter chains for what comes in, by the port of the application that it was going to; where plain text is taken
beside TLS, one for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from envoy.config.listener.v3 import listener_components_pb2

from moyai.mesh.ir import InboundPort, Protocol, Workload
from moyai.xds.translate.http import ingress_http
from moyai.xds.translate.tcp import ingress_tcp
from moyai.xds.translate.tls import TLS, encrypt


def ingress_chains(workload: Workload, inbound: InboundPort) -> Iterator[listener_components_pb2.FilterChain]:
    """Of a port that connections are redirected from."""
    for chain in _chains(workload, inbound, inbound.port):
        chain.filter_chain_match.destination_port.value = inbound.port
        yield chain


def open_chains(workload: Workload, inbound: InboundPort) -> Iterator[listener_components_pb2.FilterChain]:
    """Of a port that the proxy listens on itself."""
    return _chains(workload, inbound, inbound.listen_port or inbound.port)


def _chains(workload: Workload, inbound: InboundPort, port: int) -> Iterator[listener_components_pb2.FilterChain]:
    found = ingress_tcp(workload, inbound) if inbound.protocol is Protocol.TCP else ingress_http(workload, inbound)
    chain = listener_components_pb2.FilterChain(name=str(port), filters=[found])
    if inbound.tls is None:
        yield chain
        return
    if inbound.tls.permissive:
        yield listener_components_pb2.FilterChain(name=f"{port} plain", filters=[found])
        chain.filter_chain_match.transport_protocol = TLS
    encrypt(chain, inbound.tls, inbound.protocol)
    yield chain
