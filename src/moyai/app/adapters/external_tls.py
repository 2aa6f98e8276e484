"""The certificate of the TCP listener for external proxies: from files, or issued by the listener's own authority.

Promise: a certificate that changes or expires is replaced without a restart; while the new one can't be read, the old
one stays in use. The authority serves this listener alone. It is made when the listener first opens, and is kept with
its key in the state directory, where only root can read it; external proxies trust its certificate.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.adapters.private_file import write_private
from moyai.app.config import EXTERNAL_CA_FILE, EXTERNAL_SERVER_NAME
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityProperties, AuthorityType, Subject
from moyai.domain.pca.certificate import TEMPLATES
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.secret import Secret
from moyai.ports.pki import Issuer, Pki, ValidityPeriod
from moyai.ports.store import StoreFault
from moyai.xds.server.grpc_server import TlsCredentials

_CERTIFICATE, _KEY = "authority.json", "authority.key"
_DAY: Final = 86400
_AUTHORITY_LIFETIME: Final = 3650 * _DAY
_LIFETIME: Final = 90 * _DAY
_RENEW_BEFORE: Final = 30 * _DAY
"""The seconds before the end of a certificate's validity at which it is replaced."""
_SKEW: Final = 300
_ALGORITHM: Final = SigningAlgorithm.SHA256WITHECDSA
_DECODER: Final = msgspec.json.Decoder(AuthorityCertificate)
_log = logging.getLogger(__name__)


async def issued_certificate(
    folder: Path, clients: Path | None, pki: Pki, clock: Clock
) -> Callable[[], TlsCredentials]:
    """A function that returns the present certificate. The authority in ``folder`` issues it, and is made if it does
    not exist. Raises StoreFault.
    """
    try:
        issuer = _load(folder) or _save(folder, *await _make_authority(pki, clock.now()))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreFault(f"the keys in {folder} can't be used: {error}") from error
    return _IssuedCertificate(issuer, clients, pki, clock).current


def _load(folder: Path) -> Issuer | None:
    if not (folder / _CERTIFICATE).exists():
        return None
    certificate = _DECODER.decode((folder / _CERTIFICATE).read_bytes())
    return Issuer(Secret((folder / _KEY).read_text()), _ALGORITHM, certificate)


def _save(folder: Path, private: Secret, certificate: AuthorityCertificate) -> Issuer:
    """Write the authority's files, the certificate last, so that the others exist whenever it does."""
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / _KEY, private.reveal().encode())
    write_private(folder / EXTERNAL_CA_FILE, certificate.pem.encode())
    write_private(folder / _CERTIFICATE, msgspec.json.encode(certificate))
    return Issuer(private, _ALGORITHM, certificate)


def file_certificate(chain: Path, private: Path, clients: Path | None) -> Callable[[], TlsCredentials]:
    """A function that returns the certificate in these files. Raises StoreFault when they aren't valid now."""
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
    return lambda: TlsCredentials(chain.read_bytes(), private.read_bytes(), _read(clients))


class _IssuedCertificate:
    """A certificate for EXTERNAL_SERVER_NAME, issued anew before it expires."""

    def __init__(self, issuer: Issuer, clients: Path | None, pki: Pki, clock: Clock) -> None:
        self._issuer = issuer
        self._clients = clients
        self._pki = pki
        self._clock = clock
        self._until = Instant(0)
        self._chain_and_key = b"", b""

    def current(self) -> TlsCredentials:
        """The certificate that is valid now."""
        now = self._clock.now()
        if now > self._until - _RENEW_BEFORE:
            self._until = later(now, _LIFETIME)
            certificate = self._pki.certify(
                self._issuer, EXTERNAL_SERVER_NAME, ValidityPeriod(later(now, -_SKEW), self._until)
            )
            self._chain_and_key = certificate.chain.encode(), certificate.private.reveal().encode()
        return TlsCredentials(*self._chain_and_key, _read(self._clients))


async def _make_authority(pki: Pki, now: Instant) -> tuple[Secret, AuthorityCertificate]:
    subject = Subject(organization="moyai", common_name="moyai: external proxies")
    key = await pki.new_key(AuthorityProperties(KeyAlgorithm.EC_prime256v1, _ALGORITHM, subject))
    span = ValidityPeriod(later(now, -_SKEW), later(now, _AUTHORITY_LIFETIME))
    signed = pki.issue(Issuer(key.private, _ALGORITHM), key.csr.encode(), TEMPLATES["RootCACertificate/V1"], span)
    return key.private, pki.accept_authority(key.csr, AuthorityType.ROOT, signed.pem.encode(), b"")


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
