"""TLS of a front proxy's listeners. Every client is accepted; of several certificates the client's SNI selects one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from envoy.config.core.v3 import base_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, tls_pb2

from moyai.kernel.clock import Seconds
from moyai.mesh.ir import CertificateRef, FrontTls
from moyai.xds.translate.proto import duration, to_any
from moyai.xds.translate.secret import reference

_FOR_EVER = Seconds(0)
_HANDSHAKE_TIMEOUT = 10.0
"""Seconds."""
_VERSIONS: Mapping[str, common_pb2.TlsParameters.TlsProtocol] = MappingProxyType(
    {
        "1.0": common_pb2.TlsParameters.TLSv1_0,
        "1.1": common_pb2.TlsParameters.TLSv1_1,
        "1.2": common_pb2.TlsParameters.TLSv1_2,
        "1.3": common_pb2.TlsParameters.TLSv1_3,
    }
)


def encrypt_front(chain: listener_components_pb2.FilterChain, tls: FrontTls) -> None:
    """Encrypt a filter chain's connections. The listener opens when all certificates are there."""
    params = common_pb2.TlsParameters(
        tls_minimum_protocol_version=_VERSIONS[tls.oldest],
        tls_maximum_protocol_version=_VERSIONS[tls.newest],
        cipher_suites=tls.ciphers,
    )
    common = tls_pb2.CommonTlsContext(tls_params=params, alpn_protocols=tls.alpn)
    references = (reference(CertificateRef(name), _FOR_EVER) for name in tls.certificates)
    common.tls_certificate_sds_secret_configs.extend(references)
    context = tls_pb2.DownstreamTlsContext(common_tls_context=common)
    socket = base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=to_any(context))
    chain.transport_socket.CopyFrom(socket)
    chain.transport_socket_connect_timeout.CopyFrom(duration(_HANDSHAKE_TIMEOUT))
