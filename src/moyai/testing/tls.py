"""Service Connect configurations with TLS, for tests."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.config import ConnectTls, IssuerCertificateAuthority, ServiceConnectConfiguration
from moyai.kernel.ids import CertificateAuthorityArn


def with_tls(
    configuration: ServiceConnectConfiguration | None, authority: CertificateAuthorityArn | None
) -> ServiceConnectConfiguration | None:
    """The configuration with TLS for every service that it offers."""
    if configuration is None:
        return None
    tls = ConnectTls(IssuerCertificateAuthority(authority))
    return replace(configuration, services=tuple(replace(s, tls=tls) for s in configuration.services))
