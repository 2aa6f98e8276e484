"""The operations of AWS Private CA.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.acmpca import authorities, certificates, permissions, policies
from moyai.api.acmpca.lookup import TAGS
from moyai.api.operation import ApiService, operations
from moyai.ports.pki import Pki

_NO_REVOCATION: Final = "nothing here publishes revocations"
_ATTRIBUTES: Final = "only attributes that have a member of their own are supported"


def acmpca(pki: Pki) -> ApiService:
    """Private CA with these keys and certificates."""
    return ApiService(
        name="acm-pca",
        refused=MappingProxyType(dict(_refused_members())),
        operations=operations(authorities, certificates, permissions, policies, *TAGS.operations(), pki=pki),
    )


def _refused_members() -> tuple[tuple[str, str], ...]:
    crl = ("ExpirationInDays", "CustomCname", "S3BucketName", "S3ObjectAcl", "CrlType", "CustomPath")
    revoking = [f"RevocationConfiguration.CrlConfiguration.{member}" for member in crl]
    revoking += [
        "RevocationConfiguration.CrlConfiguration.CrlDistributionPointExtensionConfiguration",
        "RevocationConfiguration.OcspConfiguration.OcspCustomCname",
    ]
    configuration = "CreateCertificateAuthority.CertificateAuthorityConfiguration"
    return (
        *(
            (f"{operation}CertificateAuthority.{m}", _NO_REVOCATION)
            for operation in ("Create", "Update")
            for m in revoking
        ),
        (f"{configuration}.Subject.CustomAttributes", _ATTRIBUTES),
        (f"{configuration}.CsrExtensions.SubjectInformationAccess", "no proxy looks at it"),
        ("IssueCertificate.ApiPassthrough", "no template here takes anything from the request"),
    )
