"""The tar archive of a layer as a stream, which is decompressed, hashed and limited while it is read once, forward.

The compression is detected from the first bytes, as in every engine, because media types and file names are often wrong
about it. A decompression bomb is refused by its ratio before it fills the disk.
Source: https://github.com/containerd/containerd/blob/main/pkg/archive/compression/compression.go (DetectCompression)
"""

from __future__ import annotations

import bz2
import hashlib
import io
import lzma
import os
import sys
import tarfile
import zlib
from typing import Final, cast

from isal import igzip, igzip_lib

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_BYTES: Final = 20 * 1024**3
"""The largest size of an unpacked layer."""
MAX_RATIO: Final = 100
FREE_BYTES: Final = 1024**3
"""The size up to which the ratio is not checked, because files of zeros are compressed a thousandfold."""
MAX_TRAILER_BYTES: Final = 64 * 1024**2
"""Bytes that may follow the end mark of an archive. They are read, because the digests cover them."""
_BUFFER_BYTES: Final = 1024**2
_MAGIC_BYTES: Final = 6
_MAX_NEWS_BYTES: Final = 4096
_WINDOW_LOG: Final = 27
"""The binary logarithm of the largest window, 128 MiB: Zstandard's own default."""

READ_ERRORS: Final[tuple[type[Exception], ...]] = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    cast("type[Exception]", igzip_lib.IsalError),
    lzma.LZMAError,
    tarfile.TarError,
    zlib.error,
    zstd.ZstdError,
)
"""The errors of tarfile and of the decompressors for malformed input."""


class BadArchive(Exception):
    """The archive is malformed, too large, or has a member that can't be in an image."""


class ArrivingFile(io.RawIOBase):
    """A file that another process is still writing. Reading waits for bytes that have not arrived yet."""

    def __init__(self, fd: int, size: int, news: int) -> None:
        """``news``: a pipe that delivers bytes when more of the file has arrived, and ends when no more will."""
        self._fd, self._size, self._news = fd, size, news
        self._position = 0
        self._may_grow = True

    def readable(self) -> bool:
        """True, which tarfile checks."""
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read the next bytes; returns 0 after ``size`` bytes. Raises BadArchive if the file ends earlier."""
        wanted = memoryview(buffer)[: self._size - self._position]
        while not (size := os.preadv(self._fd, [wanted], self._position)) and wanted:
            if not self._may_grow:
                raise BadArchive(f"{self._position} of {self._size} bytes have arrived")
            self._may_grow = bool(os.read(self._news, _MAX_NEWS_BYTES))
        self._position += size
        return size


class _HashingReader(io.RawIOBase):
    """Hashes and counts the bytes that are read through it."""

    def __init__(self, source: io.BufferedIOBase | io.RawIOBase, compressed: _HashingReader | None = None) -> None:
        """``compressed``: the reader of the file that the source decompresses; its size limits the number of bytes."""
        self._source = source
        self._compressed = compressed
        self._hash = hashlib.sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Read from the source. Raises BadArchive beyond the limits."""
        size = cast("int", self._source.readinto(buffer))
        self._hash.update(memoryview(buffer)[:size])
        self.size += size
        self._check_size()
        return size

    def _check_size(self) -> None:
        if self.size > MAX_BYTES:
            raise BadArchive(f"it has more than {MAX_BYTES} bytes")
        if self._compressed is not None and self.size > FREE_BYTES + MAX_RATIO * self._compressed.size:
            raise BadArchive(f"it is a decompression bomb: {self._compressed.size} bytes became {self.size}")

    @property
    def digest(self) -> str:
        """The digest of the bytes that were read."""
        return f"sha256:{self._hash.hexdigest()}"


class ArchiveStream:
    """The tar archive in a file. tarfile uses ``read`` and ``tell``, as it never seeks."""

    def __init__(self, file: io.RawIOBase) -> None:
        self._compressed = _HashingReader(file)
        buffered: io.BufferedReader = io.BufferedReader(self._compressed, _BUFFER_BYTES)
        decompressed = _decompress(buffered)
        self._archive = self._compressed if decompressed is None else _HashingReader(decompressed, self._compressed)
        self._buffered = buffered if decompressed is None else io.BufferedReader(self._archive, _BUFFER_BYTES)
        self._position = 0

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only at the end."""
        piece = self._buffered.read(size)
        self._position += len(piece)
        return piece

    def tell(self) -> int:
        """The number of bytes that were read."""
        return self._position

    def skip_to(self, position: int) -> None:
        """Read up to a position. Raises BadArchive for a position that was passed, or is after the end."""
        if position < self._position:
            raise BadArchive("a member's size is negative")
        while self._position < position:
            if not self.read(min(position - self._position, _BUFFER_BYTES)):
                raise BadArchive("unexpected end of data")

    def drain(self) -> None:
        """Read to the end, where a compressed file has its checksum. Raises BadArchive."""
        end = self._position + MAX_TRAILER_BYTES
        while self.read(_BUFFER_BYTES):
            if self._position > end:
                raise BadArchive(f"more than {MAX_TRAILER_BYTES} bytes are behind its end")

    @property
    def digest(self) -> str:
        """The digest of the file, once the stream is drained."""
        return self._compressed.digest

    @property
    def diff_id(self) -> str:
        """The digest of the archive, once the stream is drained."""
        return self._archive.digest

    @property
    def file_size(self) -> int:
        """The size of the file, once the stream is drained."""
        return self._compressed.size


def _decompress(file: io.BufferedReader) -> io.BufferedIOBase | None:
    """A file with the decompressed content; None if the file isn't compressed."""
    magic = file.peek(_MAGIC_BYTES)[:_MAGIC_BYTES]
    if magic.startswith(b"\x1f\x8b"):
        return igzip.IGzipFile(fileobj=file, mode="rb")  # type: ignore[no-untyped-call]
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return zstd.ZstdFile(file, options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(file)
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(file)
    return None
