"""Certificates of Service Connect's endpoints.

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
    """The certificate that a service's proxies present for one discovery name. All texts but ``name`` and ``serial``
    are PEM.
    """

    service: ServiceArn
    discovery_service: DiscoveryServiceArn
    authority: CertificateAuthorityArn
    name: str
    """The DNS name that callers require as subject alternative name."""
    chain: str
    """The certificate and its intermediates, without the root."""
    private: Secret
    roots: tuple[str, ...]
    """The roots that callers trust: the current one, and the previous one while proxies may present its certificates.
    """
    serial: str
    issued_at: Instant
    not_after: Instant
    renew_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return certificate_key(self.discovery_service, self.authority)


def certificate_key(discovery_service: DiscoveryServiceArn, authority: CertificateAuthorityArn) -> str:
    """The key of the certificate for this name by this authority."""
    return f"{discovery_service}/{authority.rpartition('/')[2]}"
