"""Certificate Manager's certificates, and the authorities that signed them, for the cases of App Mesh.

They are mere words, for a reader; or real, of one authority that stands for all, for an Envoy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from moyai.domain.acm.certificate import (
    CertificateContent,
    CertificateFacts,
    CertificateStatus,
    CertificateType,
    ManagedCertificate,
    ManagedKey,
)
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import (
    AuthorityCertificate,
    AuthorityProperties,
    AuthorityType,
    CertificateAuthority,
    Subject,
)
from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn
from moyai.kernel.secret import Secret
from moyai.mesh.ir import Certificate
from tests.authority import Authority

KEYS = "/keys"
"""The folder of the cases' files."""
_BEGIN = "-----BEGIN CERTIFICATE-----"
_AT = Instant(0)


def certificate_arn(name: str) -> ManagedCertificateArn:
    return ManagedCertificateArn(f"arn:aws:acm:us-east-1:123456789012:certificate/{name}")


def authority_arn(name: str) -> CertificateAuthorityArn:
    return CertificateAuthorityArn(f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{name}")


def records(signed_by: Mapping[str, str], real: Authority | None) -> Iterator[StoredRecord]:
    """The records of these certificates, each by its authority."""
    for name in sorted(set(signed_by.values())):
        yield _authority(name, f"{_BEGIN} the root {name}\n" if real is None else real.root)
    for name, by in signed_by.items():
        root = f"{_BEGIN} the root {by}\n" if real is None else real.root
        if real is None:
            certificate = Certificate(name, f"{_BEGIN} {name} by {by}\n", Secret(f"the key of {name}"))
        else:
            certificate = real.signs(f"{name}.example.com", name)
        yield _certificate(name, by, certificate.chain, root)
        yield ManagedKey(certificate_arn(name), certificate.private)


def write(folder: Path, real: Authority) -> None:
    """Put what the cases name below KEYS into a folder."""
    signs = real.signs()
    (folder / "chain.pem").write_text(signs.chain)
    (folder / "key.pem").write_text(signs.private.reveal())
    (folder / "roots.pem").write_text(real.root)


def _authority(name: str, root: str) -> CertificateAuthority:
    subject = AuthorityProperties(KeyAlgorithm.RSA_2048, SigningAlgorithm.SHA256WITHRSA, Subject(common_name=name))
    own = AuthorityCertificate(root, "", "01", _AT, _AT)
    return CertificateAuthority(authority_arn(name), AuthorityType.ROOT, subject, _AT, _AT, certificate=own)


def _certificate(name: str, by: str, chain: str, root: str) -> ManagedCertificate:
    facts = CertificateFacts((f"{name}.example.com",), "01", name, by, _AT, _AT, KeyAlgorithm.RSA_2048, "SHA256WITHRSA")
    return ManagedCertificate(
        arn=certificate_arn(name),
        type=CertificateType.PRIVATE,
        domain_name=f"{name}.example.com",
        names=(f"{name}.example.com",),
        key_algorithm=KeyAlgorithm.RSA_2048,
        created_at=_AT,
        status=CertificateStatus.ISSUED,
        authority=authority_arn(by),
        content=CertificateContent(chain, root, facts, _AT),
        roots=(root,),
    )
