"""What a virtual node may call: its backends' virtual services, and whatever else its mesh lets through.

Promise: a port is one service's alone, or that of several that speak HTTP, which are told apart by their names in any
case of letters. Of services that can't share a port the one that is named first among the backends has it; the others
are left out and reported. A backend that isn't there is nothing; a virtual service that nobody provides answers 404 at
every port where HTTP is called. Where the mesh lets everything through, so does every such port.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_services.html, API_EgressFilter.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.appmesh.backend import VirtualServiceBackend
from moyai.domain.appmesh.client_policy import BackendDefaults, ClientPolicy, ClientPolicyTls
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.policies import CONNECT_TIMEOUT, HTTP_DEFAULT, IDLE, longest, timeouts
from moyai.mesh.app_mesh.rules import Called, Client, called
from moyai.mesh.app_mesh.settings import Settings
from moyai.mesh.ir import (
    Destination,
    Host,
    NamedPass,
    Original,
    OutboundPort,
    OutboundView,
    Protocol,
    Rule,
    StreamSplit,
    Target,
)

_TLS_PORT = 443


class _Ports:
    """What is at each port so far."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._streams: dict[int, tuple[str, StreamSplit]] = {}
        self._hosts: dict[int, dict[str, Host]] = {}
        self._protocols: dict[int, Protocol] = {}

    def add(self, service: VirtualService, at: Called, client: Client) -> None:
        """Have a service at a port, if there is room for it."""
        port, folded = at.port, service.name.lower()
        provider, _ = self._streams.get(port, ("", None))
        is_stream = at.protocol is Protocol.TCP
        if provider or folded in self._hosts.get(port, {}) or (is_stream and port in self._hosts):
            if provider != at.provider:  # else it is another name of the same
                self._part.report(
                    service.arn, f"it is left out at port {port}: another backend before it has its place"
                )
            return
        match at.routing(self._part, client):
            case StreamSplit() as split:
                self._streams[port] = (at.provider, split)
            case rules:
                spoken = self._protocols.setdefault(port, at.protocol)
                self._protocols[port] = spoken if spoken is at.protocol else Protocol.HTTP
                self._hosts.setdefault(port, {})[folded] = host(service.name, port, rules)

    def add_unprovided(self, service: VirtualService) -> None:
        """Have a name that leads nowhere, wherever names count."""
        for port, hosts in self._hosts.items():
            hosts.setdefault(service.name.lower(), host(service.name, port, ()))

    def all(self, rest: tuple[Host, ...]) -> Iterator[OutboundPort]:
        """The ports, in order; ``rest``: for requests with any other name."""
        for port, (_, split) in sorted(self._streams.items()):
            yield OutboundPort(port, Protocol.TCP, split, names.EGRESS_STAT)
        for port, hosts in sorted(self._hosts.items()):
            yield outbound_port(port, self._protocols[port], (*hosts.values(), *rest))


def outbound(part: Part, node: VirtualNode, settings: Settings) -> OutboundView:
    """Everything that the node's proxy lets out."""
    request = _own_request(node)
    ports = _Ports(part)
    unprovided = []
    for backend in node.spec.backends or ():
        service = app_mesh.virtual_service(part.world, node.mesh, backend.virtual_service.virtual_service_name)
        if service is None:
            continue
        client = Client(_policy(backend.virtual_service, node.spec.backend_defaults), request)
        for at in called(part.world, service):
            ports.add(service, at, client)
        if service.spec.provider is None:
            unprovided.append(service)
    for service in unprovided:
        ports.add_unprovided(service)
    passes = _passes(part, settings)
    if not part.mesh.spec.allows_all:
        return OutboundView(ports=tuple(ports.all(())), passes=passes)
    anywhere = part.destination(_original(names.unmodelled_cluster(part.mesh.name)))
    rest = Host(names.UNMODELLED, (names.ANY_HOST,), (Rule((Target(anywhere),), HTTP_DEFAULT),))
    return OutboundView(ports=tuple(ports.all((rest,))), passes=passes, fallback=anywhere)


def host(name: str, port: int, rules: tuple[Rule, ...]) -> Host:
    """A virtual service, as it is called with its port or without."""
    folded = name.lower()
    return Host(name, (folded, f"{folded}:{port}"), rules)


def outbound_port(port: int, protocol: Protocol, hosts: tuple[Host, ...]) -> OutboundPort:
    """A port at which HTTP is called."""
    return OutboundPort(port, protocol, hosts, names.EGRESS_STAT, IDLE, names.egress_routes(port))


def default_policy(defaults: BackendDefaults | None) -> ClientPolicyTls | None:
    """For what is called without a policy of its own."""
    return _tls(None if defaults is None else defaults.client_policy)


def _policy(backend: VirtualServiceBackend, defaults: BackendDefaults | None) -> ClientPolicyTls | None:
    return default_policy(defaults) if backend.client_policy is None else _tls(backend.client_policy)


def _tls(policy: ClientPolicy | None) -> ClientPolicyTls | None:
    return None if policy is None else policy.tls


def _own_request(node: VirtualNode) -> float:
    """The seconds that the node's listeners give a request; 0 = as many as it takes, or it has none for requests."""
    protocols = ((Protocol(one.port_mapping.protocol), one.timeout) for one in node.spec.listeners or ())
    found = [timeouts(p, None if t is None else t.one) for p, t in protocols if p is not Protocol.TCP]
    return longest(found).request if found else 0


def _passes(part: Part, settings: Settings) -> tuple[NamedPass, ...]:
    if not settings.passed_names:
        return ()
    name = part.destination(_original(names.passed_cluster(part.mesh.name)))
    return (NamedPass(_TLS_PORT, settings.passed_names, name),)


def _original(name: str) -> Destination:
    return Destination(name, Original(), Protocol.TCP, CONNECT_TIMEOUT)
