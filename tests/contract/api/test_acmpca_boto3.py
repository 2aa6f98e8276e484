"""boto3 speaks to Private CA: authorities through all their states, certificates that they issue, modelled errors."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from moyai.kernel.clock import later
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.plan.certificates.authority import plan_authority
from tests.contract.api.asking import code

ROOT = "arn:aws:acm-pca:::template/RootCACertificate/V1"
SUBORDINATE = "arn:aws:acm-pca:::template/SubordinateCACertificate_PathLen0/V1"
SERVER = "arn:aws:acm-pca:::template/EndEntityServerAuthCertificate/V1"
CONFIGURATION: dict[str, Any] = {
    "KeyAlgorithm": "EC_prime256v1",
    "SigningAlgorithm": "SHA256WITHECDSA",
    "Subject": {"CommonName": "shop", "Organization": "Shop", "Country": "JP"},
}
YEAR = {"Type": "YEARS", "Value": 1}
DAY = {"Type": "DAYS", "Value": 1}
NOBODY = "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def pca(installation):
    return installation.client("acm-pca")


def create(pca, type_="ROOT", name="shop", **more) -> str:
    subject = CONFIGURATION["Subject"] | {"CommonName": name}
    configuration = CONFIGURATION | {"Subject": subject}
    certificate_authority = pca.create_certificate_authority(
        CertificateAuthorityConfiguration=configuration, CertificateAuthorityType=type_, **more
    )
    return str(certificate_authority["CertificateAuthorityArn"])


def csr_of(pca, arn) -> bytes:
    return bytes(pca.get_certificate_authority_csr(CertificateAuthorityArn=arn)["Csr"].encode())


def issue(pca, issuer, csr, validity, template=None, **more) -> dict[str, str]:
    chosen = {"TemplateArn": template} if template else {}
    arn = pca.issue_certificate(
        CertificateAuthorityArn=issuer,
        Csr=csr,
        SigningAlgorithm="SHA256WITHECDSA",
        Validity=validity,
        **chosen,
        **more,
    )["CertificateArn"]
    response = pca.get_certificate(CertificateAuthorityArn=issuer, CertificateArn=arn)
    return {"arn": arn, "pem": response["Certificate"], "chain": response.get("CertificateChain", "")}


def active(pca, **more) -> str:
    """A root authority that signs."""
    arn = create(pca, **more)
    own = issue(pca, arn, csr_of(pca, arn), YEAR, ROOT)
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=own["pem"].encode())
    return arn


def status(pca, arn) -> str:
    certificate_authority = pca.describe_certificate_authority(CertificateAuthorityArn=arn)["CertificateAuthority"]
    return str(certificate_authority["Status"])


def a_csr(name="front.shop") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    )
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    return builder.add_extension(names, critical=False).sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def test_a_root_and_a_subordinate_from_creation_to_a_certificate(installation, pca):
    installation.busy = True
    root = create(pca, Tags=[{"Key": "team", "Value": "shop"}])
    assert status(pca, root) == "CREATING"
    assert code(pca.get_certificate_authority_csr, CertificateAuthorityArn=root) == "RequestInProgressException"
    installation.settle()
    installation.busy = False
    assert status(pca, root) == "PENDING_CERTIFICATE"
    pca.get_waiter("certificate_authority_csr_created").wait(CertificateAuthorityArn=root)
    own = issue(pca, root, csr_of(pca, root), YEAR, ROOT)
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=root, Certificate=own["pem"].encode())
    assert status(pca, root) == "ACTIVE"

    below = create(pca, "SUBORDINATE", "below")
    signed = issue(pca, root, csr_of(pca, below), DAY, SUBORDINATE)
    pca.import_certificate_authority_certificate(
        CertificateAuthorityArn=below, Certificate=signed["pem"].encode(), CertificateChain=signed["chain"].encode()
    )
    response = pca.get_certificate_authority_certificate(CertificateAuthorityArn=below)
    assert response["CertificateChain"] == own["pem"]

    leaf = issue(pca, below, a_csr(), {"Type": "ABSOLUTE", "Value": int(installation.now) + 600}, SERVER)
    read = x509.load_pem_x509_certificate(leaf["pem"].encode())
    read.verify_directly_issued_by(x509.load_pem_x509_certificate(signed["pem"].encode()))
    assert x509.load_pem_x509_certificates(leaf["chain"].encode())[1].subject.rfc4514_string() == "CN=shop,O=Shop,C=JP"
    usages = read.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert read.not_valid_after_utc.timestamp() == int(installation.now) + 600
    assert read.not_valid_before_utc.timestamp() == int(installation.now) - 3600

    certificate_authority = pca.describe_certificate_authority(CertificateAuthorityArn=root)["CertificateAuthority"]
    assert certificate_authority["CertificateAuthorityConfiguration"] == CONFIGURATION
    assert certificate_authority["OwnerAccount"] == "123456789012"
    assert certificate_authority["RevocationConfiguration"]["CrlConfiguration"] == {"Enabled": False}
    assert certificate_authority["NotAfter"].year == 2028


def test_an_authority_is_disabled_deleted_restored_and_purged(installation, pca):
    arn = active(pca)
    assert code(pca.delete_certificate_authority, CertificateAuthorityArn=arn) == "InvalidStateException"
    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="DISABLED")
    issuing = {"CertificateAuthorityArn": arn, "Csr": a_csr(), "SigningAlgorithm": "SHA256WITHECDSA", "Validity": DAY}
    assert code(pca.issue_certificate, **issuing) == "InvalidStateException"
    pca.delete_certificate_authority(CertificateAuthorityArn=arn, PermanentDeletionTimeInDays=7)
    certificate_authority = pca.describe_certificate_authority(CertificateAuthorityArn=arn)["CertificateAuthority"]
    assert certificate_authority["Status"] == "DELETED"
    assert certificate_authority["RestorableUntil"].timestamp() == installation.now + 7 * 86400
    for call in (pca.get_certificate_authority_csr, pca.get_certificate_authority_certificate, pca.list_tags):
        assert code(call, CertificateAuthorityArn=arn) == "InvalidStateException"
    pca.restore_certificate_authority(CertificateAuthorityArn=arn)
    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="ACTIVE")
    assert status(pca, arn) == "ACTIVE"
    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="DISABLED")
    pca.delete_certificate_authority(CertificateAuthorityArn=arn, PermanentDeletionTimeInDays=7)
    installation.clock.turn_to(later(installation.now, 7 * 86400))
    assert code(pca.restore_certificate_authority, CertificateAuthorityArn=arn) == "InvalidStateException"
    installation.store.apply(
        plan_authority(installation.store.world, CertificateAuthorityArn(arn), installation.now).changes
    )
    assert code(pca.describe_certificate_authority, CertificateAuthorityArn=arn) == "ResourceNotFoundException"
    assert not list(installation.store.world.authority_keys)
    assert not list(installation.store.world.issued_certificates)


def test_an_expired_authority_can_be_renewed(installation, pca):
    arn = active(pca)
    installation.clock.turn_to(later(installation.now, 366 * 86400))
    installation.store.apply(
        plan_authority(installation.store.world, CertificateAuthorityArn(arn), installation.now).changes
    )
    assert status(pca, arn) == "EXPIRED"
    own = issue(pca, arn, csr_of(pca, arn), YEAR, ROOT)
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=own["pem"].encode())
    assert status(pca, arn) == "ACTIVE"


def test_the_same_token_makes_one_thing_for_five_minutes(installation, pca):
    first = create(pca, IdempotencyToken="t")
    assert create(pca, IdempotencyToken="t") == first
    assert create(pca, IdempotencyToken="u") != first
    arn, csr = active(pca), a_csr()
    once = issue(pca, arn, csr, DAY, IdempotencyToken="t")
    assert issue(pca, arn, csr, DAY, IdempotencyToken="t") == once
    installation.clock.turn_to(later(installation.now, 300))
    assert create(pca, IdempotencyToken="t") != first
    assert issue(pca, arn, csr, DAY, IdempotencyToken="t")["arn"] != once["arn"]


def test_lists_and_tags(pca):
    authorities = sorted(create(pca) for _ in range(3))
    pages = pca.get_paginator("list_certificate_authorities").paginate(PaginationConfig={"PageSize": 2})
    assert [
        certificate_authority["Arn"] for page in pages for certificate_authority in page["CertificateAuthorities"]
    ] == authorities
    assert pca.list_certificate_authorities(ResourceOwner="OTHER_ACCOUNTS")["CertificateAuthorities"] == []
    tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}, {"Key": "c"}]
    pca.tag_certificate_authority(CertificateAuthorityArn=authorities[0], Tags=tags)
    taken = [{"Key": "a", "Value": "other"}, {"Key": "b", "Value": "2"}]
    pca.untag_certificate_authority(CertificateAuthorityArn=authorities[0], Tags=taken)
    assert pca.list_tags(CertificateAuthorityArn=authorities[0])["Tags"] == [
        {"Key": "a", "Value": "1"},
        {"Key": "c", "Value": ""},
    ]
    wrong = {"CertificateAuthorityArn": authorities[0], "Tags": [{"Key": "aws:x", "Value": ""}]}
    assert code(pca.tag_certificate_authority, **wrong) == "InvalidTagException"
    many = {"CertificateAuthorityArn": authorities[0], "Tags": [{"Key": str(n)} for n in range(49)]}
    assert code(pca.tag_certificate_authority, **many) == "TooManyTagsException"
    assert code(pca.list_certificate_authorities, NextToken="x") == "InvalidNextTokenException"


def test_errors_are_modelled(pca):
    arn = active(pca)
    assert code(pca.describe_certificate_authority, CertificateAuthorityArn=NOBODY) == "ResourceNotFoundException"
    other = "arn:aws:acm-pca:us-east-1:123456789012:x/y"
    assert code(pca.describe_certificate_authority, CertificateAuthorityArn=other) == "InvalidArnException"

    def issuing(**changes):
        usual = {"CertificateAuthorityArn": arn, "Csr": a_csr(), "SigningAlgorithm": "SHA256WITHECDSA", "Validity": DAY}
        return code(pca.issue_certificate, **(usual | changes))

    assert issuing(Csr=b"x") == "MalformedCSRException"
    assert issuing(SigningAlgorithm="SHA256WITHRSA") == "InvalidArgsException"
    assert issuing(TemplateArn="arn:aws:acm-pca:::template/OCSPSigningCertificate/V1") == "InvalidArgsException"
    assert issuing(TemplateArn=ROOT) == "InvalidArgsException"
    assert issuing(Validity={"Type": "YEARS", "Value": 2}) == "InvalidArgsException"
    assert issuing(Validity={"Type": "ABSOLUTE", "Value": 1}) == "InvalidArgsException"
    assert issuing(ValidityNotBefore=DAY) == "InvalidArgsException"
    assert issuing(ApiPassthrough={"Subject": {"CommonName": "x"}}) == "ValidationException"
    waiting = create(pca)
    assert issuing(CertificateAuthorityArn=waiting) == "InvalidStateException"
    importing = {"CertificateAuthorityArn": waiting, "Certificate": b"x"}
    assert code(pca.import_certificate_authority_certificate, **importing) == "MalformedCertificateException"
    own = pca.get_certificate_authority_certificate(CertificateAuthorityArn=arn)["Certificate"]
    importing["Certificate"] = own.encode()
    assert code(pca.import_certificate_authority_certificate, **importing) == "CertificateMismatchException"
    getting = {"CertificateAuthorityArn": arn, "CertificateArn": f"{arn}/certificate/{'0' * 32}"}
    assert code(pca.get_certificate, **getting) == "ResourceNotFoundException"
    assert code(pca.get_certificate, **(getting | {"CertificateArn": arn})) == "InvalidArnException"
    creating = {"CertificateAuthorityConfiguration": CONFIGURATION, "CertificateAuthorityType": "ROOT"}
    for changes in (
        {"CertificateAuthorityConfiguration": CONFIGURATION | {"SigningAlgorithm": "SHA256WITHRSA"}},
        {"CertificateAuthorityConfiguration": CONFIGURATION | {"KeyAlgorithm": "ML_DSA_44"}},
        {"CertificateAuthorityConfiguration": CONFIGURATION | {"Subject": {}}},
        {"CertificateAuthorityConfiguration": CONFIGURATION | {"Subject": {"CommonName": "認証局" * 8}}},
        {"RevocationConfiguration": {"OcspConfiguration": {"Enabled": True}}},
    ):
        assert code(pca.create_certificate_authority, **(creating | changes)) == "InvalidArgsException"


def test_a_short_lived_authority_issues_for_seven_days_at_most(pca):
    arn = active(pca, UsageMode="SHORT_LIVED_CERTIFICATE")
    week = {"Type": "DAYS", "Value": 7}
    assert issue(pca, arn, a_csr(), week)["pem"]
    longer = {"CertificateAuthorityArn": arn, "Csr": a_csr(), "SigningAlgorithm": "SHA256WITHECDSA"}
    assert code(pca.issue_certificate, **longer, Validity={"Type": "DAYS", "Value": 8}) == "InvalidArgsException"


def test_private_keys_appear_in_no_response(installation, pca):
    arn = active(pca)
    (key,) = installation.store.world.authority_keys
    secret = key.private.reveal()
    assert "PRIVATE KEY" in secret
    answers = [
        pca.describe_certificate_authority(CertificateAuthorityArn=arn),
        pca.list_certificate_authorities(),
        pca.get_certificate_authority_certificate(CertificateAuthorityArn=arn),
    ]
    texts = [str(answers), *(repr(record) for record in installation.store.world.records())]
    body = secret.splitlines()[1]
    assert not [text for text in texts if "PRIVATE KEY" in text or body in text]


def test_permissions_of_certificate_manager_are_stored_and_listed(pca):
    arn = active(pca)
    which = {"CertificateAuthorityArn": arn, "Principal": "acm.amazonaws.com"}
    assert pca.list_permissions(CertificateAuthorityArn=arn)["Permissions"] == []
    actions = ["IssueCertificate", "GetCertificate", "ListPermissions"]
    pca.create_permission(**which, Actions=actions, SourceAccount="123456789012")
    (permission,) = pca.list_permissions(CertificateAuthorityArn=arn)["Permissions"]
    assert permission.pop("CreatedAt") is not None
    assert permission == which | {"SourceAccount": "123456789012", "Actions": actions}
    again = code(pca.create_permission, **which, Actions=["GetCertificate"])
    assert again == "PermissionAlreadyExistsException"
    pca.delete_permission(**which)
    assert pca.list_permissions(CertificateAuthorityArn=arn)["Permissions"] == []
    assert code(pca.delete_permission, **which) == "ResourceNotFoundException"


def test_other_principals_cannot_be_given_permissions(pca):
    arn = active(pca)
    params = {"CertificateAuthorityArn": arn, "Actions": ["GetCertificate"]}
    somebody = {"Principal": "ecs.amazonaws.com"}
    assert code(pca.create_permission, **params, **somebody) == "ValidationException"
    other = {"Principal": "acm.amazonaws.com", "SourceAccount": "222222222222"}
    assert code(pca.create_permission, **params, **other) == "ValidationException"
    params["CertificateAuthorityArn"] = NOBODY
    assert code(pca.create_permission, **params, Principal="acm.amazonaws.com") == "ResourceNotFoundException"
    pca.update_certificate_authority(CertificateAuthorityArn=arn, Status="DISABLED")
    pca.delete_certificate_authority(CertificateAuthorityArn=arn)
    assert code(pca.list_permissions, CertificateAuthorityArn=arn) == "InvalidStateException"
