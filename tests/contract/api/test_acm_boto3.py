"""boto3 speaks to Certificate Manager: private certificates from the request to their renewal, imported ones, modelled
errors, and keys that are in no answer but one."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import WaiterError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec.structs import replace

from moyai.api.acm.service import acm
from moyai.domain.appmesh.tls import AcmCertificate, ListenerCertificate
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.pki.library import CryptographyPki
from tests.contract.api.asking import code
from tests.contract.api.certificates import DAY, make_certificate
from tests.contract.api.drawn import ask_anything
from tests.contract.api.test_acmpca_boto3 import NOBODY, ROOT, create, csr_of, issue
from tests.unit.domain.queries.test_certificate_users import gateway

COMMON = frozenset({"ValidationException", "SerializationException"})
ABSENT = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555"
PASSPHRASE = b"open sesame"


@pytest.fixture
def client(installation):
    return installation.client("acm")


@pytest.fixture
def authority(installation):
    return active(installation)


def active(installation, **more) -> str:
    """A root authority that signs for ten years."""
    pca = installation.client("acm-pca")
    arn = create(pca, **more)
    certify(pca, arn)
    return arn


def certify(pca, arn, years=10) -> None:
    own = issue(pca, arn, csr_of(pca, arn), {"Type": "YEARS", "Value": years}, ROOT)
    pca.import_certificate_authority_certificate(CertificateAuthorityArn=arn, Certificate=own["pem"].encode())


def request(client, authority, name="*.howto.local", **more) -> str:
    params = {"DomainName": name, "CertificateAuthorityArn": authority} | more
    return str(client.request_certificate(**params)["CertificateArn"])


def describe(client, arn) -> Any:
    return client.describe_certificate(CertificateArn=arn)["Certificate"]


def list_arns(client, **filters) -> list[str]:
    pages = client.get_paginator("list_certificates").paginate(**filters)
    return [
        certificate_summary["CertificateArn"]
        for page in pages
        for certificate_summary in page["CertificateSummaryList"]
    ]


def test_a_requested_private_certificate_is_signed_shortly_after(installation, client, authority):
    installation.busy = True
    arn = request(client, authority, SubjectAlternativeNames=["WWW.howto.local", "*.howto.local"])
    certificate = describe(client, arn)
    assert (certificate["Status"], certificate["Type"]) == ("PENDING_VALIDATION", "PRIVATE")
    assert code(client.get_certificate, CertificateArn=arn) == "RequestInProgressException"
    installation.settle()
    client.get_waiter("certificate_validated").wait(CertificateArn=arn)
    found_certificate = describe(client, arn)
    assert found_certificate["Status"] == "ISSUED"
    assert found_certificate["SubjectAlternativeNames"] == ["*.howto.local", "www.howto.local"]
    assert (found_certificate["Subject"], found_certificate["Issuer"]) == ("CN=*.howto.local", "Shop")
    assert (found_certificate["KeyAlgorithm"], found_certificate["SignatureAlgorithm"]) == (
        "RSA_2048",
        "SHA256WITHECDSA",
    )
    assert found_certificate["CertificateAuthorityArn"] == authority
    assert found_certificate["NotAfter"].timestamp() == int(installation.now) + 395 * DAY
    assert [usage["Name"] for usage in found_certificate["KeyUsages"]] == ["DIGITAL_SIGNATURE", "KEY_ENCIPHERMENT"]
    assert [usage["OID"] for usage in found_certificate["ExtendedKeyUsages"]] == [
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
    ]
    assert found_certificate["Options"] == {"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "ENABLED"}
    assert (found_certificate["InUseBy"], found_certificate["RenewalEligibility"]) == ([], "INELIGIBLE")
    response = client.get_certificate(CertificateArn=arn)
    leaf, root = (
        x509.load_pem_x509_certificate(response[part].encode()) for part in ("Certificate", "CertificateChain")
    )
    leaf.verify_directly_issued_by(root)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*.howto.local", "www.howto.local"]
    assert leaf.serial_number == int(found_certificate["Serial"].replace(":", ""), 16)


def test_a_request_to_an_authority_that_cannot_sign_fails_with_its_reason(installation, client, authority):
    pca = installation.client("acm-pca")
    short, brief = active(installation, UsageMode="SHORT_LIVED_CERTIFICATE"), create(pca, name="brief")
    certify(pca, brief, years=1)
    disabled = active(installation)
    pca.update_certificate_authority(CertificateAuthorityArn=disabled, Status="DISABLED")
    reasons = {
        NOBODY: "PCA_RESOURCE_NOT_FOUND",
        authority.replace("us-east-1", "eu-west-1"): "PCA_RESOURCE_NOT_FOUND",
        create(pca): "PCA_INVALID_STATE",
        disabled: "PCA_INVALID_STATE",
        short: "PCA_INVALID_DURATION",
        brief: "PCA_INVALID_DURATION",
    }
    arns = {arn: request(client, arn) for arn in reasons}
    failed = {arn: describe(client, certificate) for arn, certificate in arns.items()}
    assert {one["Status"] for one in failed.values()} == {"FAILED"}
    assert {arn: one["FailureReason"] for arn, one in failed.items()} == reasons
    with pytest.raises(WaiterError, match="FAILED"):
        client.get_waiter("certificate_validated").wait(CertificateArn=arns[NOBODY])
    for call in (client.get_certificate, client.renew_certificate):
        assert code(call, CertificateArn=arns[NOBODY]) == "ResourceNotFoundException"


def test_an_idempotency_token_makes_one_certificate_for_an_hour(installation, client, authority):
    first = request(client, authority, IdempotencyToken="t")
    assert request(client, authority, IdempotencyToken="t") == first
    assert request(client, authority, IdempotencyToken="u") != first
    installation.clock.turn_to(later(installation.now, 3600))
    assert request(client, authority, IdempotencyToken="t") != first


def test_a_certificate_is_exported_with_a_locked_key_and_renewed_with_another(installation, client, authority):
    arn = request(client, authority, KeyAlgorithm="EC_prime256v1")
    assert code(client.renew_certificate, CertificateArn=arn) == "ValidationException"
    response = client.export_certificate(CertificateArn=arn, Passphrase=PASSPHRASE)
    assert response["PrivateKey"].startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    key = load_pem_private_key(response["PrivateKey"].encode(), PASSPHRASE)
    leaf = x509.load_pem_x509_certificate(response["Certificate"].encode())
    assert key.public_key() == leaf.public_key()
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(response["CertificateChain"].encode()))
    before = describe(client, arn)
    assert before["RenewalEligibility"] == "ELIGIBLE"

    installation.busy = True
    client.renew_certificate(CertificateArn=arn)
    assert describe(client, arn)["RenewalSummary"]["RenewalStatus"] == "PENDING_AUTO_RENEWAL"
    assert code(client.renew_certificate, CertificateArn=arn) == "RequestInProgressException"
    installation.settle()
    after = describe(client, arn)
    assert after["RenewalSummary"]["RenewalStatus"] == "SUCCESS"
    assert after["Serial"] != before["Serial"]
    again = client.export_certificate(CertificateArn=arn, Passphrase=PASSPHRASE)
    assert load_pem_private_key(again["PrivateKey"].encode(), PASSPHRASE).public_key() != key.public_key()

    closed_response = request(client, authority, Options={"Export": "DISABLED"})
    installation.settle()
    for request_parameters in (
        {"CertificateArn": closed_response, "Passphrase": PASSPHRASE},
        {"CertificateArn": arn, "Passphrase": b"50% off"},
        {"CertificateArn": arn, "Passphrase": "ひらけごま".encode()},
    ):
        assert code(client.export_certificate, **request_parameters) == "ValidationException"


def test_exported_certificates_are_renewed_and_unused_ones_expire(installation, client, authority):
    exported, unused = (request(client, authority, KeyAlgorithm="EC_prime256v1") for _ in range(2))
    client.export_certificate(CertificateArn=exported, Passphrase=PASSPHRASE)
    before = describe(client, exported)["Serial"]
    installation.clock.turn_to(later(installation.now, 335 * DAY))
    installation.settle()
    assert describe(client, exported)["Serial"] != before
    installation.clock.turn_to(later(installation.now, 60 * DAY))
    installation.settle()
    assert [describe(client, arn)["Status"] for arn in (exported, unused)] == ["ISSUED", "EXPIRED"]


def test_list_certificates_filters(installation, client, authority):
    usual = request(client, authority)
    curve = request(client, authority, KeyAlgorithm="EC_prime256v1", Options={"Export": "DISABLED"})
    response = request(client, NOBODY)
    brought = client.import_certificate(**make_certificate(installation, "www.shop.example").brought())[
        "CertificateArn"
    ]
    everything = {"Includes": {"keyTypes": ["RSA_2048", "EC_prime256v1"]}}
    assert list_arns(client) == [usual, response] or list_arns(client) == [response, usual]
    assert set(list_arns(client, **everything)) == {usual, curve, response, brought}
    for filters, expected in (
        ({"CertificateStatuses": ["FAILED"]}, {response}),
        ({"CertificateKeyPairOrigins": ["CUSTOMER_PROVIDED"]} | everything, {brought}),
        ({"CertificateKeyPairOrigins": ["ACME"]} | everything, set()),
        ({"RootHierarchyTypes": ["N2_AMAZON_MANAGED"]} | everything, set()),
        ({"Includes": {"keyTypes": ["EC_prime256v1"], "exportOption": "DISABLED"}}, {curve, brought}),
        ({"Includes": {"keyUsage": ["KEY_ENCIPHERMENT", "CRL_SIGNING"]}}, {usual}),
        ({"Includes": {"extendedKeyUsage": ["TLS_WEB_CLIENT_AUTHENTICATION"]}}, {usual}),
        ({"Includes": {"extendedKeyUsage": ["NONE"], "keyTypes": ["EC_prime256v1"]}}, {brought}),
        ({"Includes": {"keyUsage": ["ANY"]}}, {usual, response}),
        ({"Includes": {"managedBy": "CLOUDFRONT"}}, set()),
    ):
        assert set(list_arns(client, **filters)) == expected, filters
    (certificate_summary,) = client.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
    assert certificate_summary["SubjectAlternativeNameSummaries"] == ["*.howto.local"]
    assert (
        certificate_summary["InUse"],
        certificate_summary["Exported"],
        certificate_summary["HasAdditionalSubjectAlternativeNames"],
    ) == (False, False, False)
    assert certificate_summary["ExtendedKeyUsages"] == [
        "TLS_WEB_SERVER_AUTHENTICATION",
        "TLS_WEB_CLIENT_AUTHENTICATION",
    ]


def test_list_certificates_has_pages(installation, client, authority):
    arns = []
    for number in range(5):
        arns.append(request(client, authority, f"n{number}.howto.local"))
        installation.clock.turn_to(later(installation.now, 1))
    assert list_arns(client, PaginationConfig={"PageSize": 2}) == arns
    down = {"SortBy": "CREATED_AT", "SortOrder": "DESCENDING"}
    assert list_arns(client, **down, PaginationConfig={"PageSize": 2}) == arns[::-1]
    token = client.list_certificates(MaxItems=2)["NextToken"]
    assert code(client.list_certificates, NextToken=token, **down) == "InvalidArgsException"
    assert code(client.list_certificates, SortBy="CREATED_AT") == "InvalidArgsException"
    client.delete_certificate(CertificateArn=arns[1])
    assert [c["CertificateArn"] for c in client.list_certificates(NextToken=token)["CertificateSummaryList"]] == arns[
        2:
    ]


def test_a_certificate_in_use_shows_its_users_and_cannot_be_deleted(installation, client, authority):
    arn = request(client, authority)
    shown_by = gateway(ListenerCertificate(acm=AcmCertificate(arn)))
    installation.store.apply([Put(shown_by)])
    before = describe(client, arn)
    assert (before["InUseBy"], before["RenewalEligibility"]) == ([shown_by.arn], "ELIGIBLE")
    assert client.list_certificates()["CertificateSummaryList"][0]["InUse"]
    assert code(client.delete_certificate, CertificateArn=arn) == "ResourceInUseException"
    client.renew_certificate(CertificateArn=arn)
    assert describe(client, arn)["Serial"] != before["Serial"]
    installation.store.apply([Put(gateway(None))])
    client.delete_certificate(CertificateArn=arn)
    assert list_arns(client) == []


def test_tags(client, authority):
    arn = request(client, authority, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    client.add_tags_to_certificate(CertificateArn=arn, Tags=[{"Key": "c"}, {"Key": "b", "Value": "3"}])
    taken = [{"Key": "a", "Value": "other"}, {"Key": "b", "Value": "3"}]
    client.remove_tags_from_certificate(CertificateArn=arn, Tags=taken)
    tags = client.list_tags_for_certificate(CertificateArn=arn)["Tags"]
    assert tags == [{"Key": "a", "Value": "1"}, {"Key": "c", "Value": ""}]
    own, many = [{"Key": "aws:x"}], [{"Key": f"k{n}"} for n in range(49)]
    assert code(client.add_tags_to_certificate, CertificateArn=arn, Tags=own) == "InvalidTagException"
    assert code(client.add_tags_to_certificate, CertificateArn=arn, Tags=many) == "TooManyTagsException"


def test_errors_are_modelled(installation, client, authority):
    def asking(**changes) -> str:
        usual = {"DomainName": "www.howto.local", "CertificateAuthorityArn": authority}
        return code(client.request_certificate, **{k: v for k, v in (usual | changes).items() if v is not None})

    assert asking(CertificateAuthorityArn=None) == "InvalidParameterException"
    assert asking(CertificateAuthorityArn=None, ValidationMethod="DNS") == "InvalidParameterException"
    assert asking(CertificateAuthorityArn=f"{authority}/certificate/00") == "InvalidArnException"
    assert asking(ValidationMethod="DNS") == "InvalidParameterException"
    option = {"DomainName": "www.howto.local", "ValidationDomain": "howto.local"}
    assert asking(DomainValidationOptions=[option]) == "InvalidDomainValidationOptionsException"
    assert asking(DomainName=f"{'x' * 60}.howto.local") == "InvalidParameterException"
    assert asking(SubjectAlternativeNames=[f"n{n}.howto.local" for n in range(100)]) == "LimitExceededException"
    assert asking(KeyAlgorithm="RSA_4096") == "InvalidParameterException"
    assert asking(KeyAlgorithm="RSA_2048") == "InvalidParameterException"
    assert asking(ManagedBy="CLOUDFRONT") == "ValidationException"
    assert asking(RootHierarchyType="N2_AMAZON_MANAGED") == "ValidationException"
    assert asking(DomainName="howto") == "ValidationException"
    arn = request(client, authority)
    for call in (client.describe_certificate, client.get_certificate, client.delete_certificate):
        assert code(call, CertificateArn=ABSENT) == "ResourceNotFoundException"
        assert code(call, CertificateArn=arn.replace("certificate/", "key/")) == "InvalidArnException"
    client.delete_certificate(CertificateArn=arn)
    assert code(client.describe_certificate, CertificateArn=arn) == "ResourceNotFoundException"
    assert not list(installation.store.world.managed_keys)
    other = installation.client("acm", key="111122223333")
    mine = request(client, authority)
    assert code(other.describe_certificate, CertificateArn=mine) == "ResourceNotFoundException"


def test_the_number_of_certificates_is_limited(installation, client, authority):
    request(client, authority)
    (managed_certificate,) = installation.store.world.managed_certificates
    installation.store.apply(
        [Put(replace(managed_certificate, arn=managed_certificate.arn[:-4] + f"{n:04}")) for n in range(2500)]
    )
    params = {"DomainName": "www.howto.local", "CertificateAuthorityArn": authority}
    installation.busy = True
    assert code(client.request_certificate, **params) == "LimitExceededException"
    assert (
        code(client.import_certificate, **make_certificate(installation, "x.shop").brought())
        == "LimitExceededException"
    )


def test_private_keys_appear_only_in_exports(installation, client, authority):
    arn = request(client, authority)
    brought = make_certificate(installation, "www.shop.example")
    client.import_certificate(**brought.brought())
    secrets = [key.private.reveal() for key in installation.store.world.managed_keys]
    assert len(secrets) == 2
    answers = [
        client.describe_certificate(CertificateArn=arn),
        client.get_certificate(CertificateArn=arn),
        client.list_certificates(Includes={"keyTypes": ["RSA_2048", "EC_prime256v1"]}),
    ]
    texts = [str(answers), *(repr(record) for record in installation.store.world.records())]
    bodies = [secret.splitlines()[1] for secret in secrets]
    assert not [text for text in texts if "PRIVATE KEY" in text or any(body in text for body in bodies)]
    response = client.export_certificate(CertificateArn=arn, Passphrase=PASSPHRASE)
    assert not [body for body in bodies if body in str(response)]


@pytest.mark.parametrize("name", sorted(acm(CryptographyPki()).operations))
def test_any_input_is_answered_or_refused_as_modelled(installation, name):
    client, authority = installation.client("acm"), active(installation)
    response = request(client, authority, KeyAlgorithm="EC_prime256v1")
    failed_response, own = request(client, NOBODY), make_certificate(installation, "www.shop.example")
    brought = client.import_certificate(**own.brought())["CertificateArn"]
    arns = {
        "CertificateArn": [response, failed_response, brought, ABSENT],
        "CertificateAuthorityArn": [authority, NOBODY],
        "DomainName": ["www.howto.local"],
        "SubjectAlternativeNames": ["api.howto.local"],
        "KeyAlgorithm": ["EC_prime256v1", "RSA_4096"],
        "Certificate": [own.pem.decode()],
        "CertificateChain": [own.pem.decode()],
        "PrivateKey": [own.private.decode()],
    }
    ask_anything(installation, "acm", name, arns, COMMON)
