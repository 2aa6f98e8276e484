"""Keys and certificates, made and read.

Promise: nothing is kept here; what is made goes back to the caller, keys as Secrets. Only what makes RSA keys may take
long (one of 4096 bits takes seconds), so that is awaited; the others take milliseconds.

Errors:

    PkiFault
    ├── UnreadableRequest       no signing request, or one whose signature is wrong
    ├── UnreadableCertificate   no certificate, or none that an authority or a proxy can have
    ├── UnreadableKey           no private key, or none that works
    └── Mismatch                the certificate is of another key, name or chain
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.domain.acm.certificate import Facts
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType, Configuration
from moyai.domain.pca.certificate import Template
from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.secret import Secret


class PkiFault(MoyaiError):
    """It can't be done with what was given; ``str(error)`` says why."""


class UnreadableRequest(PkiFault):
    """No signing request."""


class UnreadableCertificate(PkiFault):
    """No certificate."""


class UnreadableKey(PkiFault):
    """No private key."""


class Mismatch(PkiFault):
    """The certificate does not belong here."""


class Span(NamedTuple):
    """From when and until when a certificate is valid; whole seconds."""

    begin: Instant
    end: Instant


class NewKey(NamedTuple):
    """A private key and a signing request of it, both PEM."""

    private: Secret
    csr: str


class Issuer(msgspec.Struct, frozen=True):
    """Who signs: the authority's key and how it signs. ``certificate`` None = it has none yet and signs for itself."""

    private: Secret
    algorithm: SigningAlgorithm
    certificate: AuthorityCertificate | None = None


class Signed(NamedTuple):
    """A certificate, PEM; its serial number as 32 hexadecimal digits."""

    pem: str
    serial: str


class Shown(NamedTuple):
    """What a proxy shows: its key, its certificate and those above it without the root; the root; the serial number."""

    private: Secret
    chain: str
    root: str
    serial: str


class Brought(NamedTuple):
    """A certificate from outside, those above it (both PEM), its key, and what it says."""

    pem: str
    chain: str
    private: Secret
    facts: Facts


class Pki(Protocol):
    """Makes and reads."""

    async def new_key(self, configuration: Configuration) -> NewKey:
        """A key, and the request for a certificate under the configuration's name."""

    async def new_request(self, algorithm: KeyAlgorithm, names: Sequence[str]) -> NewKey:
        """A key, and the request for a certificate for these DNS names; the first is the common name as well."""

    def issue(self, issuer: Issuer, csr: bytes, template: Template, span: Span) -> Signed:
        """A certificate for a signing request (PEM). UnreadableRequest, Mismatch (a root signs nobody but itself)."""

    def accept(self, csr: str, type_: AuthorityType, certificate: bytes, chain: bytes) -> AuthorityCertificate:
        """An authority's certificate that came from outside, with those above it, held against the authority's own
        request. UnreadableCertificate, Mismatch.
        """

    def certify(self, issuer: Issuer, name: str, span: Span) -> Shown:
        """A new key and a certificate of it for a DNS name. The issuer has a certificate."""

    def facts(self, certificate: str) -> Facts:
        """What a certificate (PEM) says. UnreadableCertificate."""

    def bring(self, certificate: bytes, private: bytes, chain: bytes) -> Brought:
        """A certificate with its key and those above it, all PEM, held against each other. UnreadableCertificate,
        UnreadableKey, Mismatch.
        """

    def locked(self, private: Secret, passphrase: bytes) -> str:
        """The key as PEM that only the passphrase opens."""
