"""Access keys for an API gateway that other machines can reach.

Promise: a secret is shown once, when it is made, and never listed. A signature can only be verified with the secret
itself, so the secret is stored, in a file that only its owner can read. A revoked key is deleted from the file, and the
running gateway rejects it at its next request.
Source of the format: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Final

import msgspec

from moyai.app.adapters.private_file import PrivateFile
from moyai.app.ids import draw
from moyai.kernel.clock import Instant
from moyai.ports.store import StoreFault

MAX_KEYS: Final = 100
_ID_LETTERS: Final = string.ascii_uppercase + "234567"
_ID_LENGTH: Final = 16
_SECRET_LETTERS: Final = string.ascii_letters + string.digits + "/+"
_SECRET_LENGTH: Final = 40


class KeyRefused(StoreFault):
    """A key can't be created or revoked: there are too many, or there is no such key."""


class IssuedKey(msgspec.Struct, frozen=True):
    """The public part of a key."""

    access_key: str
    created_at: Instant


class _Entry(msgspec.Struct, frozen=True):
    created_at: Instant
    secret: str


class AccessKeys:
    """The keys in one file. Every method may raise StoreFault."""

    def __init__(self, path: Path) -> None:
        self._file = PrivateFile(path, _Entry, "access keys")

    def create(self, now: Instant) -> tuple[str, str]:
        """Create a key: its id (20 characters) and its secret (40), which can't be read again."""
        access_key = "AKIA" + draw(_ID_LETTERS, _ID_LENGTH)
        secret = draw(_SECRET_LETTERS, _SECRET_LENGTH)
        with self._file.edit() as entries:
            if len(entries) >= MAX_KEYS:
                raise KeyRefused(f"There are {MAX_KEYS} access keys already: revoke one first.")
            entries[access_key] = _Entry(now, secret)
        return access_key, secret

    def list(self) -> tuple[IssuedKey, ...]:
        """The valid keys, oldest first."""
        return tuple(IssuedKey(access_key, entry.created_at) for access_key, entry in self._file.read().items())

    def revoke(self, access_key: str) -> None:
        """Delete a key; raises KeyRefused when there is none with this id."""
        with self._file.edit() as entries:
            if entries.pop(access_key, None) is None:
                raise KeyRefused(f"There is no access key {access_key!r}.")

    def secret(self, access_key: str) -> str | None:
        """The secret of a valid key, or None."""
        entry = self._file.read().get(access_key)
        return None if entry is None else entry.secret
