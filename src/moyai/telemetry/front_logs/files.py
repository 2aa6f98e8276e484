"""The files of load balancers' logs, in a directory for each bucket. Their keys are AWS's.

A file has the lines of five minutes, or of less time if there are very many. Its name ends in ``.log`` while lines are
added; then it is compressed, and its name ends in ``.log.gz``.

Promise: every line is in one file, even after ``kill -9``. ``_collected.json`` has the position up to which each source
was read, and the size of each growing file at that moment; a file's content beyond that size is cut off and read again.
A file is listed there before it is written. When all files together exceed the limit, the oldest are deleted. All
methods block.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html#access-log-file-format
"""

from __future__ import annotations

import gzip
import logging
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from msgspec.structs import replace

from moyai.kernel.clock import Instant
from moyai.telemetry.front_logs.entries import Place

INTERVAL: Final = 300
"""Seconds for which lines are added to a file."""
_MAX_BYTES: Final = 64 * 1024 * 1024
"""The most bytes of a growing file."""
_STATE: Final = "_collected.json"
"""Can't be a bucket's name, because those have no underscores."""
_RANDOM_CHARACTERS: Final = 8
"""The random characters at the end of a file's name."""
_FORBIDDEN_PARTS: Final = frozenset({"", ".", ".."})
"""Parts that a folder's path may not have: with them it would be absolute, or outside of the directory."""
_log = logging.getLogger(__name__)


class PlacedLine(NamedTuple):
    """A line without its line break, the time at which it was logged, and the file that it is written to."""

    place: Place
    at: Instant
    text: str


class _GrowingFile(msgspec.Struct, frozen=True):
    path: str
    end: int
    size: int = 0


class _State(msgspec.Struct, frozen=True):
    positions: Mapping[str, int] = {}
    files: Mapping[str, _GrowingFile] = {}


_READER: Final = msgspec.json.Decoder(_State)


class LogFiles:
    """The files below one directory. ``limit``: the most bytes of all files; ``random`` makes a number of random
    characters. Every method may raise OSError; then it has had no effect.
    """

    def __init__(self, root: Path, limit: int, random: Callable[[int], str]) -> None:
        self._root, self._limit, self._random = root, limit, random
        state = self._read_state()
        self._state = _State(state.positions, {**self._unknown_files(state), **state.files})

    @property
    def positions(self) -> Mapping[str, int]:
        """The position up to which each source was read."""
        return self._state.positions

    def append(self, source: str, position: int, lines: Iterable[PlacedLine]) -> None:
        """Write lines of a source, which has been read up to ``position``."""
        files = dict(self._state.files)
        texts: defaultdict[str, list[str]] = defaultdict(list)
        for line in lines:
            if _FORBIDDEN_PARTS.isdisjoint(line.place.folder.split("/")):
                texts[self._file_of(files, line)].append(line.text)
        if len(files) > len(self._state.files):
            self._save(_State(self._state.positions, files))
        extended = {key: self._write(files[key], texts_of_file) for key, texts_of_file in texts.items()}
        self._save(_State({**self._state.positions, source: position}, {**files, **extended}))

    def close_due(self, now: Instant) -> None:
        """Compress the files that are complete, and delete the oldest files while all together exceed the limit."""
        complete = {k: f for k, f in self._state.files.items() if f.end <= now or f.size > _MAX_BYTES}
        if not complete:
            return
        for file in complete.values():
            _compress(self._root / file.path, file.size)
        remaining = {key: file for key, file in self._state.files.items() if key not in complete}
        self._save(_State(self._state.positions, remaining))
        for file in complete.values():
            (self._root / file.path).unlink(missing_ok=True)
        self._delete_oldest()

    def _write(self, file: _GrowingFile, texts: Iterable[str]) -> _GrowingFile:
        content = "".join(f"{text}\n" for text in texts).encode()
        return replace(file, size=_append(self._root / file.path, file.size, content))

    def _file_of(self, files: dict[str, _GrowingFile], line: PlacedLine) -> str:
        """The key of the growing file for a line. A new one is added to ``files``."""
        end = (int(line.at) // INTERVAL + 1) * INTERVAL
        place = line.place
        key = f"{place.folder}/{place.name}_{place.node} {end}"
        if key not in files:
            date = datetime.fromtimestamp(end, UTC)
            words = (place.name, f"{date:%Y%m%dT%H%MZ}", *filter(None, (place.node,)), self._random(_RANDOM_CHARACTERS))
            files[key] = _GrowingFile(f"{place.folder}/{date:%Y/%m/%d}/{'_'.join(words)}.log", end)
        return key

    def _read_state(self) -> _State:
        try:
            return _READER.decode((self._root / _STATE).read_bytes())
        except FileNotFoundError:
            return _State()
        except (msgspec.DecodeError, UnicodeDecodeError) as fault:
            _log.warning("%s can't be read, so some lines may be written twice: %s", self._root / _STATE, fault)
            return _State()

    def _unknown_files(self, state: _State) -> dict[str, _GrowingFile]:
        """The files that were growing when the state was lost, or were being compressed when the process was killed.
        They are complete.
        """
        known = {self._root / file.path for file in state.files.values()}
        paths = (path for path in self._root.glob("**/*.log") if path.is_file() and path not in known)
        return {str(path): _GrowingFile(str(path.relative_to(self._root)), 0, path.stat().st_size) for path in paths}

    def _save(self, state: _State) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._root / f"{_STATE}.new"
        with new.open("wb") as file:
            file.write(msgspec.json.encode(state))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._root / _STATE)
        self._state = state

    def _delete_oldest(self) -> None:
        files = [(path, path.stat()) for path in self._root.glob("**/*.log.gz") if path.is_file()]
        growing = sum(file.size for file in self._state.files.values())
        excess = growing + sum(status.st_size for _, status in files) - self._limit
        for path, status in sorted(files, key=lambda file: file[1].st_mtime):
            if excess <= 0:
                return
            path.unlink()
            excess -= status.st_size


def _append(path: Path, size: int, content: bytes) -> int:
    """Write ``content`` after the first ``size`` bytes of a file, and return the file's new size."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.truncate(min(size, file.tell()))
        file.write(content)
        return file.tell()


def _compress(path: Path, size: int) -> None:
    """Make a compressed copy of a file's first ``size`` bytes. Either the whole copy exists or none of it."""
    if not path.exists():  # the user may have deleted it
        return
    new = path.with_suffix(".log.new")
    with path.open("r+b") as file, gzip.open(new, "wb") as compressed:
        file.truncate(min(size, os.fstat(file.fileno()).st_size))
        shutil.copyfileobj(file, compressed)
    new.replace(path.with_suffix(".log.gz"))
