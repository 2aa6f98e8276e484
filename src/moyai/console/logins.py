"""Who is signed in to the console.

Promise: a login is made from a key of the API and its secret, compared in constant time; the secret is not kept. What
the browser gets is a random token, of which only a digest is kept here. A login ends after its time, when it is
signed out, when its key is revoked, and with the process. There are at most so many, and so many attempts at a time.
Refuses: an attempt from an address, or for a key, that has failed too often within the last minute.
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
MOST_LOGINS: Final = 1000
MOST_FAILURES: Final = 10
"""Of one address, or for one key, in a minute."""
_MINUTE: Final = 60.0
_MOST_COUNTED: Final = 4096
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


class TooManyAttempts(Exception):
    """Wait a minute."""


class Logins:
    """All of them."""

    def __init__(self, keys: Keys, clock: Clock, ids: Ids) -> None:
        self._keys = keys
        self._clock = clock
        self._ids = ids
        self._logins: dict[str, Login] = {}
        self._failures: dict[str, list[Instant]] = {}

    def begin(self, access_key: str, secret: str, client: str) -> tuple[str, Login] | None:
        """A token and its login; None when it is no key of ours. Raises TooManyAttempts."""
        now = self._clock.now()
        counted = (f"address {client}", f"key {access_key}")
        if any(self._failed_too_often(one, now) for one in counted):
            raise TooManyAttempts
        known = self._keys.secret(access_key)
        if not hmac.compare_digest((known or "").encode(), secret.encode()) or known is None:
            for one in counted:
                self._count_failure(one, now)
            return None
        token = self._ids.hex(_TOKEN_DIGITS)
        login = Login(access_key, self._ids.hex(_TOKEN_DIGITS), later(now, LIFETIME))
        self._make_room(now)
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

    def _failed_too_often(self, who: str, now: Instant) -> bool:
        return len([at for at in self._failures.get(who, ()) if at > now - _MINUTE]) >= MOST_FAILURES

    def _count_failure(self, who: str, now: Instant) -> None:
        recent = [at for at in self._failures.pop(who, []) if at > now - _MINUTE]
        while len(self._failures) >= _MOST_COUNTED:
            del self._failures[next(iter(self._failures))]  # who failed longest ago
        self._failures[who] = [*recent, now][-MOST_FAILURES:]

    def _make_room(self, now: Instant) -> None:
        self._logins = {name: login for name, login in self._logins.items() if login.expires > now}
        while len(self._logins) >= MOST_LOGINS:
            del self._logins[next(iter(self._logins))]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
