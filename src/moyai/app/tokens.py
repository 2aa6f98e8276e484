"""Tokens by which proxies that come over TCP are known.

Promise: a token is shown once, when it is made; what is kept of it is a digest, in a file that its owner alone may
read, so the file opens no door. A token says itself which entry to hold it against, and that is done in constant time.
It may be for all meshes, for one, or for one virtual node or gateway. One that is revoked is not good any more at the
next request of whoever shows it.
"""

from __future__ import annotations

import string
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.config import StatePaths
from moyai.app.ids import draw
from moyai.app.private_file import PrivateFile
from moyai.kernel.clock import Instant
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.ports.store import StoreFault
from moyai.xds.server.gate import Asker
from moyai.xds.server.reach import EVERYTHING, Reach, read_reach

MAX_TOKENS: Final = 1000
_LETTERS: Final = string.ascii_letters + string.digits
_ID_LENGTH: Final = 12
_SECRET_LENGTH: Final = 40
_BETWEEN: Final = "."


class TokenRefused(StoreFault):
    """No more tokens can be made, there is no such token, or it would be for nothing."""


class IssuedToken(msgspec.Struct, frozen=True):
    """A token as it may be listed. ``reach``: what it is for; empty = everything."""

    id: str
    reach: str
    created_at: Instant


class _Kept(msgspec.Struct, frozen=True):
    created_at: Instant
    reach: str
    digest: str


class ProxyTokens:
    """The tokens in one file; ``home``: whose a short name is. Every method may raise StoreFault."""

    def __init__(self, path: Path, home: Scope) -> None:
        self._file = PrivateFile(path, _Kept, "proxies' tokens")
        self._home = home

    def issue(self, reach: str, now: Instant) -> str:
        """Make a token, which is not to be had again."""
        if reach and read_reach(reach, self._home) is None:
            raise TokenRefused(f"A token is for mesh/M, mesh/M/virtualNode/N, mesh/M/virtualGateway/G, not {reach!r}.")
        name, secret = draw(_LETTERS, _ID_LENGTH), draw(_LETTERS, _SECRET_LENGTH)
        with self._file.changing() as kept:
            if len(kept) >= MAX_TOKENS:
                raise TokenRefused(f"There are {MAX_TOKENS} tokens already: revoke one first.")
            kept[name] = _Kept(now, reach, _digest(secret))
        return f"{name}{_BETWEEN}{secret}"

    def list(self) -> tuple[IssuedToken, ...]:
        """The tokens that are good, oldest first."""
        return tuple(IssuedToken(name, kept.reach, kept.created_at) for name, kept in self._file.read().items())

    def revoke(self, name: str) -> None:
        """Make a token worthless, by its id: what stands before the point."""
        with self._file.changing() as kept:
            if kept.pop(name, None) is None:
                raise TokenRefused(f"There is no token {name!r}.")

    def reaches(self, asker: Asker) -> tuple[Reach, ...] | None:
        """What the asker's token is for; None when it is not good."""
        name, _, secret = asker.bearer.partition(_BETWEEN)
        kept = self._file.read().get(name)
        if not compare_digest(_digest(secret), "" if kept is None else kept.digest) or kept is None:
            return None
        reach = read_reach(kept.reach, self._home) if kept.reach else EVERYTHING
        return None if reach is None else (reach,)


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def tokens_in(state: StatePaths) -> ProxyTokens:
    """The tokens of the installation that has its state there."""
    return ProxyTokens(state.guest_tokens, DEFAULT_SCOPE)
