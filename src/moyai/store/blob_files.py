"""Blobs as files in the state directory: ``blobs/sha256/<two digits>/<digest>`` and ``uploads/<upload>``.

Promise: a blob's file appears by a rename after its bytes are on disk, so that ``kill -9`` and a power cut leave only
complete blobs, and uploads that the next process removes. Threads write and hash a MiB at a time. Some space on the
disk stays free for the control plane's own state.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, Self, TypeVar

import msgspec
from typing_extensions import override

from moyai.images.store.store_directory import sync_directory
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import RepositoryArn, UploadId
from moyai.ports.blobs import (
    BlobMissing,
    BlobStore,
    BlobsUnwritable,
    BlobTooLarge,
    OpenUpload,
    TooManyUploads,
    UploadBusy,
    UploadMissing,
    WrongDigest,
)
from moyai.store.blob_reader import CHUNK, FileReader, open_file

_ALGORITHM: Final = "sha256"
_THREADS: Final = 4
_FANOUT: Final = 2
T = TypeVar("T")


class BlobLimits(msgspec.Struct, frozen=True):
    """The limits of a store of blobs."""

    blob_bytes: int = 52_000 * 1024 * 1024
    """Amazon ECR's quota for a layer."""
    uploads: int = 100
    """The most open uploads of one owner."""
    reserve: int = 128 * 1024 * 1024
    """Bytes of the disk that are left free."""


class _Upload:
    """An upload's file, with the hash and the number of the bytes that were written to it."""

    def __init__(self, path: Path, repository: RepositoryArn, owner: str, now: Instant) -> None:
        self.path, self.repository, self.owner = path, repository, owner
        self.hash = sha256()
        self.size = 0
        self.busy = False
        self.used_at = now


class BlobFiles(BlobStore):
    """A ``BlobStore`` in a directory. Create it with ``open_blobs``."""

    def __init__(self, root: Path, clock: Clock, limits: BlobLimits) -> None:
        self._blobs, self._incoming = root / "blobs" / _ALGORITHM, root / "uploads"
        self._root, self._clock, self._limits = root, clock, limits
        self._uploads: dict[UploadId, _Upload] = {}
        self._threads = ThreadPoolExecutor(_THREADS, "moyai-blobs")
        self._renaming = threading.Lock()
        """Held while a blob gets or loses its name, so that ``remove_unused`` never removes a new blob for an old one.
        """

    @classmethod
    def open_blobs(cls, root: Path, clock: Clock, limits: BlobLimits | None = None) -> Self:
        """Open or create the directory, and remove uploads that an earlier process left. Raises OSError."""
        store = cls(root, clock, limits or BlobLimits())
        store._prepare()
        return store

    @override
    def begin_upload(self, upload: UploadId, repository: RepositoryArn, owner: str) -> None:
        if sum(other.owner == owner for other in self._uploads.values()) >= self._limits.uploads:
            raise TooManyUploads(f"There are {self._limits.uploads} open uploads: complete or cancel some of them.")
        self._uploads[upload] = _Upload(self._incoming / upload, repository, owner, self._clock.now())

    @override
    def upload(self, upload: UploadId) -> OpenUpload | None:
        entry = self._uploads.get(upload)
        return None if entry is None else OpenUpload(upload, entry.repository, entry.size)

    @override
    async def append(self, upload: UploadId, content: AsyncIterable[bytes], length: int | None = None) -> int:
        entry = self._reserve(upload)
        try:
            self._check(entry.size, length or 0)
            buffer = bytearray()
            async for part in content:
                buffer += part
                if len(buffer) >= CHUNK:
                    await self._in_thread(self._write, entry, bytes(buffer))
                    buffer.clear()
            if buffer:
                await self._in_thread(self._write, entry, bytes(buffer))
        except (BlobTooLarge, BlobsUnwritable):
            await self._discard(upload)
            raise
        finally:
            entry.busy, entry.used_at = False, self._clock.now()
            if self._uploads.get(upload) is not entry:  # ``clear`` has removed all uploads meanwhile
                await self._in_thread(entry.path.unlink, True)  # noqa: FBT003 (missing_ok)
        return entry.size

    @override
    async def commit(self, upload: UploadId, digest: str) -> int:
        entry = self._reserve(upload)
        try:
            actual = f"{_ALGORITHM}:{entry.hash.hexdigest()}"
            if actual != digest:
                raise WrongDigest(f"The {entry.size} bytes have the digest {actual}, not {digest}.")
            await self._in_thread(self._publish, entry.path, digest)
        finally:
            await self._discard(upload)
        return entry.size

    @override
    async def cancel(self, upload: UploadId) -> None:
        self._reserve(upload)
        await self._discard(upload)

    @override
    async def put(self, content: bytes) -> None:
        await self._in_thread(self._put, content)

    @override
    async def open(self, digest: str) -> FileReader:
        try:
            file = await self._in_thread(open_file, self._path(digest))
        except FileNotFoundError as error:
            raise BlobMissing(f"There is no blob {digest}.") from error
        return FileReader(file, self._threads)

    @override
    async def remove_unused(self, used: Collection[str], before: Instant) -> int:
        stale = [key for key, entry in self._uploads.items() if not entry.busy and entry.used_at < before]
        for upload in stale:
            self._uploads[upload].busy = True
            await self._discard(upload)
        return await self._in_thread(self._remove_unused, used, before)

    @override
    async def clear(self) -> None:
        self._uploads.clear()
        await self._in_thread(self._remove_unused, frozenset(), None)

    async def close(self) -> None:
        """Wait for running writes."""
        await asyncio.to_thread(self._threads.shutdown)

    def _prepare(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(mode=0o700, exist_ok=True)
        self._blobs.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, digest: str) -> Path:
        algorithm, _, name = digest.partition(":")
        if algorithm != _ALGORITHM or not name.isalnum():
            raise BlobMissing(f"{digest!r} is no digest.")
        return self._blobs / name[:_FANOUT] / name

    def _reserve(self, upload: UploadId) -> _Upload:
        """The upload, for one caller at a time."""
        entry = self._uploads.get(upload)
        if entry is None:
            raise UploadMissing(f"There is no upload {upload}.")
        if entry.busy:
            raise UploadBusy(f"Another request is using the upload {upload}.")
        entry.busy = True
        return entry

    async def _discard(self, upload: UploadId) -> None:
        """Remove an upload and its file, if they are still there."""
        entry = self._uploads.pop(upload, None)
        if entry is not None:
            await self._in_thread(entry.path.unlink, True)  # noqa: FBT003 (missing_ok)

    async def _in_thread(self, act: Callable[..., T], *args: object) -> T:
        # A thread can't be cancelled: a cancelled caller waits for its end, so that nothing is written afterwards.
        work = asyncio.get_running_loop().run_in_executor(self._threads, act, *args)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            raise

    def _write(self, entry: _Upload, content: bytes) -> None:
        self._check(entry.size, len(content))
        try:
            with entry.path.open("ab") as file:
                file.write(content)
        except OSError as error:
            raise _unwritable(self._root, error) from error
        entry.hash.update(content)
        entry.size += len(content)

    def _put(self, content: bytes) -> None:
        digest = sha256(content).hexdigest()
        self._check(0, len(content))
        path = self._incoming / f"{digest}.{threading.get_ident()}"
        try:
            path.write_bytes(content)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise _unwritable(self._root, error) from error
        self._publish(path, f"{_ALGORITHM}:{digest}")

    def _publish(self, source: Path, digest: str) -> None:
        """Give a file its name as a blob; a blob that exists already is replaced by the same bytes."""
        path = self._path(digest)
        try:
            source.touch()  # an upload of no bytes has no file yet
            with source.open("rb") as file:
                os.fsync(file.fileno())
            with self._renaming:
                path.parent.mkdir(mode=0o700, exist_ok=True)
                os.utime(source, (self._clock.now(), self._clock.now()))
                source.replace(path)
            sync_directory(path.parent)
            sync_directory(path.parent.parent)
        except OSError as error:
            source.unlink(missing_ok=True)
            raise _unwritable(self._root, error) from error

    def _remove_unused(self, used: Collection[str], before: Instant | None) -> int:
        freed = 0
        for path in self._blobs.glob("*/*"):
            if f"{_ALGORITHM}:{path.name}" in used:
                continue
            with self._renaming, suppress(FileNotFoundError):
                state = path.stat()
                if before is None or state.st_mtime < before:
                    path.unlink()
                    freed += state.st_size
        return freed

    def _check(self, size: int, more: int) -> None:
        """Raise BlobTooLarge or BlobsUnwritable if a blob of ``size`` bytes can't have ``more``."""
        if size + more > self._limits.blob_bytes:
            raise BlobTooLarge(f"A layer has at most {self._limits.blob_bytes} bytes.")
        disk = os.statvfs(self._root)
        if disk.f_bavail * disk.f_frsize < more + self._limits.reserve:
            raise BlobsUnwritable(
                f"The disk of {self._root} is full: moyai keeps {self._limits.reserve // 1024**2} MiB of it free. "
                "Delete images, or free disk space."
            )


def _unwritable(root: Path, error: OSError) -> BlobsUnwritable:
    return BlobsUnwritable(f"{root} can't be written: {error.strerror}. Free disk space, or repair the disk.")
