"""The implementation of ``ports.pki.Pki``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from typing_extensions import override

from moyai.domain.acm.certificate import CertificateFacts
from moyai.domain.pca.algorithms import KeyAlgorithm, KeyFamily
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityProperties, AuthorityType
from moyai.domain.pca.certificate import Template
from moyai.kernel.secret import Secret
from moyai.pki.certificates import parse_certificate
from moyai.pki.external import accept_authority, import_certificate
from moyai.pki.facts import facts
from moyai.pki.issue import issue, sign, usage
from moyai.pki.keys import encrypt_key, key_to_pem, new_private_key
from moyai.pki.requests import own_request, server_request
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
        return issue(issuer, csr, template, span)

    @override
    def accept_authority(
        self, csr: str, type_: AuthorityType, certificate: bytes, chain: bytes
    ) -> AuthorityCertificate:
        return accept_authority(csr, type_, certificate, chain)

    @override
    def certify(self, issuer: Issuer, name: str, span: ValidityPeriod) -> ServerKeyPair:
        """A name that is too long for a common name is an alternative name only."""
        above = issuer.certificate
        if above is None:
            raise ValueError("an issuer needs a certificate to certify others")
        key = new_private_key(KeyAlgorithm.EC_prime256v1)
        common = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if len(name) <= _LONGEST_COMMON_NAME else []
        extensions = (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName([x509.DNSName(name)]), not common),
        )
        leaf = sign(issuer, x509.Name(common), key.public_key(), extensions, span)
        return ServerKeyPair(key_to_pem(key), leaf.pem + _without_root(above), above.root, leaf.serial)

    @override
    def facts(self, certificate: str) -> CertificateFacts:
        return facts(parse_certificate(certificate.encode()))

    @override
    def import_certificate(self, certificate: bytes, private: bytes, chain: bytes) -> ImportedCertificate:
        return import_certificate(certificate, private, chain)

    @override
    def encrypt_key(self, private: Secret, passphrase: bytes) -> str:
        return encrypt_key(private, passphrase)


def _new_request(algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
    key = new_private_key(algorithm)
    return NewKey(key_to_pem(key), server_request(key, names))


def _new_key(configuration: AuthorityProperties) -> NewKey:
    key = new_private_key(configuration.key_algorithm)
    return NewKey(key_to_pem(key), own_request(configuration, key))


def _without_root(certificate: AuthorityCertificate) -> str:
    """The authority's certificate and its chain without the root, which every client that trusts it has."""
    return (certificate.pem + certificate.chain).removesuffix(certificate.root) if certificate.chain else ""
