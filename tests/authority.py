"""A certificate authority of a test's own, whose certificates are real."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityProperties, AuthorityType, Subject
from moyai.domain.pca.certificate import END_ENTITY, TEMPLATES
from moyai.kernel.clock import Instant
from moyai.mesh.ir import Certificate
from moyai.pki.library import CryptographyPki
from moyai.ports.pki import Issuer, ValidityPeriod

PKI, SPAN = CryptographyPki(), ValidityPeriod(Instant(0), Instant(4e9))


class Authority(NamedTuple):
    """An authority: its signing key, and its own certificate (PEM)."""

    issuer: Issuer
    root: str

    def signs(self, name: str = "one.shop", called: str = "c") -> Certificate:
        """A server's certificate for a DNS name, with a new key; ``called``: by the mesh."""
        identity = PKI.certify(self.issuer, name, SPAN)
        return Certificate(called, identity.chain, identity.private)

    async def issues(self, name: str, called: str = "c") -> Certificate:
        """Issue a certificate that clients may present, too."""
        request = await PKI.new_request(KeyAlgorithm.EC_prime256v1, [name])
        return Certificate(
            called, PKI.issue(self.issuer, request.csr.encode(), TEMPLATES[END_ENTITY], SPAN).pem, request.private
        )


async def an_authority() -> Authority:
    """A new one."""
    subject = Subject(common_name="root")
    configuration = AuthorityProperties(KeyAlgorithm.EC_prime256v1, SigningAlgorithm.SHA256WITHECDSA, subject)
    key = await PKI.new_key(configuration)
    itself = Issuer(key.private, configuration.signing_algorithm)
    certificate = PKI.issue(itself, key.csr.encode(), TEMPLATES["RootCACertificate/V1"], SPAN)
    own = PKI.accept_authority(key.csr, AuthorityType.ROOT, certificate.pem.encode(), b"")
    return Authority(replace(itself, certificate=own), own.pem)
