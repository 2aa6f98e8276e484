"""Access keys for a door that others can reach.

Promise: a secret is shown once, when it is made, and never listed again. A signature can only be
checked with the secret itself, so it is kept, in a file that its owner alone may read. A key that is revoked is gone
from the file, and the running door knows it at its next request.
Source of the format: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.ids import draw
from moyai.app.private_file import PrivateFile
from moyai.kernel.clock import Instant
from moyai.ports.store import StoreFault

MAX_KEYS: Final = 100
_ID_LETTERS: Final = string.ascii_uppercase + "234567"
_ID_LENGTH: Final = 16
_SECRET_LETTERS: Final = string.ascii_letters + string.digits + "/+"
_SECRET_LENGTH: Final = 40


class KeyRefused(StoreFault):
    """No more keys can be made, or there is no such key."""


class IssuedKey(msgspec.Struct, frozen=True):
    """A key as it may be listed."""

    access_key: str
    created_at: Instant


class _Kept(msgspec.Struct, frozen=True):
    created_at: Instant
    secret: str


class AccessKeys:
    """The keys in one file. Every method may raise StoreFault."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateFile(path, _Kept, "access keys")

    def create(self, now: Instant) -> tuple[str, str]:
        """Make a key: its id (20 characters) and its secret (40), which is not to be had again."""
        access_key = "AKIA" + draw(_ID_LETTERS, _ID_LENGTH)
        secret = draw(_SECRET_LETTERS, _SECRET_LENGTH)
        with self._file.changing() as kept:
            if len(kept) >= MAX_KEYS:
                raise KeyRefused(f"There are {MAX_KEYS} access keys already: revoke one first.")
            kept[access_key] = _Kept(now, secret)
        return access_key, secret

    def list(self) -> tuple[IssuedKey, ...]:
        """The keys that are valid, oldest first."""
        return tuple(IssuedKey(access_key, kept.created_at) for access_key, kept in self._file.read().items())

    def revoke(self, access_key: str) -> None:
        """Make a key invalid for good; KeyRefused when there is none of this id."""
        with self._file.changing() as kept:
            if kept.pop(access_key, None) is None:
                raise KeyRefused(f"There is no access key {access_key!r}.")

    def secret(self, access_key: str) -> str | None:
        """The secret of a valid key, or None."""
        kept = self._file.read().get(access_key)
        return None if kept is None else kept.secret
