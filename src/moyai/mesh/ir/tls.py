"""What makes a connection between two proxies private, and who is believed at its far end.

A certificate, and what is trusted, are here (PEM), in a file of the proxy's file system, or known by a name to whoever
serves secrets on the proxy's own socket.
"""

from __future__ import annotations

import msgspec

from moyai.kernel.secret import Secret


class Certificate(msgspec.Struct, frozen=True):
    """What a proxy shows, shared by name between all workloads that show it. ``chain``: PEM, the root left out."""

    name: str
    chain: str
    private: Secret


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """A Certificate of the mesh, by its name; it may not be there yet."""

    certificate: str


class ShownFile(msgspec.Struct, frozen=True, tag="file"):
    """A certificate's chain and its key, as paths; read again when others are moved into their place."""

    chain: str
    private: str


class ShownSecret(msgspec.Struct, frozen=True, tag="secret"):
    """A certificate that the proxy's own secret server knows by this name."""

    name: str


class TrustedRoots(msgspec.Struct, frozen=True, tag="roots"):
    """Authorities (PEM)."""

    roots: tuple[str, ...]


class TrustedFile(msgspec.Struct, frozen=True, tag="file"):
    """Authorities in a file; read again when another is moved into its place."""

    path: str


class TrustedSecret(msgspec.Struct, frozen=True, tag="secret"):
    """Authorities that the proxy's own secret server knows by this name."""

    name: str


AnyShown = Shown | ShownFile | ShownSecret
AnyTrusted = TrustedRoots | TrustedFile | TrustedSecret


class PeerCheck(msgspec.Struct, frozen=True):
    """The far end must show a certificate of one that is trusted, with one of ``names`` (DNS names and URIs) in it; any
    where there are none.
    """

    trusted: AnyTrusted
    names: tuple[str, ...] = ()


class ServerTls(msgspec.Struct, frozen=True, omit_defaults=True):
    """How connections that come in are encrypted. ``permissive``: those that come plain are taken too. ``callers``:
    what they must show; None = nothing. ``newest_only``: TLS 1.3, nothing older.
    """

    shown: AnyShown
    permissive: bool = False
    callers: PeerCheck | None = None
    newest_only: bool = False


class ClientTls(msgspec.Struct, frozen=True, omit_defaults=True):
    """How connections that go out are encrypted. ``check`` None: whoever answers is taken for the right one. ``shown``:
    what a server that asks is shown. ``server_name``: told to the server; empty = nothing.
    """

    check: PeerCheck | None = None
    shown: AnyShown | None = None
    server_name: str = ""


class Trust(msgspec.Struct, frozen=True):
    """Members that name ``issuer`` are only called when they show a certificate for ``name`` of one of the ``roots``
    (PEM).
    """

    issuer: str
    name: str
    roots: tuple[str, ...]
