"""The bootstrap of an external proxy: that of App Mesh's agent, with another connection to the control plane.

Promise: over a Unix socket the proxy needs its node id only. Over TCP it accepts only a certificate for one server name
by the given authorities, and presents a token or a certificate of its own. Its admin interface listens at the requested
address and writes no access log. The bootstrap contains the token, so only its user may read it.
"""

from __future__ import annotations

import msgspec
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, config_source_pb2, grpc_service_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from moyai.domain.appmesh.agent_settings import Agent
from moyai.kernel.secret import Secret
from moyai.mesh.ir import ClientTls, PeerCheck, Protocol, TrustedRoots
from moyai.xds.translate.agent_bootstrap import agent_message
from moyai.xds.translate.bootstrap import to_json
from moyai.xds.translate.bootstrap_settings import BootstrapSettings
from moyai.xds.translate.cluster import pipe_cluster
from moyai.xds.translate.control_plane import grpc_service
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.names import XDS_CLUSTER
from moyai.xds.translate.proto import to_any
from moyai.xds.translate.source import single_endpoint
from moyai.xds.translate.stats import grpc_sink
from moyai.xds.translate.stats_filter import drop_unused_stats
from moyai.xds.translate.tls import client_socket


class UnixTransport(msgspec.Struct, frozen=True):
    """A Unix socket of this machine."""

    path: str


class TlsTransport(msgspec.Struct, frozen=True):
    """TCP with TLS. ``authorities``: the authorities that may issue the server's certificate for ``server_name``, as
    PEM; ``certificate``: the paths of the proxy's own chain and key.
    """

    host: str
    port: int
    authorities: str
    server_name: str
    token: Secret | None = None
    certificate: tuple[str, str] | None = None


class ExternalProxy(msgspec.Struct, frozen=True):
    """An external proxy. ``admin``: address and port of its admin interface; ``state_of_the_world``: whether it uses
    that variant of ADS instead of delta.
    """

    agent: Agent
    transport: UnixTransport | TlsTransport
    admin: tuple[str, int]
    state_of_the_world: bool = False


def external_bootstrap(proxy: ExternalProxy, settings: BootstrapSettings) -> bytes:
    """The bootstrap, as JSON in UTF-8."""
    message = agent_message(proxy.agent, settings)
    message.admin.CopyFrom(bootstrap_pb2.Admin(address=socket_address(*proxy.admin)))
    if proxy.state_of_the_world:
        message.dynamic_resources.ads_config.api_type = config_source_pb2.ApiConfigSource.GRPC
    _replace_cluster(message, _control_plane_cluster(proxy.transport))
    reports = grpc_service(proxy.agent.proxy)
    if isinstance(proxy.transport, TlsTransport) and proxy.transport.token is not None:
        for service in (reports, message.dynamic_resources.ads_config.grpc_services[0]):
            _add_token(service, proxy.transport.token)
    message.stats_sinks.append(grpc_sink(reports, drop_unused_stats()))
    return to_json(message)


def _control_plane_cluster(transport: UnixTransport | TlsTransport) -> cluster_pb2.Cluster:
    if isinstance(transport, UnixTransport):
        return pipe_cluster(XDS_CLUSTER, transport.path)
    cluster = pipe_cluster(XDS_CLUSTER, "")
    cluster.type, cluster.dns_lookup_family = cluster_pb2.Cluster.STRICT_DNS, cluster_pb2.Cluster.ALL
    cluster.load_assignment.CopyFrom(single_endpoint(XDS_CLUSTER, socket_address(transport.host, transport.port)))
    check = PeerCheck(TrustedRoots((transport.authorities,)), (transport.server_name,))
    tls = ClientTls(check, server_name=transport.server_name)
    cluster.transport_socket.CopyFrom(client_socket(tls, Protocol.GRPC))
    if transport.certificate is not None:
        context = tls_pb2.UpstreamTlsContext()
        cluster.transport_socket.typed_config.Unpack(context)
        chain, private = transport.certificate
        own = context.common_tls_context.tls_certificates.add()
        own.certificate_chain.filename, own.private_key.filename = chain, private
        cluster.transport_socket.typed_config.CopyFrom(to_any(context))
    return cluster


def _replace_cluster(message: bootstrap_pb2.Bootstrap, cluster: cluster_pb2.Cluster) -> None:
    """Replace the cluster of the same name."""
    clusters = message.static_resources.clusters
    index = next(index for index, other in enumerate(clusters) if other.name == cluster.name)
    clusters[index].CopyFrom(cluster)


def _add_token(service: grpc_service_pb2.GrpcService, token: Secret) -> None:
    service.initial_metadata.append(base_pb2.HeaderValue(key="authorization", value=f"Bearer {token.reveal()}"))
