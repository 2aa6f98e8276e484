"""The workload of a virtual node.

Promise: the node's own proxy applies the timeouts, connection pools and TLS of its listeners; the statistics of a port
have the port in their name if the node has several.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_nodes.html
"""

from __future__ import annotations

from moyai.domain.appmesh.discovery import loopback_of
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.queries.app_mesh import ip_preference
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.ip_addressing import ip_addressing
from moyai.mesh.app_mesh.outbound import AppMeshOptions, outbound
from moyai.mesh.app_mesh.policies import APP_CONNECT_TIMEOUT, access_log, limits, timeouts
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.app_mesh.tls import has_certificate, server_tls
from moyai.mesh.ir import InboundPort, Protocol, Workload


def node_workload(shard: ShardBuilder, node: VirtualNode, settings: AppMeshOptions) -> Workload:
    """The workload of all proxies that represent the node."""
    at = ip_addressing(shard.mesh, node)
    return Workload(
        id=WorkloadId(node.arn),
        zone="",
        ingress_port=names.INGRESS_PORT,
        egress_port=names.EGRESS_PORT,
        inbound=tuple(
            _inbound(shard, node, listener)
            for listener in node.spec.listeners or ()
            if has_certificate(shard, node.arn, listener.port_mapping.port, listener.tls)
        ),
        outbound=outbound(shard, node, settings),
        access_log=access_log(node.spec.logging),
        ingress_label=names.ingress_listener(at.everywhere),
        egress_label=names.egress_listener(at.everywhere),
        everywhere=at.everywhere,
        egress_address=at.egress,
        egress_stat_name=names.egress_stat(at.everywhere, at.egress),
        normal_paths=True,
        traced=True,
    )


def _inbound(shard: ShardBuilder, node: VirtualNode, listener: NodeListener) -> InboundPort:
    port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
    pool = listener.connection_pool
    return InboundPort(
        port=port,
        protocol=protocol,
        timeouts=timeouts(protocol, None if listener.timeout is None else listener.timeout.member),
        connect_timeout=APP_CONNECT_TIMEOUT,
        stat_name=names.ingress_stat(protocol, port, only=len(node.spec.listeners or ()) == 1),
        app_address=loopback_of(ip_preference(shard.mesh, node)),
        tls=server_tls(shard, listener.tls),
        limits=limits(None if pool is None else pool.member),
        cluster_label=names.app_cluster(shard.mesh.name, node.name, protocol, port),
        routes_label=names.ingress_routes(port),
    )
