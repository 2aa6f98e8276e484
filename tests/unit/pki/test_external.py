"""Certificates that come from outside, and what is read in them; OpenSSL made and reads some of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from moyai.domain.acm.certificate import ExtendedUsage
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.certificate import END_ENTITY, TEMPLATES
from moyai.pki.library import CryptographyPki
from moyai.ports.pki import Mismatch, UnreadableCertificate, UnreadableKey
from tests.unit.pki.test_library import EC, SPAN, root

PKI = CryptographyPki()


def openssl(*arguments: str | Path) -> bytes:
    ran = subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    return ran.stdout


@pytest.fixture
def self_signed(tmp_path) -> tuple[bytes, bytes]:
    """A certificate and its key, as a person makes them."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    names = "subjectAltName=DNS:www.shop.example,DNS:shop.example"
    usage = "keyUsage=critical,digitalSignature,keyAgreement,decipherOnly"
    extended = "extendedKeyUsage=serverAuth,1.2.3.4"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp384r1", "-sha384", "-nodes", "-keyout", key)
    added = [part for extension in (names, usage, extended) for part in ("-addext", extension)]
    openssl("req", "-x509", *curve, "-out", certificate, "-subj", "/O=Shop/CN=Shop", "-days", "30", *added)
    return certificate.read_bytes(), key.read_bytes()


def test_certificates_of_openssl_are_imported(self_signed):
    brought = PKI.import_certificate(self_signed[0], self_signed[1], b"")
    facts = brought.facts
    assert facts.names == ("www.shop.example", "shop.example")
    assert (facts.subject, facts.issuer) == ("CN=Shop,O=Shop", "Shop")
    assert (facts.key_algorithm, facts.signature_algorithm) == (KeyAlgorithm.EC_secp384r1, "SHA384WITHECDSA")
    assert facts.key_usages == ("DIGITAL_SIGNATURE", "KEY_AGREEMENT", "DECIPHER_ONLY")
    server, custom = ("TLS_WEB_SERVER_AUTHENTICATION", "1.3.6.1.5.5.7.3.1"), ("CUSTOM", "1.2.3.4")
    assert facts.extended_usages == (ExtendedUsage(*server), ExtendedUsage(*custom))
    assert facts.not_after - facts.not_before == 30 * 86400
    assert (brought.pem.encode(), brought.chain) == (self_signed[0], "")


@pytest.mark.parametrize("algorithm", [KeyAlgorithm.RSA_2048, KeyAlgorithm.EC_prime256v1, KeyAlgorithm.EC_secp384r1])
async def test_openssl_verifies_certificates_and_decrypts_keys(algorithm, tmp_path):
    rsa = (KeyAlgorithm.RSA_2048, SigningAlgorithm.SHA256WITHRSA)
    issuer = await root("root", *(rsa if algorithm is KeyAlgorithm.RSA_2048 else EC))
    request = await PKI.new_request(algorithm, ["*.howto.local", "www.howto.local"])
    certificate = PKI.issue(issuer, request.csr.encode(), TEMPLATES[END_ENTITY], SPAN)
    assert issuer.certificate is not None
    leaf, above, locked = (tmp_path / name for name in ("leaf", "root", "locked"))
    leaf.write_text(certificate.pem)
    above.write_text(issuer.certificate.pem)
    locked.write_text(PKI.encrypt_key(request.private, b"open sesame"))
    moment = str(int(SPAN.begin) + 60)
    openssl("verify", "-attime", moment, "-verify_hostname", "a.howto.local", "-CAfile", above, leaf)
    decrypted_key = openssl("pkey", "-in", locked, "-passin", "pass:open sesame", "-pubout")
    assert decrypted_key == openssl("x509", "-in", leaf, "-noout", "-pubkey")
    facts = PKI.facts(certificate.pem)
    assert (facts.names, facts.key_algorithm) == (("*.howto.local", "www.howto.local"), algorithm)
    assert int(facts.serial.replace(":", ""), 16) == int(certificate.serial, 16)
    brought = PKI.import_certificate(certificate.pem.encode(), request.private.reveal().encode(), above.read_bytes())
    assert (brought.private, brought.chain) == (request.private, above.read_text())


def test_old_key_formats_are_accepted_and_mismatched_keys_refused(self_signed, tmp_path):
    certificate, key = self_signed
    (tmp_path / "pkcs8").write_bytes(key)
    old = openssl("ec", "-in", tmp_path / "pkcs8")
    assert b"BEGIN EC PRIVATE KEY" in old
    assert PKI.import_certificate(certificate, old, b"").facts.names
    for broken in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(UnreadableKey):
            PKI.import_certificate(certificate, broken, b"")


@pytest.mark.parametrize("kind", ["ed25519", "rsa:1024"])
def test_unsupported_keys_are_refused(kind, tmp_path):
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    openssl("req", "-x509", "-newkey", kind, "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=a.b")
    with pytest.raises(UnreadableCertificate, match="RSA_2048"):
        PKI.import_certificate(certificate.read_bytes(), key.read_bytes(), b"")


async def test_a_chain_in_wrong_order_is_refused(self_signed):
    issuer = await root()
    request = await PKI.new_request(KeyAlgorithm.EC_prime256v1, ["a.b"])
    certificate = PKI.issue(issuer, request.csr.encode(), TEMPLATES[END_ENTITY], SPAN)
    assert issuer.certificate is not None
    chain = self_signed[0] + issuer.certificate.pem.encode()
    with pytest.raises(Mismatch):
        PKI.import_certificate(certificate.pem.encode(), request.private.reveal().encode(), chain)
