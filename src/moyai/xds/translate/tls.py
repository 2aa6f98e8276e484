"""TLS between proxies: version 1.3 and nothing else, the server's side shown, the client's side checked.

The server's certificate and key come as a secret of their own, so a new one changes no listener and closes no
connection; what a client trusts is part of its cluster. No session is taken up again: each connection shows its
certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2

from moyai.mesh.ir import Certificate, Protocol, Trust
from moyai.xds.translate import names
from moyai.xds.translate.proto import packed, seconds
from moyai.xds.translate.source import ads

_SOCKET = "envoy.transport_sockets.tls"
_SPOKEN: Mapping[Protocol, tuple[str, ...]] = MappingProxyType(
    {Protocol.TCP: (), Protocol.HTTP: ("http/1.1",), Protocol.HTTP2: ("h2",), Protocol.GRPC: ("h2",)}
)
_HEARD = ("h2", "http/1.1")
_HANDSHAKE = 10.0
"""Seconds that a connection may take to say who it wants to be."""


def secret(certificate: Certificate) -> secret_pb2.Secret:
    """A certificate with its key."""
    return secret_pb2.Secret(
        name=names.certificate(certificate.name),
        tls_certificate=common_pb2.TlsCertificate(
            certificate_chain=base_pb2.DataSource(inline_string=certificate.chain),
            private_key=base_pb2.DataSource(inline_string=certificate.private.reveal()),
        ),
    )


def encrypt(chain: listener_components_pb2.FilterChain, certificate: str, protocol: Protocol) -> None:
    """Have connections shown the certificate of this name; until it is there, the listener does not open."""
    common = _common(() if protocol is Protocol.TCP else _HEARD)
    source = ads()
    source.initial_fetch_timeout.CopyFrom(seconds(0))
    common.tls_certificate_sds_secret_configs.add(name=names.certificate(certificate), sds_config=source)
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=common, disable_stateless_session_resumption=True, disable_stateful_session_resumption=True
    )
    chain.transport_socket.CopyFrom(base_pb2.TransportSocket(name=_SOCKET, typed_config=packed(context)))
    chain.transport_socket_connect_timeout.CopyFrom(seconds(_HANDSHAKE))


def client_sockets(trusts: Iterable[Trust], protocol: Protocol) -> list[cluster_pb2.Cluster.TransportSocketMatch]:
    """How members of each issuer are spoken to; those that name none are spoken to in plain text."""
    return [_client_socket(trust, protocol) for trust in trusts]


def _client_socket(trust: Trust, protocol: Protocol) -> cluster_pb2.Cluster.TransportSocketMatch:
    name = common_pb2.SubjectAltNameMatcher(
        san_type=common_pb2.SubjectAltNameMatcher.DNS, matcher=string_pb2.StringMatcher(exact=trust.name)
    )
    common = _common(_SPOKEN[protocol])
    common.validation_context.CopyFrom(
        common_pb2.CertificateValidationContext(
            trusted_ca=base_pb2.DataSource(inline_string="".join(trust.roots)), match_typed_subject_alt_names=[name]
        )
    )
    context = tls_pb2.UpstreamTlsContext(common_tls_context=common, sni=trust.name)
    context.max_session_keys.value = 0
    found = cluster_pb2.Cluster.TransportSocketMatch(
        name=trust.issuer, transport_socket=base_pb2.TransportSocket(name=_SOCKET, typed_config=packed(context))
    )
    found.match[names.ISSUER] = trust.issuer
    return found


def _common(alpn: Iterable[str]) -> tls_pb2.CommonTlsContext:
    version = common_pb2.TlsParameters.TLSv1_3
    params = common_pb2.TlsParameters(tls_minimum_protocol_version=version, tls_maximum_protocol_version=version)
    return tls_pb2.CommonTlsContext(tls_params=params, alpn_protocols=alpn)
