"""Who uses a certificate of Certificate Manager, and what follows from it.

Source: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate


def is_renewable(certificate: ManagedCertificate) -> bool:
    """Whether it is renewed in time: a private one that somebody has."""
    private = certificate.type is CertificateType.PRIVATE and certificate.status is CertificateStatus.ISSUED
    return private and certificate.exported
