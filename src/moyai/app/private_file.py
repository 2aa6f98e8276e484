"""A small file that only its owner may read, and that several commands change while a server reads it.

Promise: it is replaced whole, so a crash leaves the old one or the new one, and two commands never do so at once. A
file that others may read is refused. Whoever has read it sees at the next look what has changed.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from moyai.ports.store import StoreFault

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_Entry = TypeVar("_Entry", bound=msgspec.Struct)


class _Version(NamedTuple):
    """Tells one content of the file from the next; the file is never changed in place."""

    inode: int
    changed_ns: int


class PrivateFile(Generic[_Entry]):
    """Entries by name; ``what`` they are, in the plural. Every method may raise StoreFault."""

    def __init__(self, path: Path, entry: type[_Entry], what: str) -> None:
        self._path = path
        self._what = what
        self._decoder: msgspec.json.Decoder[dict[str, _Entry]] = msgspec.json.Decoder(dict[str, entry])  # type: ignore[valid-type]
        self._version: _Version | None = None
        self._kept: Mapping[str, _Entry] = {}

    def read(self) -> Mapping[str, _Entry]:
        """What is in it now; nothing when there is no file."""
        with self._translated():
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return {}
            version = _Version(found.st_ino, found.st_ctime_ns)
            if version != self._version:
                if found.st_mode & _OTHERS:
                    raise StoreFault(f"Others may read the {self._what} in {self._path}: chmod it to 600.")
                self._kept = self._decoder.decode(self._path.read_bytes())
                self._version = version
            return self._kept

    @contextmanager
    def changing(self) -> Iterator[dict[str, _Entry]]:
        """What is in it, to be changed; written at the end. The lock is on its directory, the file itself moves."""
        with self._translated():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(directory, fcntl.LOCK_EX)
                entries = dict(self.read())
                yield entries
                write_private(self._path, msgspec.json.encode(entries))
                os.fsync(directory)
            finally:
                os.close(directory)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise StoreFault(f"The {self._what} in {self._path} can't be used: {exc.strerror}.") from exc
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise StoreFault(
                f"The {self._what} in {self._path} are damaged: {exc}. Move the file away, and make new ones."
            ) from exc


def write_private(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner alone."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
