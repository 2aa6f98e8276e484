"""A certificate of Certificate Manager for the demo, signed by a root authority of Private CA, as on AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from moyai.cli.demo.shop import wait_until
from moyai.cli.remote import Remote

_SIGNING_ALGORITHM = "SHA256WITHECDSA"
_CONFIGURATION: Mapping[str, object] = MappingProxyType(
    {
        "KeyAlgorithm": "EC_prime256v1",
        "SigningAlgorithm": _SIGNING_ALGORITHM,
        "Subject": {"Organization": "moyai demo", "CommonName": "moyai demo"},
    }
)
_VALIDITY: Mapping[str, object] = MappingProxyType({"Value": 2, "Type": "YEARS"})
_POLLING: Mapping[str, int] = MappingProxyType({"Delay": 1})


class ShopCertificate(NamedTuple):
    """A certificate, and the root that its clients have to trust."""

    arn: str
    root: str
    """PEM."""


def issue_certificate(remote: Remote, names: Sequence[str]) -> ShopCertificate:
    """Create a root authority, and request a certificate for these host names from it. Raises TookTooLong."""
    authority, root = _create_authority(remote)
    acm = remote.client("acm")
    requested = acm.request_certificate(
        DomainName=names[0], SubjectAlternativeNames=list(names), CertificateAuthorityArn=authority
    )
    arn = str(requested["CertificateArn"])
    wait_until(
        lambda: acm.describe_certificate(CertificateArn=arn)["Certificate"]["Status"] == "ISSUED",
        f"the certificate for {names[0]} to be issued",
    )
    return ShopCertificate(arn, root)


def _create_authority(remote: Remote) -> tuple[str, str]:
    """An active root authority: its ARN, and its own certificate as PEM."""
    pca = remote.client("acm-pca")
    created = pca.create_certificate_authority(
        CertificateAuthorityType="ROOT", CertificateAuthorityConfiguration=dict(_CONFIGURATION)
    )
    authority = {"CertificateAuthorityArn": created["CertificateAuthorityArn"]}
    pca.get_waiter("certificate_authority_csr_created").wait(**authority, WaiterConfig=dict(_POLLING))
    issued = pca.issue_certificate(
        **authority,
        Csr=pca.get_certificate_authority_csr(**authority)["Csr"].encode(),
        SigningAlgorithm=_SIGNING_ALGORITHM,
        TemplateArn="arn:aws:acm-pca:::template/RootCACertificate/V1",
        Validity=dict(_VALIDITY),
    )
    root_certificate = authority | {"CertificateArn": issued["CertificateArn"]}
    pca.get_waiter("certificate_issued").wait(**root_certificate, WaiterConfig=dict(_POLLING))
    root = str(pca.get_certificate(**root_certificate)["Certificate"])
    pca.import_certificate_authority_certificate(**authority, Certificate=root.encode())
    return str(authority["CertificateAuthorityArn"]), root
