"""Makes and parses keys and certificates.

Promise: nothing is stored; keys are returned as Secrets. Methods that make RSA keys may take long (seconds for 4096
bits), so they are async; the others take milliseconds.

Errors:

    PkiFault
    ├── UnreadableRequest       not a signing request, or its signature is wrong
    ├── UnreadableCertificate   not a certificate, or one that no authority or proxy can have
    ├── UnreadableKey           not a private key, or it does not work
    └── Mismatch                the certificate has another key, subject or chain
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.acm.certificate import CertificateFacts
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityProperties, AuthorityType
from moyai.domain.pca.certificate import Template
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.secret import Secret


class PkiFault(MoyaiError):
    """The arguments can't be used; ``str(error)`` is the reason."""


class UnreadableRequest(PkiFault):
    """The argument is not a valid signing request."""


class UnreadableCertificate(PkiFault):
    """The argument is not a usable certificate."""


class UnreadableKey(PkiFault):
    """The argument is not a usable private key."""


class Mismatch(PkiFault):
    """The certificate does not belong to the key, the request or the chain."""


class ValidityPeriod(NamedTuple):
    """The period for which a certificate is valid, in whole seconds."""

    begin: Instant
    end: Instant


class NewKey(NamedTuple):
    """A private key and a signing request for it, both PEM."""

    private: Secret
    csr: str


class Issuer(msgspec.Struct, frozen=True):
    """An authority that signs, with its key and algorithm. ``certificate``: None while it has none and signs itself."""

    private: Secret
    algorithm: SigningAlgorithm
    certificate: AuthorityCertificate | None = None


class SignedCertificate(NamedTuple):
    """A certificate, PEM; its serial number as 32 hexadecimal digits."""

    pem: str
    serial: str


class ServerKeyPair(NamedTuple):
    """A server's key, its certificate with the chain without the root, the root, and the serial number."""

    private: Secret
    chain: str
    root: str
    serial: str


class ImportedCertificate(NamedTuple):
    """A certificate from outside, its chain (both PEM), its key, and its content."""

    pem: str
    chain: str
    private: Secret
    facts: CertificateFacts


class Pki(Protocol):
    """Makes and parses keys and certificates."""

    async def new_key(self, configuration: AuthorityProperties) -> NewKey:
        """Make a key, and a request for a certificate with the configuration's subject."""

    async def new_request(self, algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
        """Make a key, and a request for a certificate for these DNS names; the first is also the common name."""

    def issue(self, issuer: Issuer, csr: bytes, template: Template, span: ValidityPeriod) -> SignedCertificate:
        """Issue a certificate for a request (PEM). Raises UnreadableRequest, Mismatch (the template of a root is for
        the authority's own request).
        """

    def accept_authority(
        self, csr: str, type_: AuthorityType, certificate: bytes, chain: bytes
    ) -> AuthorityCertificate:
        """Check an authority's certificate from outside, with its chain, against the authority's own request. Raises
        UnreadableCertificate, Mismatch.
        """

    def certify(self, issuer: Issuer, name: str, span: ValidityPeriod) -> ServerKeyPair:
        """Make a key and issue its certificate for a DNS name. The issuer must have a certificate."""

    def facts(self, certificate: str) -> CertificateFacts:
        """The content of a certificate (PEM). Raises UnreadableCertificate."""

    def import_certificate(self, certificate: bytes, private: bytes, chain: bytes) -> ImportedCertificate:
        """Check a certificate, its key and its chain (all PEM) against each other. Raises UnreadableCertificate,
        UnreadableKey, Mismatch.
        """

    def encrypt_key(self, private: Secret, passphrase: bytes) -> str:
        """A key as PEM, encrypted with a passphrase."""
