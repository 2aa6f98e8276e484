"""TLS between proxies: the certificates that they present, and the authorities that they trust.

Certificates and authorities are in the mesh itself (PEM), in a file of the proxy's file system, or a secret of the SDS
server at the proxy's own socket.
"""

from __future__ import annotations

import msgspec

from moyai.kernel.secret import Secret


class Certificate(msgspec.Struct, frozen=True):
    """A certificate, shared by name between all workloads that present it. ``chain``: PEM, without the root."""

    name: str
    chain: str
    private: Secret


class CertificateRef(msgspec.Struct, frozen=True, tag="shown"):
    """A Certificate of the mesh, by its name; it may not exist yet."""

    certificate: str


class CertificateFile(msgspec.Struct, frozen=True, tag="file"):
    """The paths of a certificate's chain and its key, which are read again when they are replaced."""

    chain: str
    private: str


class CertificateSecret(msgspec.Struct, frozen=True, tag="secret"):
    """A certificate of the proxy's SDS server, by its name."""

    name: str


class TrustedRoots(msgspec.Struct, frozen=True, tag="roots"):
    """The certificates of authorities, each as PEM."""

    roots: tuple[str, ...]


class TrustedFile(msgspec.Struct, frozen=True, tag="file"):
    """The path of a file with authorities, which is read again when it is replaced."""

    path: str


class TrustedSecret(msgspec.Struct, frozen=True, tag="secret"):
    """Authorities of the proxy's SDS server, by name."""

    name: str


AnyCertificate = CertificateRef | CertificateFile | CertificateSecret
AnyTrusted = TrustedRoots | TrustedFile | TrustedSecret


class PeerCheck(msgspec.Struct, frozen=True):
    """The peer has to present a certificate of a trusted authority, for one of ``names`` (DNS names and URIs); for any
    name if there are none.
    """

    trusted_ca: AnyTrusted
    names: tuple[str, ...] = ()


class ServerTls(msgspec.Struct, frozen=True, omit_defaults=True):
    """TLS of incoming connections. ``permissive``: plain text is accepted too. ``callers``: the check of the client's
    certificate; None = none is required. ``newest_only``: TLS 1.3 only.
    """

    certificate: AnyCertificate
    permissive: bool = False
    callers: PeerCheck | None = None
    newest_only: bool = False


class ClientTls(msgspec.Struct, frozen=True, omit_defaults=True):
    """TLS of outgoing connections. ``check``: that of the server's certificate; None = any is accepted.
    ``certificate``: the client's, for servers that require one. ``server_name``: the SNI; empty = none.
    """

    check: PeerCheck | None = None
    certificate: AnyCertificate | None = None
    server_name: str = ""


class IssuerTrust(msgspec.Struct, frozen=True):
    """The check of members with this ``issuer``: they have to present a certificate for ``name`` of one of the
    ``roots`` (PEM).
    """

    issuer: str
    name: str
    roots: tuple[str, ...]
