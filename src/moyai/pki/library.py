"""The implementation of ``ports.pki.Pki``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cryptography import x509
from typing_extensions import override

from moyai.domain.acm.certificate import CertificateFacts
from moyai.domain.pca.algorithms import KeyAlgorithm, KeyFamily
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityProperties, AuthorityType
from moyai.domain.pca.certificate import Template
from moyai.kernel.secret import Secret
from moyai.pki import certificates, external, keys, requests
from moyai.pki import facts as certificate_facts
from moyai.pki import issue as issuing
from moyai.ports.pki import ImportedCertificate, Issuer, NewKey, Pki, ServerKeyPair, SignedCertificate, ValidityPeriod

_LONGEST_COMMON_NAME = 64


class CryptographyPki(Pki):
    """The ``Pki`` that makes keys and certificates with the library cryptography."""

    @override
    async def new_key(self, configuration: AuthorityProperties) -> NewKey:
        """RSA keys are made in a thread, because they take long and the library releases the GIL meanwhile."""
        if configuration.key_algorithm.family is KeyFamily.RSA:
            return await asyncio.to_thread(_new_key, configuration)
        return _new_key(configuration)

    @override
    async def new_request(self, algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
        """RSA keys are made in a thread, as in ``new_key``."""
        if algorithm.family is KeyFamily.RSA:
            return await asyncio.to_thread(_new_request, algorithm, names)
        return _new_request(algorithm, names)

    @override
    def issue(self, issuer: Issuer, csr: bytes, template: Template, span: ValidityPeriod) -> SignedCertificate:
        return issuing.issue(issuer, csr, template, span)

    @override
    def accept_authority(
        self, csr: str, type_: AuthorityType, certificate: bytes, chain: bytes
    ) -> AuthorityCertificate:
        return external.accept_authority(csr, type_, certificate, chain)

    @override
    def certify(self, issuer: Issuer, name: str, span: ValidityPeriod) -> ServerKeyPair:
        """A name that is too long for a common name is an alternative name only."""
        above = issuer.certificate
        if above is None:
            raise ValueError("an issuer needs a certificate to certify others")
        key = keys.new_private_key(KeyAlgorithm.EC_prime256v1)
        common = [x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)] if len(name) <= _LONGEST_COMMON_NAME else []
        extensions = (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (issuing.usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName([x509.DNSName(name)]), not common),
        )
        leaf = issuing.sign(issuer, x509.Name(common), key.public_key(), extensions, span)
        return ServerKeyPair(keys.key_to_pem(key), leaf.pem + _without_root(above), above.root, leaf.serial)

    @override
    def facts(self, certificate: str) -> CertificateFacts:
        return certificate_facts.facts(certificates.parse_certificate(certificate.encode()))

    @override
    def import_certificate(self, certificate: bytes, private: bytes, chain: bytes) -> ImportedCertificate:
        return external.import_certificate(certificate, private, chain)

    @override
    def encrypt_key(self, private: Secret, passphrase: bytes) -> str:
        return keys.encrypt_key(private, passphrase)


def _new_request(algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
    key = keys.new_private_key(algorithm)
    return NewKey(keys.key_to_pem(key), requests.server_request(key, names))


def _new_key(configuration: AuthorityProperties) -> NewKey:
    key = keys.new_private_key(configuration.key_algorithm)
    return NewKey(keys.key_to_pem(key), requests.own_request(configuration, key))


def _without_root(certificate: AuthorityCertificate) -> str:
    """The authority's certificate and its chain without the root, which every client that trusts it has."""
    return (certificate.pem + certificate.chain).removesuffix(certificate.root) if certificate.chain else ""
