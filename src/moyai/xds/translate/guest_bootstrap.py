"""What a proxy that no task has is started with: what App Mesh's agent would have written, and another way in.

Promise: by a Unix socket it needs nothing but its node id; over TCP it believes the one name, of one of the authorities
that it is given, and shows a token or a certificate. Its admin interface is where it was asked for, and nothing of it
is written to a file. The bootstrap holds the token: it is for whoever may read that.
"""

from __future__ import annotations

import msgspec
from envoy.config.bootstrap.v3 import bootstrap_pb2
from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, config_source_pb2, grpc_service_pb2
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from moyai.domain.appmesh.agent import Agent
from moyai.kernel.secret import Secret
from moyai.mesh.ir import ClientTls, PeerCheck, Protocol, TrustedRoots
from moyai.xds.translate.agent_bootstrap import agent_message
from moyai.xds.translate.bootstrap import ProxySettings, as_json
from moyai.xds.translate.cluster import pipe_cluster
from moyai.xds.translate.endpoint import socket_address
from moyai.xds.translate.names import XDS_CLUSTER
from moyai.xds.translate.picked import all_others_dropped
from moyai.xds.translate.proto import packed
from moyai.xds.translate.source import only
from moyai.xds.translate.stats import control_plane, grpc_sink
from moyai.xds.translate.tls import client_socket


class BySocket(msgspec.Struct, frozen=True):
    """A Unix socket of this machine."""

    path: str


class ByTls(msgspec.Struct, frozen=True):
    """TCP. ``authorities``: PEM, one of which the certificate for ``server_name`` is of; ``shown``: paths of an own
    certificate's chain and key.
    """

    host: str
    port: int
    authorities: str
    server_name: str
    token: Secret | None = None
    shown: tuple[str, str] | None = None


class Guest(msgspec.Struct, frozen=True):
    """``admin``: address and port. ``whole_sets``: by state-of-the-world ADS instead of delta."""

    agent: Agent
    way: BySocket | ByTls
    admin: tuple[str, int]
    whole_sets: bool = False


def guest_bootstrap(guest: Guest, settings: ProxySettings) -> bytes:
    """The bootstrap, as JSON in UTF-8."""
    message = agent_message(guest.agent, settings)
    message.admin.CopyFrom(bootstrap_pb2.Admin(address=socket_address(*guest.admin)))
    if guest.whole_sets:
        message.dynamic_resources.ads_config.api_type = config_source_pb2.ApiConfigSource.GRPC
    _replace(message, _cluster(guest.way))
    pushes = control_plane(guest.agent.proxy)
    if isinstance(guest.way, ByTls) and guest.way.token is not None:
        for service in (pushes, message.dynamic_resources.ads_config.grpc_services[0]):
            _show(service, guest.way.token)
    message.stats_sinks.append(grpc_sink(pushes, all_others_dropped()))
    return as_json(message)


def _cluster(way: BySocket | ByTls) -> cluster_pb2.Cluster:
    if isinstance(way, BySocket):
        return pipe_cluster(XDS_CLUSTER, way.path)
    cluster = pipe_cluster(XDS_CLUSTER, "")
    cluster.type, cluster.dns_lookup_family = cluster_pb2.Cluster.STRICT_DNS, cluster_pb2.Cluster.ALL
    cluster.load_assignment.CopyFrom(only(XDS_CLUSTER, socket_address(way.host, way.port)))
    check = PeerCheck(TrustedRoots((way.authorities,)), (way.server_name,))
    cluster.transport_socket.CopyFrom(client_socket(ClientTls(check, server_name=way.server_name), Protocol.GRPC))
    if way.shown is not None:
        context = tls_pb2.UpstreamTlsContext()
        cluster.transport_socket.typed_config.Unpack(context)
        chain, private = way.shown
        own = context.common_tls_context.tls_certificates.add()
        own.certificate_chain.filename, own.private_key.filename = chain, private
        cluster.transport_socket.typed_config.CopyFrom(packed(context))
    return cluster


def _replace(message: bootstrap_pb2.Bootstrap, cluster: cluster_pb2.Cluster) -> None:
    """Put another way to the control plane in the place of the agent's."""
    clusters = message.static_resources.clusters
    found = next(place for place, one in enumerate(clusters) if one.name == cluster.name)
    clusters[found].CopyFrom(cluster)


def _show(service: grpc_service_pb2.GrpcService, token: Secret) -> None:
    service.initial_metadata.append(base_pb2.HeaderValue(key="authorization", value=f"Bearer {token.reveal()}"))
