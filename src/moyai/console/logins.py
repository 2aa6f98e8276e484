"""The logins to the console.

Promise: a login needs an access key of the API and its secret, which is compared in constant time and not stored. The
browser gets a random token, of which only a digest is stored here. A login ends after its lifetime, at sign-out, when
its key is revoked, when its key has MAX_LOGINS newer ones, and with the process. Failed attempts never lock out a user
with the right secret: docs/decisions/no-lock-out.md.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Protocol

import msgspec

from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import Ids

LIFETIME: Final = 12 * 3600.0
"""Seconds; the maximum of AWS's console."""
MAX_LOGINS: Final = 100
"""Logins of one access key."""
_TOKEN_DIGITS: Final = 64  # 256 bits


class Keys(Protocol):
    """The access keys of the API."""

    def secret(self, access_key: str) -> str | None:
        """The secret of an active key; None when it is unknown or revoked."""


class Login(msgspec.Struct, frozen=True):
    """A browser's session, begun with an access key."""

    access_key: str
    csrf: str
    """The token that each of its requests to the API must contain."""
    expires: Instant


class Logins:
    """The logins of all browsers."""

    def __init__(self, keys: Keys, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._logins: dict[str, Login] = {}

    def begin(self, access_key: str, secret: str) -> tuple[str, Login] | None:
        """Sign in: returns a token and its login; None when the key or the secret is wrong."""
        now = self._clock.now()
        known = self._keys.secret(access_key)
        if not hmac.compare_digest((known or "").encode(), secret.encode()) or known is None:
            return None
        token = self._ids.hex(_TOKEN_DIGITS)
        login = Login(access_key, self._ids.hex(_TOKEN_DIGITS), later(now, LIFETIME))
        self._make_room(access_key, now)
        self._logins[_digest(token)] = login
        return token, login

    def find(self, token: str) -> Login | None:
        """The login of this token, unless it has ended."""
        login = self._logins.get(_digest(token))
        if login is None:
            return None
        if login.expires <= self._clock.now() or self._keys.secret(login.access_key) is None:
            self.end(token)
            return None
        return login

    def end(self, token: str) -> None:
        """Sign out the browser with this token."""
        self._logins.pop(_digest(token), None)

    def _make_room(self, access_key: str, now: Instant) -> None:
        """Remove expired logins, and the key's oldest ones if it has too many."""
        self._logins = {name: login for name, login in self._logins.items() if login.expires > now}
        of_key = [name for name, login in self._logins.items() if login.access_key == access_key]
        for name in of_key[: max(0, len(of_key) + 1 - MAX_LOGINS)]:
            del self._logins[name]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
