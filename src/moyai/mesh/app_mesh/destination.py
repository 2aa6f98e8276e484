"""A virtual node as a destination of a client.

Promise: a virtual node becomes a separate destination for each client and each of the client's policies, because client
and policy determine TLS. Outlier detection and health checks of the node's listener apply to all its clients. Members
that Service Connect registered present its certificates or none, whatever the listener says, and are called only if the
client's policy allows it.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_nodes.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.appmesh.client_policy import ClientPolicyTls
from moyai.domain.appmesh.discovery import CloudMapServiceDiscovery, DnsResponseType, ServiceDiscovery
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.cloud_map import InstanceFilter, NodeMember, find_discovery_service, node_members
from moyai.mesh.app_mesh.ip_addressing import ip_addressing
from moyai.mesh.app_mesh.policies import CONNECT_TIMEOUT, health_check, outlier
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.app_mesh.tls import Encryption, accepts_issuer, client_encryption
from moyai.mesh.ir import ClientTls, Destination, DnsSource, EndpointGroupSource, IssuerTrust, Protocol, Source
from moyai.mesh.service_connect.tls import trusts_of


class _Server(NamedTuple):
    """A port of a virtual node. ``policy``: the client's TLS policy, if it has one for this port."""

    node: VirtualNode
    listener: NodeListener
    discovery: ServiceDiscovery
    policy: ClientPolicyTls | None

    @property
    def port(self) -> int:
        return self.listener.port_mapping.port

    @property
    def protocol(self) -> Protocol:
        return Protocol(self.listener.port_mapping.protocol)

    @property
    def is_enforced(self) -> bool:
        """Whether the client's policy decides on TLS, instead of the server."""
        return self.policy is not None and self.policy.enforced

    @property
    def name(self) -> str:
        """The name by which the server is discovered, and the default name of its certificate; may be empty."""
        if self.discovery.dns is not None:
            return self.discovery.dns.hostname
        cloud_map = self.discovery.aws_cloud_map
        return "" if cloud_map is None else f"{cloud_map.service_name}.{cloud_map.namespace_name}"


class _Endpoints(NamedTuple):
    """The source of a server's endpoints, and how they are called."""

    source: Source
    tls: ClientTls | None = None
    trusts: tuple[IssuerTrust, ...] = ()


def add_destination(
    shard: ShardBuilder, node: VirtualNode, listener: NodeListener, policy: ClientPolicyTls | None
) -> str:
    """Add the virtual node as a client with this policy calls it, and return the destination's name."""
    discovery = node.spec.service_discovery or ServiceDiscovery()
    applicable = policy if policy is not None and policy.holds_for(listener.port_mapping.port) else None
    server = _Server(node, listener, discovery, applicable)
    encryption = client_encryption(shard.world, applicable, listener.tls, server.name)
    endpoints = _endpoints(shard, server, encryption)
    return shard.add_destination(
        Destination(
            name=_cluster_name(shard, server),
            source=endpoints.source,
            protocol=server.protocol,
            connect_timeout=CONNECT_TIMEOUT,
            outlier=outlier(listener.outlier_detection),
            trusts=endpoints.trusts,
            tls=endpoints.tls,
            health_check=health_check(listener.health_check),
        )
    )


def _cluster_name(shard: ShardBuilder, server: _Server) -> str:
    return names.node_cluster(shard.mesh.name, server.node.name, server.protocol, server.port)


def _endpoints(shard: ShardBuilder, server: _Server, encryption: Encryption) -> _Endpoints:
    dns, cloud_map = server.discovery.dns, server.discovery.aws_cloud_map
    if cloud_map is not None:
        return _cloud_map_endpoints(shard, server, cloud_map, encryption)
    if dns is not None and encryption.is_possible:
        each_address = dns.response_type is DnsResponseType.ENDPOINTS
        family = ip_addressing(shard.mesh, server.node).family
        return _Endpoints(DnsSource(dns.hostname, server.port, each_address, family), encryption.tls)
    why = "it has no service discovery" if dns is None else "no authority is known that its clients could trust"
    return _no_endpoints(shard, server, why)


def _no_endpoints(shard: ShardBuilder, server: _Server, why: str) -> _Endpoints:
    shard.report(server.node.arn, f"nothing is sent to its port {server.port}: {why}")
    return _Endpoints(EndpointGroupSource(shard.add_group(_cluster_name(shard, server))))


def _cloud_map_endpoints(
    shard: ShardBuilder, server: _Server, discovery: CloudMapServiceDiscovery, encryption: Encryption
) -> _Endpoints:
    service = find_discovery_service(shard.world, server.node, discovery)
    if service is None:
        return _no_endpoints(shard, server, f"Cloud Map has no service {server.name}")
    attributes = {attribute.key: attribute.value for attribute in discovery.attributes or ()}
    selector = InstanceFilter(attributes, ip_addressing(shard.mesh, server.node).attributes, server.port)
    members = node_members(shard, service, selector)
    service_trusts = () if service.owner is None else trusts_of(shard.world, service)
    trusts = tuple(trust for trust in service_trusts if accepts_issuer(server.policy, trust))
    encryption = Encryption() if _follows_service_connect(server, members) else encryption
    issuers = frozenset(trust.issuer for trust in trusts)
    callable_members = tuple(each.member for each in members if _is_callable(each, encryption, issuers))
    if len(callable_members) < len(members):
        text = f"{len(members) - len(callable_members)} of {len(members)} members at port {server.port} are left out"
        shard.report(server.node.arn, f"{text}: they present no certificate that a client may trust")
    group = shard.add_group(_cluster_name(shard, server), callable_members)
    return _Endpoints(EndpointGroupSource(group), encryption.tls, trusts)


def _follows_service_connect(server: _Server, members: tuple[NodeMember, ...]) -> bool:
    """Whether the server decides on TLS, and Service Connect registered all of its members."""
    return not server.is_enforced and bool(members) and all(each.is_connected for each in members)


def _is_callable(node_member: NodeMember, encryption: Encryption, issuers: frozenset[str]) -> bool:
    if node_member.member.issuer:
        return node_member.member.issuer in issuers
    return encryption.is_possible and not (node_member.is_connected and encryption.tls is not None)
