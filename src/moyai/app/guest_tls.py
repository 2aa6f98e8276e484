"""What the TCP door of guests shows: files that somebody gave, or a certificate of the door's own authority.

Promise: a certificate that changes or runs out is taken up anew without a restart; what can't be read then leaves the
last good one. The authority is this door's alone, made at its first opening, and lies with its key in the state
directory, where root alone reads it; its certificate is what guests are to trust.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.config import GUEST_CA_FILE, GUEST_SERVER_NAME
from moyai.app.private_file import write_private
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType, Configuration, Subject
from moyai.domain.pca.certificate import TEMPLATES
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.secret import Secret
from moyai.ports.pki import Issuer, Pki, Span
from moyai.ports.store import StoreFault
from moyai.xds.server.binding import Tls

_CERTIFICATE, _KEY = "authority.json", "authority.key"
_DAY: Final = 86400
_AUTHORITY_LIFETIME: Final = 3650 * _DAY
_LIFETIME: Final = 90 * _DAY
_RENEWED: Final = 30 * _DAY
"""Before the end."""
_SKEW: Final = 300
_ALGORITHM: Final = SigningAlgorithm.SHA256WITHECDSA
_READER: Final = msgspec.json.Decoder(AuthorityCertificate)
_log = logging.getLogger(__name__)


async def own_keys(folder: Path, clients: Path | None, pki: Pki, clock: Clock) -> Callable[[], Tls]:
    """What to show now, of the authority in ``folder``, which is made when there is none. Raises StoreFault."""
    try:
        issuer = _kept(folder) or _keep(folder, *await _authority(pki, clock.now()))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreFault(f"the keys in {folder} can't be used: {error}") from error
    return _Own(issuer, clients, pki, clock).current


def _kept(folder: Path) -> Issuer | None:
    if not (folder / _CERTIFICATE).exists():
        return None
    certificate = _READER.decode((folder / _CERTIFICATE).read_bytes())
    return Issuer(Secret((folder / _KEY).read_text()), _ALGORITHM, certificate)


def _keep(folder: Path, private: Secret, certificate: AuthorityCertificate) -> Issuer:
    """The certificate is written last: where it is, the rest is."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / _KEY, private.reveal().encode())
    write_private(folder / GUEST_CA_FILE, certificate.pem.encode())
    write_private(folder / _CERTIFICATE, msgspec.json.encode(certificate))
    return Issuer(private, _ALGORITHM, certificate)


def given_keys(chain: Path, private: Path, clients: Path | None) -> Callable[[], Tls]:
    """What to show now, of files. Raises StoreFault when they don't fit at the first look."""
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        trial.load_cert_chain(chain, private)
    except OSError as error:
        raise StoreFault(f"{chain} is no certificate (PEM) with its key in {private}: {error}") from error
    try:
        if clients is not None:
            trial.load_verify_locations(clients)
    except OSError as error:
        raise StoreFault(f"{clients} has no authority's certificate (PEM): {error}") from error
    return lambda: Tls(chain.read_bytes(), private.read_bytes(), _read(clients))


class _Own:
    """Certificates for the one name, each made when the one before is about to run out."""

    def __init__(self, issuer: Issuer, clients: Path | None, pki: Pki, clock: Clock) -> None:
        self._issuer = issuer
        self._clients = clients
        self._pki = pki
        self._clock = clock
        self._until = Instant(0)
        self._shown = b"", b""

    def current(self) -> Tls:
        """The certificate that is good now."""
        now = self._clock.now()
        if now > self._until - _RENEWED:
            self._until = later(now, _LIFETIME)
            made = self._pki.certify(self._issuer, GUEST_SERVER_NAME, Span(later(now, -_SKEW), self._until))
            self._shown = made.chain.encode(), made.private.reveal().encode()
        return Tls(*self._shown, _read(self._clients))


async def _authority(pki: Pki, now: Instant) -> tuple[Secret, AuthorityCertificate]:
    subject = Subject(organization="moyai", common_name="moyai: guests' door")
    made = await pki.new_key(Configuration(KeyAlgorithm.EC_prime256v1, _ALGORITHM, subject))
    span = Span(later(now, -_SKEW), later(now, _AUTHORITY_LIFETIME))
    signed = pki.issue(Issuer(made.private, _ALGORITHM), made.csr.encode(), TEMPLATES["RootCACertificate/V1"], span)
    return made.private, pki.accept(made.csr, AuthorityType.ROOT, signed.pem.encode(), b"")


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
