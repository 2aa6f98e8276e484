"""A container's output: each line with its time and stream, in a log that cannot grow without bound.

The format is one JSON object a line, ``{"at":…,"stream":"stdout","text":"…"}``. A line longer than
LINE_LIMIT is cut into several. A file begins with ``{"base":…}``, the bytes of all files before it, so that
a line's place is known whatever became of them. When the file passes FILE_LIMIT it becomes ``previous.log``
and a new ``current.log`` begins, so a container keeps at most twice that; FILE_LIMIT is
raised where more has to be held.
"""

from __future__ import annotations

import os

from moyai.runtime.linux.shim.record import now, quote

LINE_LIMIT = 16 * 1024
FILE_LIMIT = 8 * 1024 * 1024
_CHUNK = 64 * 1024
_BASE = b'{"base":'
_LONGEST_HEAD = 40


MISSING = "moyai: output is missing here, which could not be written: the disk was full"
"""What is read in the place of lost lines."""


class Log:
    """The two files. Opened once; it appends to what an earlier keeper of that name left."""

    def __init__(self, directory: str, held: int = 0) -> None:
        self._limit = max(held, FILE_LIMIT)
        self._current = directory + "/current.log"
        self._previous = directory + "/previous.log"
        self._lost = False
        self._open()

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(self._current, flags, 0o600)
        self._size = os.fstat(self._fd).st_size
        self._torn = self._size > 0 and os.pread(self._fd, 1, self._size - 1) != b"\n"
        if not self._size:
            self._begin()

    def _begin(self) -> None:
        """Write down where the file stands in the whole, before all else."""
        base = 0
        try:
            previous = os.open(self._previous, os.O_RDONLY | os.O_CLOEXEC)
            base = read_base(previous) + os.fstat(previous).st_size
            os.close(previous)
        except OSError:  # there is none
            base = 0
        head = f"{_BASE.decode()}{base}}}\n".encode()
        if _write(self._fd, head) == len(head):
            self._size = len(head)
        else:
            os.ftruncate(self._fd, 0)

    def append(self, stream: str, lines: list[bytes]) -> None:
        """Write whole lines (without their newlines), all with the time of now. What a full disk doesn't take is lost,
        and the next line that it takes comes after one that says so: it must not stop the container.
        """
        at = now()
        raw = "".join(_entry(at, stream, line.decode("utf-8", "replace")) for line in lines).encode()
        if not self._size:
            self._begin()
        if self._torn or self._lost:
            raw = b"\n" * self._torn + _entry(at, "stderr", MISSING).encode() + raw
        written = _write(self._fd, raw) if self._size else 0
        self._size += written
        self._lost = written < len(raw)
        if written:
            self._torn = self._lost
        if self._size >= self._limit:
            self._rotate()

    def _rotate(self) -> None:
        full = self._fd
        try:
            os.replace(self._current, self._previous)  # noqa: PTH105 - no pathlib in a keeper
            self._open()
        except OSError:  # go on in the full one
            return
        os.close(full)


def _entry(at: float, stream: str, text: str) -> str:
    return f'{{"at":{at!r},"stream":"{stream}","text":{quote(text)}}}\n'


def _write(fd: int, raw: bytes) -> int:
    """How much could be written."""
    try:
        return os.write(fd, raw)
    except OSError:
        return 0


def read_base(fd: int) -> int:
    """How many bytes there were before this file; 0 where it does not say."""
    head = os.pread(fd, _LONGEST_HEAD, 0).partition(b"\n")[0]
    digits = head[len(_BASE) : -1]
    return int(digits) if head.startswith(_BASE) and digits.isdigit() else 0


class Stream:
    """One of the container's pipes, or its terminal, cut into lines."""

    def __init__(self, name: str, fd: int, log: Log) -> None:
        self.fd = fd
        self._name = name
        self._log = log
        self._rest = b""
        os.set_blocking(fd, False)

    def pump(self) -> bool:
        """Take what is there; False when the stream has ended."""
        try:
            chunk = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return True
        except OSError:  # a terminal that nobody is on any more says EIO
            chunk = b""
        if not chunk:
            self.finish()
            return False
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        while len(self._rest) > LINE_LIMIT:
            lines.append(self._rest[:LINE_LIMIT])
            self._rest = self._rest[LINE_LIMIT:]
        if lines:
            self._log.append(self._name, [line for long in lines for line in _cut(long)])
        return True

    def finish(self) -> None:
        """Write down what is left without a newline."""
        if self._rest:
            self._log.append(self._name, _cut(self._rest))
            self._rest = b""


def _cut(line: bytes) -> list[bytes]:
    return [line[n : n + LINE_LIMIT] for n in range(0, len(line) or 1, LINE_LIMIT)]
