"""An authority of Private CA and certificates of Certificate Manager, requested as in the walkthroughs."""

from __future__ import annotations

from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

_ROOT = "arn:aws:acm-pca:::template/RootCACertificate/V1"
_PASSPHRASE = b"open sesame"


class PrivateCa:
    """A root authority that is ACTIVE and lets Certificate Manager renew what it signed."""

    def __init__(self, installation: Installation, name: str) -> None:
        self._acm, pca = installation.client("acm"), installation.client("acm-pca")
        configuration = {
            "KeyAlgorithm": "RSA_2048",
            "SigningAlgorithm": "SHA256WITHRSA",
            "Subject": {"Organization": "App Mesh Examples", "CommonName": name},
        }
        certificate_authority = pca.create_certificate_authority(
            CertificateAuthorityType="ROOT", CertificateAuthorityConfiguration=configuration
        )
        self.arn = str(certificate_authority["CertificateAuthorityArn"])
        pca.get_waiter("certificate_authority_csr_created").wait(CertificateAuthorityArn=self.arn)
        certificate_arn = pca.issue_certificate(
            CertificateAuthorityArn=self.arn,
            Csr=pca.get_certificate_authority_csr(CertificateAuthorityArn=self.arn)["Csr"].encode(),
            SigningAlgorithm="SHA256WITHRSA",
            TemplateArn=_ROOT,
            Validity={"Value": 10, "Type": "YEARS"},
        )["CertificateArn"]
        self.root = str(
            pca.get_certificate(CertificateAuthorityArn=self.arn, CertificateArn=certificate_arn)["Certificate"]
        )
        pca.import_certificate_authority_certificate(CertificateAuthorityArn=self.arn, Certificate=self.root.encode())

        pca.create_permission(
            CertificateAuthorityArn=self.arn,
            Principal="acm.amazonaws.com",
            Actions=["IssueCertificate", "GetCertificate", "ListPermissions"],
        )

    def certificate(self, name: str) -> str:
        """The ARN of a certificate of Certificate Manager for this name, once it is issued."""
        arn = self._acm.request_certificate(DomainName=name, CertificateAuthorityArn=self.arn)["CertificateArn"]
        eventually(
            lambda: self.describe_certificate(arn)["Status"] == "ISSUED", f"the certificate for {name} is issued"
        )
        return str(arn)

    def describe_certificate(self, arn: str) -> Any:
        """The certificate as ACM describes it, with status and names."""
        return self._acm.describe_certificate(CertificateArn=arn)["Certificate"]

    def serial(self, arn: str) -> int:
        """The serial number of the certificate that the ARN stands for now."""
        return serial_of(self._acm.get_certificate(CertificateArn=arn)["Certificate"])

    def renew(self, arn: str) -> None:
        """Have the certificate replaced, under the same ARN; it is, when this returns."""
        before = self.serial(arn)
        self._acm.renew_certificate(CertificateArn=arn)
        eventually(lambda: self.serial(arn) != before, "the certificate is renewed")

    def export_certificate(self, arn: str) -> tuple[str, str]:
        """The certificate with those above it, and its key, unlocked; PEM."""
        response = self._acm.export_certificate(CertificateArn=arn, Passphrase=_PASSPHRASE)
        key = load_pem_private_key(response["PrivateKey"].encode(), _PASSPHRASE)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return f"{response['Certificate'].strip()}\n{response['CertificateChain']}", private


def serial_of(pem: str) -> int:
    """A certificate's serial number."""
    return x509.load_pem_x509_certificate(pem.encode()).serial_number
