"""``ports.pki`` by the library cryptography."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from moyai.domain.acm.certificate import Facts
from moyai.domain.pca.algorithms import Family, KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType, Configuration
from moyai.domain.pca.certificate import Template
from moyai.kernel.secret import Secret
from moyai.pki.accept import accept
from moyai.pki.bring import bring
from moyai.pki.certificates import one
from moyai.pki.facts import facts
from moyai.pki.issue import issue, sign, usage
from moyai.pki.keys import locked, new_private_key, written
from moyai.pki.requests import own_request, server_request
from moyai.ports.pki import Brought, Issuer, NewKey, Shown, Signed, Span

_LONGEST_COMMON_NAME = 64


class CryptographyPki:
    """See ``ports.pki.Pki``."""

    async def new_key(self, configuration: Configuration) -> NewKey:
        """See Pki. RSA keys are made in a thread: they take long, and the library lets others run meanwhile."""
        if configuration.key_algorithm.family is Family.RSA:
            return await asyncio.to_thread(_new_key, configuration)
        return _new_key(configuration)

    async def new_request(self, algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
        """See Pki. RSA keys are made in a thread here too."""
        if algorithm.family is Family.RSA:
            return await asyncio.to_thread(_new_request, algorithm, names)
        return _new_request(algorithm, names)

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

    def facts(self, certificate: str) -> Facts:
        """See Pki."""
        return facts(one(certificate.encode()))

    def bring(self, certificate: bytes, private: bytes, chain: bytes) -> Brought:
        """See Pki."""
        return bring(certificate, private, chain)

    def locked(self, private: Secret, passphrase: bytes) -> str:
        """See Pki."""
        return locked(private, passphrase)


def _new_request(algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
    key = new_private_key(algorithm)
    return NewKey(written(key), server_request(key, names))


def _new_key(configuration: Configuration) -> NewKey:
    key = new_private_key(configuration.key_algorithm)
    return NewKey(written(key), own_request(configuration, key))


def _without_root(certificate: AuthorityCertificate) -> str:
    """The authority's certificate and those above it up to the root, which whoever trusts it has."""
    return (certificate.pem + certificate.chain).removesuffix(certificate.root) if certificate.chain else ""
