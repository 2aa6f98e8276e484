"""Keys and certificates, read again by the library that made them and by OpenSSL."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from cryptography import x509

from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityProperties, AuthorityType, CsrExtensions, KeyUsage, Subject
from moyai.domain.pca.certificate import TEMPLATES
from moyai.kernel.clock import later
from moyai.pki.library import CryptographyPki
from moyai.ports.pki import Issuer, Mismatch, NewKey, UnreadableCertificate, UnreadableRequest, ValidityPeriod
from moyai.testing.clock import EPOCH

PKI = CryptographyPki()
SPAN = ValidityPeriod(later(EPOCH, -3600), later(EPOCH, 86400))
EC = (KeyAlgorithm.EC_prime256v1, SigningAlgorithm.SHA256WITHECDSA)
ROOT, SUBORDINATE = TEMPLATES["RootCACertificate/V1"], TEMPLATES["SubordinateCACertificate_PathLen0/V1"]


async def request_key(name: str, key: KeyAlgorithm, algorithm: SigningAlgorithm) -> NewKey:
    return await PKI.new_key(AuthorityProperties(key, algorithm, Subject(common_name=name, country="JP")))


async def root(name="root", key=EC[0], algorithm=EC[1]) -> Issuer:
    key_request = await request_key(name, key, algorithm)
    certificate = PKI.issue(Issuer(key_request.private, algorithm), key_request.csr.encode(), ROOT, SPAN)
    own = PKI.accept_authority(key_request.csr, AuthorityType.ROOT, certificate.pem.encode(), b"")
    return Issuer(key_request.private, algorithm, own)


async def below(issuer: Issuer, name="sub") -> Issuer:
    key_request = await request_key(name, *EC)
    certificate = PKI.issue(issuer, key_request.csr.encode(), SUBORDINATE, SPAN)
    assert issuer.certificate is not None
    chain = issuer.certificate.pem + issuer.certificate.chain
    own = PKI.accept_authority(key_request.csr, AuthorityType.SUBORDINATE, certificate.pem.encode(), chain.encode())
    return Issuer(key_request.private, EC[1], own)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        EC,
        (KeyAlgorithm.EC_secp384r1, SigningAlgorithm.SHA384WITHECDSA),
        (KeyAlgorithm.EC_secp521r1, SigningAlgorithm.SHA512WITHECDSA),
        (KeyAlgorithm.RSA_2048, SigningAlgorithm.SHA256WITHRSA),
        (KeyAlgorithm.RSA_2048, SigningAlgorithm.SHA512WITHRSA_PSS),
    ],
)
async def test_openssl_verifies_a_chain_with_a_subordinate(key, algorithm, tmp_path):
    identity = PKI.certify(await below(await root(key=key, algorithm=algorithm)), "front.shop", SPAN)
    leaf, *others = x509.load_pem_x509_certificates(identity.chain.encode())
    for name, text in {"root": identity.root, "chain": identity.chain}.items():
        (tmp_path / name).write_text(text)
    moment = str(int(EPOCH))
    verify = ["openssl", "verify", "-attime", moment, "-x509_strict", "-verify_hostname", "front.shop"]
    command = [*verify, "-CAfile", tmp_path / "root", "-untrusted", tmp_path / "chain", tmp_path / "chain"]
    ran = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert len(others) == 1
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["front.shop"]
    assert f"{leaf.serial_number:032x}" == identity.serial
    assert (leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()) == (SPAN.begin, SPAN.end)


async def test_a_name_too_long_for_a_common_name_is_an_alternative_name():
    name = f"{'a' * 64}.shop"
    leaf = x509.load_pem_x509_certificate(PKI.certify(await root(), name, SPAN).chain.encode())
    response = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert (response.critical, response.value.get_values_for_type(x509.DNSName)) == (True, [name])
    assert not leaf.subject.rdns


async def test_an_authoritys_request_has_its_key_usage():
    extensions = CsrExtensions(KeyUsage(key_cert_sign=True, crl_sign=True))
    key = await PKI.new_key(AuthorityProperties(*EC, Subject(common_name="x"), extensions))
    request = x509.load_pem_x509_csr(key.csr.encode())
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)


async def test_a_malformed_request_is_refused():
    issuer = await root()
    key_request = await request_key("x", *EC)
    broken = key_request.csr.replace(key_request.csr[200], "A" if key_request.csr[200] != "A" else "B", 1)
    for csr in (b"", b"nonsense", broken.encode()):
        with pytest.raises(UnreadableRequest):
            PKI.issue(issuer, csr, TEMPLATES["EndEntityCertificate/V1"], SPAN)


async def test_a_root_certificate_is_only_issued_to_its_own_key():
    other = await request_key("other", *EC)
    issuer = await root()
    with pytest.raises(Mismatch):
        PKI.issue(Issuer(issuer.private, issuer.algorithm), other.csr.encode(), ROOT, SPAN)


async def test_foreign_certificates_are_refused():
    top = await root()
    assert top.certificate is not None
    key_request = await request_key("sub", *EC)
    signed = PKI.issue(top, key_request.csr.encode(), SUBORDINATE, SPAN).pem.encode()
    chain = top.certificate.pem.encode()
    stranger = (await root("root")).certificate
    end_entity = PKI.issue(top, key_request.csr.encode(), TEMPLATES["EndEntityCertificate/V1"], SPAN).pem.encode()
    other = await request_key("sub", *EC)
    assert stranger is not None

    def accept(csr=key_request.csr, type_=AuthorityType.SUBORDINATE, certificate=signed, above=chain):
        return PKI.accept_authority(csr, type_, certificate, above)

    assert accept().chain == top.certificate.pem
    for wrong in (
        {"csr": other.csr},
        {"above": b""},
        {"above": stranger.pem.encode()},
        {"type_": AuthorityType.ROOT},
    ):
        with pytest.raises(Mismatch):
            accept(**wrong)
    for unreadable in ({"certificate": b"x"}, {"certificate": signed + signed}, {"certificate": end_entity}):
        with pytest.raises(UnreadableCertificate):
            accept(**unreadable)
