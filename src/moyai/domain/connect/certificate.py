"""Certificates of the endpoints of Service Connect.

Promise: one for each discovery name and authority, so that tasks of an older deployment keep theirs while a newer one
has another authority. Its private key is a Secret: it is in the store and in the proxies' memory, and nowhere else.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-tls.html
"""

from __future__ import annotations

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn, DiscoveryServiceArn, ServiceArn
from moyai.kernel.secret import Secret


class ServerCertificate(StoredRecord, frozen=True, tag="server_certificate"):
    """What a service's proxies show under one discovery name. All texts are PEM but ``name`` and ``serial``."""

    service: ServiceArn
    discovery_service: DiscoveryServiceArn
    authority: CertificateAuthorityArn
    name: str
    """The subject alternative name, a DNS name, that callers insist on."""
    chain: str
    """The certificate and those above it, without the root."""
    private: Secret
    roots: tuple[str, ...]
    """What callers trust: the root, and the one before while somebody may still show a certificate of it."""
    serial: str
    issued_at: Instant
    not_after: Instant
    renew_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return certificate_key(self.discovery_service, self.authority)


def certificate_key(discovery_service: DiscoveryServiceArn, authority: CertificateAuthorityArn) -> str:
    """Under which the certificate for this name by this authority is kept."""
    return f"{discovery_service}/{authority.rpartition('/')[2]}"
