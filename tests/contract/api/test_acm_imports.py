"""boto3 brings certificates to Certificate Manager, and brings others in their place."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from moyai.kernel.clock import later
from tests.contract.api.asking import code
from tests.contract.api.certificates import DAY, MadeCertificate, make_certificate
from tests.contract.api.test_acm_boto3 import ABSENT, PASSPHRASE, describe


@pytest.fixture
def client(installation):
    return installation.client("acm")


def test_a_certificate_is_imported_and_imported_again_under_its_arn(installation, client):
    root = make_certificate(installation, "our root")
    first = make_certificate(installation, "www.shop.example", root, usages=[ExtendedKeyUsageOID.SERVER_AUTH])
    tags = [{"Key": "team", "Value": "shop"}]
    arn = client.import_certificate(**first.brought(CertificateChain=root.pem, Tags=tags))["CertificateArn"]
    certificate = describe(client, arn)
    assert (certificate["Type"], certificate["Status"], certificate["DomainName"]) == (
        "IMPORTED",
        "ISSUED",
        "www.shop.example",
    )
    assert (certificate["Issuer"], certificate["CertificateKeyPairOrigin"]) == ("our root", "CUSTOMER_PROVIDED")
    assert "IssuedAt" not in certificate
    assert code(client.export_certificate, CertificateArn=arn, Passphrase=PASSPHRASE) == "ValidationException"
    assert code(client.renew_certificate, CertificateArn=arn) == "ValidationException"

    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    again = make_certificate(installation, "api.shop.example", root, usages=usages)
    client.import_certificate(**again.brought(CertificateChain=root.pem, CertificateArn=arn))
    assert describe(client, arn)["DomainName"] == "api.shop.example"
    assert client.get_certificate(CertificateArn=arn)["Certificate"].encode() == again.pem
    assert client.list_tags_for_certificate(CertificateArn=arn)["Tags"] == tags

    def error_code(other: MadeCertificate, **more) -> str:
        return code(
            client.import_certificate, **other.brought(**({"CertificateChain": root.pem, "CertificateArn": arn} | more))
        )

    curve = ec.generate_private_key(ec.SECP384R1())
    assert (
        error_code(make_certificate(installation, "api.shop.example", root, curve, usages=usages))
        == "ValidationException"
    )
    assert error_code(make_certificate(installation, "api.shop.example", root)) == "ValidationException"
    assert error_code(make_certificate(installation, "noname", root, usages=usages)) == "ValidationException"
    assert error_code(again, Tags=tags) == "InvalidParameterException"
    assert error_code(again, CertificateArn=ABSENT) == "ResourceNotFoundException"
    installation.clock.turn_to(later(installation.now, 30 * DAY))
    installation.settle()
    assert describe(client, arn)["Status"] == "EXPIRED"
    fresh = make_certificate(installation, "api.shop.example", root, usages=usages)
    client.import_certificate(**fresh.brought(CertificateChain=root.pem, CertificateArn=arn))
    assert describe(client, arn)["Status"] == "ISSUED"


def test_mismatched_certificates_keys_and_chains_are_not_imported(installation, client):
    root, other = make_certificate(installation, "our root"), make_certificate(installation, "other root")
    leaf = make_certificate(installation, "www.shop.example", root)
    small = rsa.generate_private_key(65537, 1024)  # noqa: S505  (refused, that is)
    private_bytes = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    for parameters in (
        leaf.brought(),
        leaf.brought(CertificateChain=other.pem),
        leaf.brought(CertificateChain=root.pem + root.pem * 10),
        leaf.brought(CertificateChain=root.pem, PrivateKey=other.private),
        leaf.brought(CertificateChain=root.pem, PrivateKey=private_bytes),
        leaf.brought(CertificateChain=root.pem, PrivateKey=b"x"),
        leaf.brought(CertificateChain=root.pem, Certificate=b"x"),
        leaf.brought(CertificateChain=root.pem, Certificate=leaf.pem * 2),
        make_certificate(installation, "old.shop.example", days=0).brought(),
        make_certificate(installation, "small.shop.example", key=small).brought(),
        make_certificate(installation, "rsa.shop.example", root, rsa.generate_private_key(65537, 2048)).brought(
            CertificateChain=root.pem
        ),
    ):
        assert code(client.import_certificate, **parameters) == "ValidationException"
    assert not list(installation.store.world.managed_certificates)
