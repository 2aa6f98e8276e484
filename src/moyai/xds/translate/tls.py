"""TLS transport sockets: the server has a certificate, and the client verifies it; with mutual TLS also vice versa.

Certificates, and authorities in files, are secrets. No TLS session is resumed, so each connection presents its
certificate. A listener whose certificate is missing does not open. A cluster whose certificate is missing becomes ready
after a while, because all other configuration of the proxy waits for its clusters; it sends nothing until it has the
certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2

from moyai.kernel.clock import Seconds
from moyai.mesh.ir import ClientTls, IssuerTrust, PeerCheck, Protocol, ServerTls, TrustedRoots
from moyai.xds.translate import names
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.secret import reference

TLS = "tls"
"""The transport protocol in a filter chain's match."""
_SOCKET = "envoy.transport_sockets.tls"
_CLIENT_ALPN: Mapping[Protocol, tuple[str, ...]] = MappingProxyType(
    {Protocol.TCP: (), Protocol.HTTP: ("http/1.1",), Protocol.HTTP2: ("h2",), Protocol.GRPC: ("h2",)}
)
_SERVER_ALPN = ("h2", "http/1.1")
_HANDSHAKE_TIMEOUT = 10.0
"""Seconds."""
_FOR_EVER, _A_WHILE = Seconds(0), Seconds(5)
_OLDEST, _NEWEST = common_pb2.TlsParameters.TLSv1_2, common_pb2.TlsParameters.TLSv1_3


def encrypt(chain: listener_components_pb2.FilterChain, tls: ServerTls, protocol: Protocol) -> None:
    """Encrypt a filter chain's connections, and verify the clients' certificates where the mesh requires it."""
    common = _common(() if protocol is Protocol.TCP else _SERVER_ALPN, _NEWEST if tls.newest_only else _OLDEST)
    common.tls_certificate_sds_secret_configs.append(reference(tls.certificate, _FOR_EVER))
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=common, disable_stateless_session_resumption=True, disable_stateful_session_resumption=True
    )
    if tls.callers is not None:
        context.require_client_certificate.value = True
        _check(context.common_tls_context, tls.callers, _FOR_EVER)
    chain.transport_socket.CopyFrom(base_pb2.TransportSocket(name=_SOCKET, typed_config=to_any(context)))
    chain.transport_socket_connect_timeout.CopyFrom(duration(_HANDSHAKE_TIMEOUT))


def client_socket(tls: ClientTls, protocol: Protocol) -> base_pb2.TransportSocket:
    """The transport socket for endpoints without an issuer."""
    common = _common(_CLIENT_ALPN[protocol], _OLDEST)
    if tls.check is not None:
        _check(common, tls.check, _A_WHILE)
    if tls.certificate is not None:
        common.tls_certificate_sds_secret_configs.append(reference(tls.certificate, _A_WHILE))
    return _client(common, tls.server_name)


def plain_socket() -> base_pb2.TransportSocket:
    """The transport socket without TLS."""
    config = raw_buffer_pb2.RawBuffer()
    return base_pb2.TransportSocket(name="envoy.transport_sockets.raw_buffer", typed_config=to_any(config))


def local_socket() -> cluster_pb2.Cluster.TransportSocketMatch:
    """The transport socket for endpoints behind an internal listener of the same Envoy: nothing leaves the process."""
    socket = cluster_pb2.Cluster.TransportSocketMatch(name=names.LOCAL, transport_socket=plain_socket())
    socket.match[names.LOCAL] = True
    return socket


def issuer_sockets(trusts: Iterable[IssuerTrust], protocol: Protocol) -> list[cluster_pb2.Cluster.TransportSocketMatch]:
    """The transport sockets for the endpoints of each issuer."""
    return [_issuer_socket(trust, protocol) for trust in trusts]


def _issuer_socket(trust: IssuerTrust, protocol: Protocol) -> cluster_pb2.Cluster.TransportSocketMatch:
    common = _common(_CLIENT_ALPN[protocol], _NEWEST)
    _check(common, PeerCheck(TrustedRoots(trust.roots), (trust.name,)), _A_WHILE)
    socket = cluster_pb2.Cluster.TransportSocketMatch(name=trust.issuer, transport_socket=_client(common, trust.name))
    socket.match[names.ISSUER] = trust.issuer
    return socket


def _client(common: tls_pb2.CommonTlsContext, server_name: str) -> base_pb2.TransportSocket:
    context = tls_pb2.UpstreamTlsContext(common_tls_context=common, sni=server_name)
    context.max_session_keys.value = 0
    return base_pb2.TransportSocket(name=_SOCKET, typed_config=to_any(context))


def _check(common: tls_pb2.CommonTlsContext, check: PeerCheck, wait: Seconds) -> None:
    """Verify a peer's certificate. Envoy refuses names without authorities, so authorities from a secret are combined
    with the names when the secret arrives.
    """
    validation = common_pb2.CertificateValidationContext(match_typed_subject_alt_names=map(_name, check.names))
    if isinstance(check.trusted_ca, TrustedRoots):
        validation.trusted_ca.inline_string = "".join(check.trusted_ca.roots)
        common.validation_context.CopyFrom(validation)
    else:
        common.combined_validation_context.default_validation_context.CopyFrom(validation)
        secret = reference(check.trusted_ca, wait)
        common.combined_validation_context.validation_context_sds_secret_config.CopyFrom(secret)


def _name(name: str) -> common_pb2.SubjectAltNameMatcher:
    matcher = common_pb2.SubjectAltNameMatcher
    kind = matcher.URI if ":" in name else matcher.DNS
    return matcher(san_type=kind, matcher=string_pb2.StringMatcher(exact=name))


def _common(alpn: Iterable[str], oldest: common_pb2.TlsParameters.TlsProtocol) -> tls_pb2.CommonTlsContext:
    params = common_pb2.TlsParameters(tls_minimum_protocol_version=oldest, tls_maximum_protocol_version=_NEWEST)
    return tls_pb2.CommonTlsContext(tls_params=params, alpn_protocols=alpn)
