"""A certificate for a mesh, from a root authority on, as App Mesh's walkthroughs have their reader make it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e]

ROOT = "arn:aws:acm-pca:::template/RootCACertificate/V1"
CONFIGURATION = {
    "KeyAlgorithm": "RSA_2048",
    "SigningAlgorithm": "SHA256WITHRSA",
    "Subject": {"Organization": "App Mesh Examples", "CommonName": "howto.local"},
}


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Installation]:
    new_installation = Installation(tmp_path_factory.mktemp("acm") / "state", "--runtime", "sim")
    new_installation.up()
    yield new_installation
    assert new_installation.leave() == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path: Path = tmp_path_factory.mktemp("files")
    return path


@pytest.fixture(scope="module")
def authority(installation, folder) -> str:
    """A root authority that is ACTIVE, by the AWS CLI."""
    pca = partial(installation.aws, "acm-pca")
    created = pca(
        "create-certificate-authority",
        *("--certificate-authority-type", "ROOT"),
        *("--certificate-authority-configuration", json.dumps(CONFIGURATION)),
    )
    arn = str(created["CertificateAuthorityArn"])
    which = ("--certificate-authority-arn", arn)
    csr = eventually(lambda: csr_of(installation, arn))
    (folder / "ca.csr").write_text(csr)
    issued = pca(
        *("issue-certificate", *which, "--csr", f"fileb://{folder / 'ca.csr'}", "--template-arn", ROOT),
        *("--signing-algorithm", "SHA256WITHRSA", "--validity", "Value=10,Type=YEARS"),
    )
    own = pca("get-certificate", *which, "--certificate-arn", issued["CertificateArn"])["Certificate"]
    (folder / "ca.pem").write_text(own)
    pca("import-certificate-authority-certificate", *which, "--certificate", f"fileb://{folder / 'ca.pem'}")
    return arn


def csr_of(installation: Installation, arn: str) -> str | None:
    pca = installation.client("acm-pca")
    try:
        return str(pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"])
    except pca.exceptions.RequestInProgressException:
        return None


def issued_certificate(installation: Installation, arn: str) -> Any:
    certificate = installation.aws("acm", "describe-certificate", "--certificate-arn", arn)["Certificate"]
    return certificate if certificate["Status"] == "ISSUED" else None


def test_a_certificate_is_issued_its_chain_verifies_and_its_key_opens(installation, authority, folder):
    asked = ("--domain-name", "*.howto.local", "--certificate-authority-arn", authority)
    arn = installation.aws("acm", "request-certificate", *asked)["CertificateArn"]
    certificate_details = eventually(lambda: issued_certificate(installation, arn))
    assert (certificate_details["DomainName"], certificate_details["Type"]) == ("*.howto.local", "PRIVATE")
    installation.aws("acm", "wait", "certificate-validated", "--certificate-arn", arn)
    (folder / "passphrase").write_text("open sesame")
    response = installation.aws(
        *("acm", "export-certificate", "--certificate-arn", arn, "--passphrase", f"fileb://{folder / 'passphrase'}")
    )
    (folder / "leaf.pem").write_text(response["Certificate"])
    (folder / "locked.pem").write_text(response["PrivateKey"])
    assert response["CertificateChain"].strip() == (folder / "ca.pem").read_text().strip()
    openssl("verify", "-verify_hostname", "front.howto.local", "-CAfile", "ca.pem", "leaf.pem", cwd=folder)
    decrypted_key = openssl("rsa", "-in", "locked.pem", "-passin", "file:passphrase", "-pubout", cwd=folder)
    assert decrypted_key == openssl("x509", "-in", "leaf.pem", "-noout", "-pubkey", cwd=folder)
    assert "PRIVATE KEY" not in installation.log.read_text()


def test_certificates_requested_before_a_kill_are_issued_after_the_restart(installation, authority):
    client = installation.client("acm")
    params = {"DomainName": "front.howto.local", "CertificateAuthorityArn": authority}
    arns = [client.request_certificate(**params)["CertificateArn"] for _ in range(20)]
    installation.kill()
    installation.up()
    for arn in arns:
        eventually(partial(issued_now, installation, arn))
    certificates = [client.get_certificate(CertificateArn=arn)["Certificate"] for arn in arns]
    assert len({x509.load_pem_x509_certificate(pem.encode()).serial_number for pem in certificates}) == len(arns)


def issued_now(installation: Installation, arn: str) -> bool:
    certificate = installation.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return bool(certificate["Status"] == "ISSUED")


def openssl(*arguments: str, cwd: Path) -> bytes:
    ran = subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=cwd)
    return ran.stdout
