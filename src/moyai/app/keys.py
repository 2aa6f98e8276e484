"""Access keys for a door that others can reach.

Promise: a secret is shown once, when it is made, and never listed again. A signature can only be
checked with the secret itself, so it is kept, in a file that its owner alone may read (a file that
others may read is refused). A key that is revoked is gone from the file, and the running door knows
it at its next request. The file is replaced whole, so a crash leaves the old one or the new one.
Source of the format: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
"""

from __future__ import annotations

import fcntl
import os
import stat
import string
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from moyai.app.ids import draw
from moyai.kernel.clock import Instant
from moyai.ports.store import StoreFault

MAX_KEYS: Final = 100
_ID_LETTERS: Final = string.ascii_uppercase + "234567"
_ID_LENGTH: Final = 16
_SECRET_LETTERS: Final = string.ascii_letters + string.digits + "/+"
_SECRET_LENGTH: Final = 40
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyRefused(StoreFault):
    """No more keys can be made, or there is no such key."""


class IssuedKey(msgspec.Struct, frozen=True):
    """A key as it may be listed."""

    access_key: str
    created_at: Instant


class _Kept(msgspec.Struct, frozen=True):
    created_at: Instant
    secret: str


class _Version(NamedTuple):
    """Tells one content of the file from the next; the file is never changed in place."""

    inode: int
    changed_ns: int


class AccessKeys:
    """The keys in one file. Every method may raise StoreFault."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: _Version | None = None
        self._kept: Mapping[str, _Kept] = {}

    def create(self, now: Instant) -> tuple[str, str]:
        """Make a key: its id (20 characters) and its secret (40), which is not to be had again."""
        access_key = "AKIA" + draw(_ID_LETTERS, _ID_LENGTH)
        secret = draw(_SECRET_LETTERS, _SECRET_LENGTH)
        with self._exclusive():
            kept = self._read()
            if len(kept) >= MAX_KEYS:
                raise KeyRefused(f"There are {MAX_KEYS} access keys already: revoke one first.")
            self._replace({**kept, access_key: _Kept(now, secret)})
        return access_key, secret

    def list(self) -> tuple[IssuedKey, ...]:
        """The keys that are valid, oldest first."""
        return tuple(IssuedKey(access_key, kept.created_at) for access_key, kept in self._read().items())

    def revoke(self, access_key: str) -> None:
        """Make a key invalid for good; KeyRefused when there is none of this id."""
        with self._exclusive():
            kept = self._read()
            if access_key not in kept:
                raise KeyRefused(f"There is no access key {access_key!r}.")
            self._replace({name: key for name, key in kept.items() if name != access_key})

    def secret(self, access_key: str) -> str | None:
        """The secret of a valid key, or None."""
        kept = self._read().get(access_key)
        return None if kept is None else kept.secret

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Keep two commands from replacing the file at once: the lock is on its directory, the file itself moves."""
        with _translated(self._path):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX)
                yield
                os.fsync(directory)
            finally:
                os.close(directory)

    def _read(self) -> Mapping[str, _Kept]:
        with _translated(self._path):
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return {}
            version = _Version(found.st_ino, found.st_ctime_ns)
            if version != self._version:
                if found.st_mode & _OTHERS:
                    raise StoreFault(f"Others may read the access keys in {self._path}: chmod it to 600.")
                self._kept = msgspec.json.decode(self._path.read_bytes(), type=dict[str, _Kept])
                self._version = version
            return self._kept

    def _replace(self, kept: Mapping[str, _Kept]) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StoreFault(f"The access keys in {path} can't be used: {exc.strerror}.") from exc
    except msgspec.MsgspecError as exc:
        raise StoreFault(f"The access keys in {path} are damaged: {exc}.") from exc
