"""Who is signed in to the console.

Promise: a login is made from a key of the API and its secret, compared in constant time; the secret is not kept. What
the browser gets is a random token, of which only a digest is kept here. A login ends after its time, when it is
signed out, when its key is revoked, when its key has begun so many newer ones, and with the process. Whoever has the
right secret is never kept out, whatever others tried before: docs/decisions/no-lock-out.md.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Protocol

import msgspec

from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.ids import Ids

LIFETIME: Final = 12 * 3600.0
"""Seconds, as long as AWS's console keeps one signed in."""
MOST_LOGINS: Final = 100
"""Of one key."""
_TOKEN_DIGITS: Final = 64  # 256 bits


class Keys(Protocol):
    """The access keys of the API."""

    def secret(self, access_key: str) -> str | None:
        """The secret of an active key; None when it is unknown or revoked."""


class Login(msgspec.Struct, frozen=True):
    """One browser that has shown a key."""

    access_key: str
    csrf: str
    """What each of its requests that may change something has to carry."""
    expires: Instant


class Logins:
    """All of them."""

    def __init__(self, keys: Keys, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._logins: dict[str, Login] = {}

    def begin(self, access_key: str, secret: str) -> tuple[str, Login] | None:
        """A token and its login; None when it is no key of ours."""
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
        """The login of this token, while it lasts."""
        login = self._logins.get(_digest(token))
        if login is None:
            return None
        if login.expires <= self._clock.now() or self._keys.secret(login.access_key) is None:
            self.end(token)
            return None
        return login

    def end(self, token: str) -> None:
        """Sign out."""
        self._logins.pop(_digest(token), None)

    def _make_room(self, access_key: str, now: Instant) -> None:
        """Forget logins whose time is over, and of the key's the oldest that are too many."""
        self._logins = {name: login for name, login in self._logins.items() if login.expires > now}
        of_key = [name for name, login in self._logins.items() if login.access_key == access_key]
        for name in of_key[: max(0, len(of_key) + 1 - MOST_LOGINS)]:
            del self._logins[name]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
