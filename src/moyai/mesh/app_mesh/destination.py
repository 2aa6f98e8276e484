"""A virtual node as one of its clients calls it.

Promise: the same virtual node may be called otherwise by each client, and by one client under each of its policies,
since both of them say whether there is TLS. Outlier detection and health checks of the node's listener are those of its
clients. What Service Connect registered shows its own certificates or none, whatever the listener says, and is only
called where the client's policy allows it.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_nodes.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.appmesh.client_policy import ClientPolicyTls
from moyai.domain.appmesh.discovery import CloudMapServiceDiscovery, DnsResponseType, ServiceDiscovery
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.family import addresses
from moyai.mesh.app_mesh.members import Answering, Asked, found_in, members
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.policies import CONNECT_TIMEOUT, health_check, outlier
from moyai.mesh.app_mesh.tls import Spoken, believed, client_tls
from moyai.mesh.ir import ClientTls, Destination, Grouped, Named, Protocol, Source, Trust
from moyai.mesh.service_connect.tls import trusts_of


class _Server(NamedTuple):
    """A virtual node's port. ``policy``: the client's, where it has one that holds for that."""

    node: VirtualNode
    listener: NodeListener
    discovery: ServiceDiscovery
    policy: ClientPolicyTls | None

    @property
    def port(self) -> int:
        """The listener's."""
        return self.listener.port_mapping.port

    @property
    def protocol(self) -> Protocol:
        """The listener's."""
        return Protocol(self.listener.port_mapping.protocol)

    @property
    def is_enforced(self) -> bool:
        """Whether the client says itself how it is spoken to."""
        return self.policy is not None and self.policy.enforced

    @property
    def name(self) -> str:
        """Under which it is found, and what its certificate is for where clients don't say; may be empty."""
        if self.discovery.dns is not None:
            return self.discovery.dns.hostname
        asked = self.discovery.aws_cloud_map
        return "" if asked is None else f"{asked.service_name}.{asked.namespace_name}"


class _Reached(NamedTuple):
    """Where the server is, and how it is spoken to there."""

    source: Source
    tls: ClientTls | None = None
    trusts: tuple[Trust, ...] = ()


def destination(part: Part, node: VirtualNode, listener: NodeListener, policy: ClientPolicyTls | None) -> str:
    """The name of the destination that a client with this policy calls."""
    discovery = node.spec.service_discovery or ServiceDiscovery()
    said = policy if policy is not None and policy.holds_for(listener.port_mapping.port) else None
    server = _Server(node, listener, discovery, said)
    reached = _reached(part, server, client_tls(part.world, said, listener.tls, server.name))
    return part.destination(
        Destination(
            name=_label(part, server),
            source=reached.source,
            protocol=server.protocol,
            connect_timeout=CONNECT_TIMEOUT,
            outlier=outlier(listener.outlier_detection),
            trusts=reached.trusts,
            tls=reached.tls,
            health_check=health_check(listener.health_check),
        )
    )


def _label(part: Part, server: _Server) -> str:
    return names.node_cluster(part.mesh.name, server.node.name, server.protocol, server.port)


def _reached(part: Part, server: _Server, spoken: Spoken) -> _Reached:
    dns, asked = server.discovery.dns, server.discovery.aws_cloud_map
    if asked is not None:
        return _in_cloud_map(part, server, asked, spoken)
    if dns is not None and spoken.believes:
        each, family = dns.response_type is DnsResponseType.ENDPOINTS, addresses(part.mesh, server.node).family
        return _Reached(Named(dns.hostname, server.port, each, family), spoken.tls)
    why = "it doesn't say how it is found" if dns is None else "nobody is known whose certificates to believe"
    return _nobody(part, server, why)


def _nobody(part: Part, server: _Server, why: str) -> _Reached:
    part.report(server.node.arn, f"nothing is sent to its port {server.port}: {why}")
    return _Reached(Grouped(part.group(_label(part, server))))


def _in_cloud_map(part: Part, server: _Server, asked: CloudMapServiceDiscovery, spoken: Spoken) -> _Reached:
    service = found_in(part.world, server.node, asked)
    if service is None:
        return _nobody(part, server, f"Cloud Map has no service {server.name}")
    attributes = {attribute.key: attribute.value for attribute in asked.attributes or ()}
    wanted = Asked(attributes, addresses(part.mesh, server.node).attributes, server.port)
    found = members(part, service, wanted)
    known = () if service.owner is None else trusts_of(part.world, service)
    trusts = tuple(trust for trust in known if believed(server.policy, trust))
    spoken = Spoken() if _is_as_it_is(server, found) else spoken
    issuers = frozenset(trust.issuer for trust in trusts)
    called = tuple(one.member for one in found if _may_be_called(one, spoken, issuers))
    if len(called) < len(found):
        left = f"{len(found) - len(called)} of {len(found)} members at port {server.port} are left out"
        part.report(server.node.arn, f"{left}: they show nothing that a client may believe")
    return _Reached(Grouped(part.group(_label(part, server), called)), spoken.tls, trusts)


def _is_as_it_is(server: _Server, found: tuple[Answering, ...]) -> bool:
    """Whether the client only does as the server does, and the server is all Service Connect's by now."""
    return not server.is_enforced and bool(found) and all(one.is_connected for one in found)


def _may_be_called(one: Answering, spoken: Spoken, issuers: frozenset[str]) -> bool:
    if one.member.issuer:
        return one.member.issuer in issuers
    return spoken.believes and not (one.is_connected and spoken.tls is not None)
