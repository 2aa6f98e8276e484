"""A virtual node's proxy.

Promise: timeouts, connection pools and TLS of a listener are its own proxy's; each port's traffic is counted under the
port where there are several.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/virtual_nodes.html
"""

from __future__ import annotations

from moyai.domain.appmesh.discovery import loopback_of
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.queries.app_mesh import ip_preference
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import names
from moyai.mesh.app_mesh.access_log import access_log
from moyai.mesh.app_mesh.family import addresses
from moyai.mesh.app_mesh.outbound import outbound
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.policies import APP_CONNECT_TIMEOUT, limits, timeouts
from moyai.mesh.app_mesh.settings import Settings
from moyai.mesh.app_mesh.tls import may_open, server_tls
from moyai.mesh.ir import InboundPort, Protocol, Workload


def node_workload(part: Part, node: VirtualNode, settings: Settings) -> Workload:
    """What all proxies are led as that stand for the node."""
    found = addresses(part.mesh, node)
    return Workload(
        id=WorkloadId(node.arn),
        zone="",
        ingress_port=names.INGRESS_PORT,
        egress_port=names.EGRESS_PORT,
        inbound=tuple(
            _inbound(part, node, listener)
            for listener in node.spec.listeners or ()
            if may_open(part, node.arn, listener.port_mapping.port, listener.tls)
        ),
        outbound=outbound(part, node, settings),
        access_log=access_log(node.spec.logging),
        ingress_label=names.ingress_listener(found.everywhere),
        egress_label=names.egress_listener(found.everywhere),
        everywhere=found.everywhere,
        egress_address=found.egress,
        egress_stat_name=names.egress_stat(found.everywhere, found.egress),
        normal_paths=True,
        traced=True,
    )


def _inbound(part: Part, node: VirtualNode, listener: NodeListener) -> InboundPort:
    port, protocol = listener.port_mapping.port, Protocol(listener.port_mapping.protocol)
    pool = listener.connection_pool
    return InboundPort(
        port=port,
        protocol=protocol,
        timeouts=timeouts(protocol, None if listener.timeout is None else listener.timeout.one),
        connect_timeout=APP_CONNECT_TIMEOUT,
        stat_name=names.ingress_stat(protocol, port, only=len(node.spec.listeners or ()) == 1),
        app_address=loopback_of(ip_preference(part.mesh, node)),
        tls=server_tls(part, listener.tls),
        limits=limits(None if pool is None else pool.one),
        cluster_label=names.app_cluster(part.mesh.name, node.name, protocol, port),
        routes_label=names.ingress_routes(port),
    )
