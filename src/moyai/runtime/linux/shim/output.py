"""A container's output: each line with its time and stream, in a log of bounded size.

The format is one JSON object a line, ``{"at":…,"stream":"stdout","text":"…"}``. A line longer than LINE_LIMIT is cut
into several, all but the first with ``"continues":true``. A file begins with ``{"base":…}``, the number of bytes of all
files before it, so that a line's position does not depend on which files still exist. When the file passes FILE_LIMIT
it becomes ``previous.log`` and a new ``current.log`` begins, so a container keeps at most twice that. FILE_LIMIT is
raised where more has to be kept.
"""

from __future__ import annotations

import os

from moyai.runtime.linux.shim.record import now, quote

LINE_LIMIT = 16 * 1024
FILE_LIMIT = 8 * 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_BASE = b'{"base":'
_MAX_HEADER_BYTES = 40


MISSING_OUTPUT = "moyai: output is missing here, which could not be written: the disk was full"
"""The line that stands for lost lines."""


class OutputLog:
    """The two log files. A restarted container appends to them."""

    def __init__(self, directory: str, minimum_bytes: int = 0) -> None:
        self._limit = max(minimum_bytes, FILE_LIMIT)
        self._current = directory + "/current.log"
        self._previous = directory + "/previous.log"
        self._has_lost_lines = False
        self._open()

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(self._current, flags, 0o600)
        self._size = os.fstat(self._fd).st_size
        self._has_partial_line = self._size > 0 and os.pread(self._fd, 1, self._size - 1) != b"\n"
        if not self._size:
            self._write_header()

    def _write_header(self) -> None:
        """Write the header of an empty file."""
        base = 0
        try:
            previous = os.open(self._previous, os.O_RDONLY | os.O_CLOEXEC)
            base = read_base(previous) + os.fstat(previous).st_size
            os.close(previous)
        except OSError:  # there is no previous file
            base = 0
        header = f"{_BASE.decode()}{base}}}\n".encode()
        if _write(self._fd, header) == len(header):
            self._size = len(header)
        else:
            os.ftruncate(self._fd, 0)

    def append(self, stream: str, lines: list[bytes], continuing: frozenset[int] = frozenset()) -> None:
        """Write lines (without their newlines), all with the current time. ``continuing``: the indexes of those that
        continue the line before. See ``write``.
        """
        at = now()
        texts = enumerate(line.decode("utf-8", "replace") for line in lines)
        self.write("".join(_entry(at, stream, text, continues=n in continuing) for n, text in texts).encode())

    def write(self, raw: bytes) -> None:
        """Write entries. Those that a full disk refuses are lost, and MISSING_OUTPUT is written before the next one: a
        full disk must not stop the container.
        """
        if not self._size:
            self._write_header()
        if self._has_partial_line or self._has_lost_lines:
            raw = b"\n" * self._has_partial_line + _entry(now(), "stderr", MISSING_OUTPUT).encode() + raw
        byte_count = _write(self._fd, raw) if self._size else 0
        self._size += byte_count
        self._has_lost_lines = byte_count < len(raw)
        if byte_count:
            self._has_partial_line = self._has_lost_lines
        if self._size >= self._limit:
            self._rotate()

    def _rotate(self) -> None:
        full_fd = self._fd
        try:
            os.replace(self._current, self._previous)  # noqa: PTH105 - no pathlib in a monitor
            self._open()
        except OSError:  # go on in the full file
            return
        os.close(full_fd)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _entry(at: float, stream: str, text: str, *, continues: bool = False) -> str:
    mark = ',"continues":true' if continues else ""
    return f'{{"at":{at!r},"stream":"{stream}","text":{quote(text)}{mark}}}\n'


def _write(fd: int, raw: bytes) -> int:
    """Write and return the number of bytes that were written."""
    try:
        return os.write(fd, raw)
    except OSError:
        return 0


def read_base(fd: int) -> int:
    """The number of bytes before this file, from its header; 0 without one."""
    header = os.pread(fd, _MAX_HEADER_BYTES, 0).partition(b"\n")[0]
    digits = header[len(_BASE) : -1]
    return int(digits) if header.startswith(_BASE) and digits.isdigit() else 0


def is_header(line: bytes) -> bool:
    """Whether this first line of a file is its header."""
    return line.startswith(_BASE)


class Piece:
    """A line without its newline, or a part of a long one. ``ends_line``: it is the line's last part; ``continues``: it
    is not the first.
    """

    def __init__(self, text: bytes, *, ends_line: bool) -> None:
        self.text = text
        self.ends_line = ends_line
        self.continues = False


class OutputStream:
    """Splits the output of one pipe, or of a terminal, into lines."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self.has_ended = False
        self._fd = fd
        self._partial_line = b""
        self._is_inside_line = False
        os.set_blocking(fd, False)

    def read(self) -> list[Piece]:
        """The lines that are available, without waiting."""
        try:
            chunk = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return []
        except OSError:  # EIO: no process has the terminal open any more
            chunk = b""
        if not chunk:
            self.has_ended = True
            return self.take_partial_line()
        *lines, self._partial_line = (self._partial_line + chunk).split(b"\n")
        pieces = [piece for line in lines for piece in _pieces(line)]
        while len(self._partial_line) > LINE_LIMIT:
            pieces.append(Piece(self._partial_line[:LINE_LIMIT], ends_line=False))
            self._partial_line = self._partial_line[LINE_LIMIT:]
        return self._mark_continuations(pieces)

    def take_partial_line(self) -> list[Piece]:
        """The last line, if it has no newline."""
        line, self._partial_line = self._partial_line, b""
        return self._mark_continuations(_pieces(line) if line else [])

    def _mark_continuations(self, pieces: list[Piece]) -> list[Piece]:
        for piece in pieces:
            piece.continues = self._is_inside_line
            self._is_inside_line = not piece.ends_line
        return pieces


def _pieces(line: bytes) -> list[Piece]:
    """A line in pieces of at most LINE_LIMIT bytes."""
    starts = range(0, len(line) or 1, LINE_LIMIT)
    return [Piece(line[n : n + LINE_LIMIT], ends_line=n + LINE_LIMIT >= len(line)) for n in starts]
