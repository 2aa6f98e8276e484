"""TLS: the server's side shown, the client's side checked, and the other way round where both are asked for.

Certificates, and authorities in files, are secrets. No session is taken up again: each connection shows its
certificate. A listener whose certificate is missing does not open; a cluster whose certificate is missing for a while
gets ready without, because everything else that a proxy is told waits for its clusters, and sends nothing until it has
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2
from envoy.type.matcher.v3 import string_pb2

from moyai.kernel.clock import Seconds
from moyai.mesh.ir import ClientTls, PeerCheck, Protocol, ServerTls, Trust, TrustedRoots
from moyai.xds.translate import names
from moyai.xds.translate.proto import packed, seconds
from moyai.xds.translate.secret import reference

TLS = "tls"
"""What filter chains call it."""
_SOCKET = "envoy.transport_sockets.tls"
_SPOKEN: Mapping[Protocol, tuple[str, ...]] = MappingProxyType(
    {Protocol.TCP: (), Protocol.HTTP: ("http/1.1",), Protocol.HTTP2: ("h2",), Protocol.GRPC: ("h2",)}
)
_HEARD = ("h2", "http/1.1")
_HANDSHAKE = 10.0
"""Seconds that a connection may take to say who it wants to be."""
_FOR_EVER, _A_WHILE = Seconds(0), Seconds(5)
_OLDEST, _NEWEST = common_pb2.TlsParameters.TLSv1_2, common_pb2.TlsParameters.TLSv1_3


def encrypt(chain: listener_components_pb2.FilterChain, tls: ServerTls, protocol: Protocol) -> None:
    """Have connections shown the certificate, and asked for theirs where callers are checked."""
    common = _common(() if protocol is Protocol.TCP else _HEARD, _NEWEST if tls.newest_only else _OLDEST)
    common.tls_certificate_sds_secret_configs.append(reference(tls.shown, _FOR_EVER))
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=common, disable_stateless_session_resumption=True, disable_stateful_session_resumption=True
    )
    if tls.callers is not None:
        context.require_client_certificate.value = True
        _check(context.common_tls_context, tls.callers, _FOR_EVER)
    chain.transport_socket.CopyFrom(base_pb2.TransportSocket(name=_SOCKET, typed_config=packed(context)))
    chain.transport_socket_connect_timeout.CopyFrom(seconds(_HANDSHAKE))


def client_socket(tls: ClientTls, protocol: Protocol) -> base_pb2.TransportSocket:
    """How members that name no issuer are spoken to."""
    common = _common(_SPOKEN[protocol], _OLDEST)
    if tls.check is not None:
        _check(common, tls.check, _A_WHILE)
    if tls.shown is not None:
        common.tls_certificate_sds_secret_configs.append(reference(tls.shown, _A_WHILE))
    return _client(common, tls.server_name)


def issuer_sockets(trusts: Iterable[Trust], protocol: Protocol) -> list[cluster_pb2.Cluster.TransportSocketMatch]:
    """How members of each issuer are spoken to."""
    return [_issuer_socket(trust, protocol) for trust in trusts]


def _issuer_socket(trust: Trust, protocol: Protocol) -> cluster_pb2.Cluster.TransportSocketMatch:
    common = _common(_SPOKEN[protocol], _NEWEST)
    _check(common, PeerCheck(TrustedRoots(trust.roots), (trust.name,)), _A_WHILE)
    found = cluster_pb2.Cluster.TransportSocketMatch(name=trust.issuer, transport_socket=_client(common, trust.name))
    found.match[names.ISSUER] = trust.issuer
    return found


def _client(common: tls_pb2.CommonTlsContext, server_name: str) -> base_pb2.TransportSocket:
    context = tls_pb2.UpstreamTlsContext(common_tls_context=common, sni=server_name)
    context.max_session_keys.value = 0
    return base_pb2.TransportSocket(name=_SOCKET, typed_config=packed(context))


def _check(common: tls_pb2.CommonTlsContext, check: PeerCheck, wait: Seconds) -> None:
    """Envoy refuses names without authorities: those that come as a secret are put beside them when it is there."""
    asked = common_pb2.CertificateValidationContext(match_typed_subject_alt_names=map(_name, check.names))
    if isinstance(check.trusted, TrustedRoots):
        asked.trusted_ca.inline_string = "".join(check.trusted.roots)
        common.validation_context.CopyFrom(asked)
    else:
        common.combined_validation_context.default_validation_context.CopyFrom(asked)
        secret = reference(check.trusted, wait)
        common.combined_validation_context.validation_context_sds_secret_config.CopyFrom(secret)


def _name(name: str) -> common_pb2.SubjectAltNameMatcher:
    matcher = common_pb2.SubjectAltNameMatcher
    kind = matcher.URI if ":" in name else matcher.DNS
    return matcher(san_type=kind, matcher=string_pb2.StringMatcher(exact=name))


def _common(alpn: Iterable[str], oldest: common_pb2.TlsParameters.TlsProtocol) -> tls_pb2.CommonTlsContext:
    params = common_pb2.TlsParameters(tls_minimum_protocol_version=oldest, tls_maximum_protocol_version=_NEWEST)
    return tls_pb2.CommonTlsContext(tls_params=params, alpn_protocols=alpn)
