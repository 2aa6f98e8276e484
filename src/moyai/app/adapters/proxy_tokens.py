"""Tokens of external proxies that connect over TCP.

Promise: a token is shown once, when it is issued. Only its digest is stored, in a file that only its owner can read, so
nobody can use the file to authenticate. A token contains the id of its entry, and is compared with it in constant time.
It authorizes for all meshes, for one mesh, or for one virtual node or gateway. A revoked token is rejected at the
proxy's next request.
"""

from __future__ import annotations

import string
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.adapters.private_file import PrivateFile
from moyai.app.ids import draw
from moyai.app.state_paths import StatePaths
from moyai.kernel.clock import Instant
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.ports.store import StoreFault
from moyai.xds.server.authorization import ALL_PROXIES, Authorization, parse_authorization
from moyai.xds.server.proxy_auth import Peer

MAX_TOKENS: Final = 1000
_LETTERS: Final = string.ascii_letters + string.digits
_ID_LENGTH: Final = 12
_SECRET_LENGTH: Final = 40
_SEPARATOR: Final = "."


class TokenRefused(StoreFault):
    """A token can't be issued or revoked: there are too many, there is no such token, or it would authorize nothing."""


class IssuedToken(msgspec.Struct, frozen=True):
    """The public part of a token. ``reach``: the mesh, virtual node or gateway that it authorizes for; empty = all."""

    id: str
    reach: str
    created_at: Instant


class _Entry(msgspec.Struct, frozen=True):
    created_at: Instant
    reach: str
    digest: str


class ProxyTokens:
    """The tokens in one file. ``home``: the account and region of a short name. Every method may raise StoreFault."""

    def __init__(self, path: Path, home: Scope) -> None:
        self._file = PrivateFile(path, _Entry, "proxies' tokens")
        self._home = home

    def issue(self, reach: str, now: Instant) -> str:
        """Issue a token; it can't be read again."""
        if reach and parse_authorization(reach, self._home) is None:
            raise TokenRefused(f"A token is for mesh/M, mesh/M/virtualNode/N, mesh/M/virtualGateway/G, not {reach!r}.")
        name, secret = draw(_LETTERS, _ID_LENGTH), draw(_LETTERS, _SECRET_LENGTH)
        with self._file.edit() as entries:
            if len(entries) >= MAX_TOKENS:
                raise TokenRefused(f"There are {MAX_TOKENS} tokens already: revoke one first.")
            entries[name] = _Entry(now, reach, _digest(secret))
        return f"{name}{_SEPARATOR}{secret}"

    def list(self) -> tuple[IssuedToken, ...]:
        """The valid tokens, oldest first."""
        return tuple(IssuedToken(name, entry.reach, entry.created_at) for name, entry in self._file.read().items())

    def revoke(self, name: str) -> None:
        """Revoke a token by its id, the part before the dot."""
        with self._file.edit() as entries:
            if entries.pop(name, None) is None:
                raise TokenRefused(f"There is no token {name!r}.")

    def authorizations_of(self, peer: Peer) -> tuple[Authorization, ...] | None:
        """The authorizations of the peer's token; None when it is invalid."""
        name, _, secret = peer.bearer.partition(_SEPARATOR)
        entry = self._file.read().get(name)
        if not compare_digest(_digest(secret), "" if entry is None else entry.digest) or entry is None:
            return None
        authorization = parse_authorization(entry.reach, self._home) if entry.reach else ALL_PROXIES
        return None if authorization is None else (authorization,)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def open_tokens(state: StatePaths) -> ProxyTokens:
    """The tokens of the installation with this state directory."""
    return ProxyTokens(state.external_tokens, DEFAULT_SCOPE)
