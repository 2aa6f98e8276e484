"""``ports.pki`` by the library cryptography."""

from __future__ import annotations

import asyncio

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from moyai.domain.pca.algorithms import Family, KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType, Configuration
from moyai.domain.pca.certificate import Template
from moyai.pki.accept import accept
from moyai.pki.issue import issue, sign, usage
from moyai.pki.keys import new_private_key, written
from moyai.pki.requests import own_request
from moyai.ports.pki import Issuer, NewKey, Shown, Signed, Span

_LONGEST_COMMON_NAME = 64


class CryptographyPki:
    """See ``ports.pki.Pki``."""

    async def new_key(self, configuration: Configuration) -> NewKey:
        """See Pki. RSA keys are made in a thread: they take long, and the library lets others run meanwhile."""
        if configuration.key_algorithm.family is Family.RSA:
            return await asyncio.to_thread(_new_key, configuration)
        return _new_key(configuration)

    def issue(self, issuer: Issuer, csr: bytes, template: Template, span: Span) -> Signed:
        """See Pki."""
        return issue(issuer, csr, template, span)

    def accept(self, csr: str, type_: AuthorityType, certificate: bytes, chain: bytes) -> AuthorityCertificate:
        """See Pki."""
        return accept(csr, type_, certificate, chain)

    def certify(self, issuer: Issuer, name: str, span: Span) -> Shown:
        """See Pki. A name that is too long for a common name is an alternative name only."""
        above = issuer.certificate
        if above is None:
            raise ValueError("who certifies others has a certificate")
        key = new_private_key(KeyAlgorithm.EC_prime256v1)
        common = [x509.NameAttribute(NameOID.COMMON_NAME, name)] if len(name) <= _LONGEST_COMMON_NAME else []
        extensions = (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage(digital_signature=True), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (x509.SubjectAlternativeName([x509.DNSName(name)]), not common),
        )
        signed = sign(issuer, x509.Name(common), key.public_key(), extensions, span)
        return Shown(written(key), signed.pem + _without_root(above), above.root, signed.serial)


def _new_key(configuration: Configuration) -> NewKey:
    key = new_private_key(configuration.key_algorithm)
    return NewKey(written(key), own_request(configuration, key))


def _without_root(certificate: AuthorityCertificate) -> str:
    """The authority's certificate and those above it up to the root, which whoever trusts it has."""
    return (certificate.pem + certificate.chain).removesuffix(certificate.root) if certificate.chain else ""
