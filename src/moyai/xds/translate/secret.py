"""Certificates and trusted authorities as Secrets: resources of their own, so that a renewed certificate changes no
listener and closes no connection.

A certificate in a file is also served as a secret, because only then Envoy reads the file again when it is replaced. A
secret of the proxy's own SDS server is fetched there; the proxy's bootstrap has that server's address.
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/security/secret
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, config_source_pb2, grpc_service_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2

from moyai.kernel.clock import Seconds
from moyai.mesh.ir import (
    AnyCertificate,
    Certificate,
    CertificateFile,
    CertificateRef,
    CertificateSecret,
    TrustedFile,
    TrustedSecret,
)
from moyai.xds.translate import names
from moyai.xds.translate.proto import duration
from moyai.xds.translate.source import ads_source


def secret(certificate: Certificate) -> secret_pb2.Secret:
    """A certificate with its key."""
    return secret_pb2.Secret(
        name=names.certificate(certificate.name),
        tls_certificate=common_pb2.TlsCertificate(
            certificate_chain=base_pb2.DataSource(inline_string=certificate.chain),
            private_key=base_pb2.DataSource(inline_string=certificate.private.reveal()),
        ),
    )


def file_secret(file: CertificateFile | TrustedFile) -> secret_pb2.Secret:
    """A certificate or an authority that Envoy reads from files of its machine."""
    message = secret_pb2.Secret(name=names.file_secret(file))
    match file:
        case CertificateFile(chain, private):
            message.tls_certificate.certificate_chain.filename = chain
            message.tls_certificate.private_key.filename = private
        case TrustedFile(path):
            message.validation_context.trusted_ca.filename = path
    return message


def reference(material: AnyCertificate | TrustedFile | TrustedSecret, wait: Seconds) -> secret_pb2.SdsSecretConfig:
    """A reference to a secret. The resource that needs the secret becomes ready without it after ``wait``; never if
    ``wait`` is 0.
    """
    name, source = _location(material)
    source.initial_fetch_timeout.CopyFrom(duration(wait))
    return secret_pb2.SdsSecretConfig(name=name, sds_config=source)


def _location(material: AnyCertificate | TrustedFile | TrustedSecret) -> tuple[str, config_source_pb2.ConfigSource]:
    match material:
        case CertificateRef(certificate):
            return names.certificate(certificate), ads_source()
        case CertificateSecret(name) | TrustedSecret(name):
            return name, _secret_server()
        case file:
            return names.file_secret(file), ads_source()


def _secret_server() -> config_source_pb2.ConfigSource:
    server = grpc_service_pb2.GrpcService(
        envoy_grpc=grpc_service_pb2.GrpcService.EnvoyGrpc(cluster_name=names.SECRETS_CLUSTER)
    )
    return config_source_pb2.ConfigSource(
        api_config_source=config_source_pb2.ApiConfigSource(
            api_type=config_source_pb2.ApiConfigSource.GRPC,
            transport_api_version=config_source_pb2.ApiVersion.V3,
            grpc_services=[server],
        ),
        resource_api_version=config_source_pb2.ApiVersion.V3,
    )
