"""The outbound traffic of a virtual node: the virtual services of its backends, and other traffic that its mesh allows.

Promise: a port belongs to one service, or to several HTTP services, which are distinguished by their names without
regard to case. When services can't share a port, the first among the backends has it; the others are left out and
reported. A backend that does not exist is ignored; a virtual service without a provider answers 404 at every HTTP port.
Where the mesh allows all traffic, HTTP ports pass requests for unknown names on.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_services.html, API_EgressFilter.html
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from moyai.domain.appmesh.client_policy import BackendDefaults, ClientPolicy, ClientPolicyTls, VirtualServiceBackend
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.policies import CONNECT_TIMEOUT, HTTP_DEFAULT, IDLE, longest, timeouts
from moyai.mesh.app_mesh.provider import Caller, ServicePort, service_ports
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.ir import (
    Destination,
    OriginalDestinationSource,
    OutboundPort,
    OutboundView,
    Protocol,
    RouteRule,
    SniPassthrough,
    StreamSplit,
    VirtualHost,
    WeightedDestination,
)

_TLS_PORT = 443


class AppMeshOptions(msgspec.Struct, frozen=True):
    """Settings of the installation. ``passed_names``: server names (``*.example.com``) to which every virtual node may
    open TLS connections at port 443, whatever its mesh filters, as it could to AWS's own APIs.
    """

    passed_names: tuple[str, ...] = ()


class _OutboundPorts:
    """The outbound ports of a node, collected backend by backend."""

    def __init__(self, shard: ShardBuilder) -> None:
        self._shard = shard
        self._streams: dict[int, tuple[str, StreamSplit]] = {}
        self._hosts: dict[int, dict[str, VirtualHost]] = {}
        self._protocols: dict[int, Protocol] = {}

    def add(self, service: VirtualService, at: ServicePort, caller: Caller) -> None:
        """Add a service at a port, unless an earlier backend has the port."""
        port, host_name = at.port, service.name.lower()
        provider, _ = self._streams.get(port, ("", None))
        is_stream = at.protocol is Protocol.TCP
        if provider or host_name in self._hosts.get(port, {}) or (is_stream and port in self._hosts):
            if provider != at.provider:  # otherwise the service is another name of the same provider
                self._shard.report(service.arn, f"it is left out at port {port}: an earlier backend has the port")
            return
        match at.routing(self._shard, caller):
            case StreamSplit() as split:
                self._streams[port] = (at.provider, split)
            case rules:
                protocol = self._protocols.setdefault(port, at.protocol)
                self._protocols[port] = protocol if protocol is at.protocol else Protocol.HTTP
                self._hosts.setdefault(port, {})[host_name] = virtual_host(service.name, port, rules)

    def add_without_provider(self, service: VirtualService) -> None:
        """Add a name without routes, at each port with virtual hosts."""
        for port, hosts in self._hosts.items():
            hosts.setdefault(service.name.lower(), virtual_host(service.name, port, ()))

    def all(self, other_names: tuple[VirtualHost, ...]) -> Iterator[OutboundPort]:
        """The ports, in order; ``other_names``: the virtual host for all other names, if there is one."""
        for port, (_, split) in sorted(self._streams.items()):
            yield OutboundPort(port, Protocol.TCP, split, names.EGRESS_STAT)
        for port, hosts in sorted(self._hosts.items()):
            yield outbound_port(port, self._protocols[port], (*hosts.values(), *other_names))


def outbound(shard: ShardBuilder, node: VirtualNode, settings: AppMeshOptions) -> OutboundView:
    """All outgoing traffic that the node's proxy allows."""
    request = _own_request_timeout(node)
    ports = _OutboundPorts(shard)
    without_provider = []
    for backend in node.spec.backends or ():
        service = app_mesh.virtual_service(shard.world, node.mesh, backend.virtual_service.virtual_service_name)
        if service is None:
            continue
        caller = Caller(_policy(backend.virtual_service, node.spec.backend_defaults), request)
        for at in service_ports(shard.world, service):
            ports.add(service, at, caller)
        if service.spec.provider is None:
            without_provider.append(service)
    for service in without_provider:
        ports.add_without_provider(service)
    passes = _passes(shard, settings)
    if not shard.mesh.spec.allows_all:
        return OutboundView(ports=tuple(ports.all(())), passes=passes)
    anywhere = shard.add_destination(_original_destination(names.unmodelled_cluster(shard.mesh.name)))
    other_names = VirtualHost(
        names.UNMODELLED, (names.ANY_HOST,), (RouteRule((WeightedDestination(anywhere),), HTTP_DEFAULT),)
    )
    return OutboundView(ports=tuple(ports.all((other_names,))), passes=passes, fallback=anywhere)


def virtual_host(name: str, port: int, rules: tuple[RouteRule, ...]) -> VirtualHost:
    """The virtual host of a virtual service, with its port and without."""
    host = name.lower()
    return VirtualHost(name, (host, f"{host}:{port}"), rules)


def outbound_port(port: int, protocol: Protocol, hosts: tuple[VirtualHost, ...]) -> OutboundPort:
    """An outbound port for HTTP."""
    return OutboundPort(port, protocol, hosts, names.EGRESS_STAT, IDLE, names.egress_routes(port))


def default_policy(defaults: BackendDefaults | None) -> ClientPolicyTls | None:
    """The TLS policy for backends without a policy of their own."""
    return _tls(None if defaults is None else defaults.client_policy)


def _policy(backend: VirtualServiceBackend, defaults: BackendDefaults | None) -> ClientPolicyTls | None:
    return default_policy(defaults) if backend.client_policy is None else _tls(backend.client_policy)


def _tls(policy: ClientPolicy | None) -> ClientPolicyTls | None:
    return None if policy is None else policy.tls


def _own_request_timeout(node: VirtualNode) -> float:
    """The seconds that the node's listeners give a request; 0 = no limit, or no listener for requests."""
    listeners = ((Protocol(at.port_mapping.protocol), at.timeout) for at in node.spec.listeners or ())
    policies = [timeouts(p, None if t is None else t.member) for p, t in listeners if p is not Protocol.TCP]
    return longest(policies).request if policies else 0


def _passes(shard: ShardBuilder, settings: AppMeshOptions) -> tuple[SniPassthrough, ...]:
    if not settings.passed_names:
        return ()
    name = shard.add_destination(_original_destination(names.passed_cluster(shard.mesh.name)))
    return (SniPassthrough(_TLS_PORT, settings.passed_names, name),)


def _original_destination(name: str) -> Destination:
    return Destination(name, OriginalDestinationSource(), Protocol.TCP, CONNECT_TIMEOUT)
