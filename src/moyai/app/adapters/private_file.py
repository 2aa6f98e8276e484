"""A small file that only its owner may read, and that several commands edit while a server reads it.

Promise: the file is replaced as a whole, so a crash leaves the old or the new one; a lock serialises commands that edit
it. A file that others may read is refused. A reader sees an edit with its next read.
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
    """Identifies one content of the file, which is never changed in place."""

    inode: int
    changed_ns: int


class PrivateFile(Generic[_Entry]):
    """A file with entries by name. ``what``: a plural noun for them, in messages. All methods may raise StoreFault."""

    def __init__(self, path: Path, entry: type[_Entry], what: str) -> None:
        self._path = path
        self._what = what
        self._decoder: msgspec.json.Decoder[dict[str, _Entry]] = msgspec.json.Decoder(dict[str, entry])  # type: ignore[valid-type]
        self._version: _Version | None = None
        self._entries: Mapping[str, _Entry] = {}

    def read(self) -> Mapping[str, _Entry]:
        """The present entries; none when there is no file."""
        with self._store_faults():
            try:
                status = self._path.stat()
            except FileNotFoundError:
                return {}
            version = _Version(status.st_ino, status.st_ctime_ns)
            if version != self._version:
                if status.st_mode & _OTHERS:
                    raise StoreFault(f"Others may read the {self._what} in {self._path}: chmod it to 600.")
                self._entries = self._decoder.decode(self._path.read_bytes())
                self._version = version
            return self._entries

    @contextmanager
    def edit(self) -> Iterator[dict[str, _Entry]]:
        """Yield the entries to change, and write them at the end. The lock is on the directory, because the file itself
        is replaced.
        """
        with self._store_faults():
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
    def _store_faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise StoreFault(f"The {self._what} in {self._path} can't be used: {exc.strerror}.") from exc
        except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
            raise StoreFault(
                f"The {self._what} in {self._path} are damaged: {exc}. Move the file away, and make new ones."
            ) from exc


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, as a whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
