"""The contents of the registry that moyai serves: blobs by their SHA-256 digest, and the uploads that become blobs.

Promise: ``commit`` and ``put`` return when the blob survives a power cut, and a blob is complete or absent. An upload
is not stored: it ends with the process, and its client begins again, as registry clients do. An upload accepts one
request at a time. Uploads are limited in number and size, and end when nothing arrives for a time. The ``World``
records which repository has which blob; a blob is kept as long as a record refers to it.

Errors:

    BlobFault
    ├── BlobMissing        there is no such blob
    ├── UploadMissing      there is no such upload (any more)
    ├── UploadBusy         another request is using the upload
    ├── TooManyUploads     the owner has as many uploads as allowed
    ├── BlobTooLarge       the blob would be larger than allowed; the upload is removed
    ├── WrongDigest        the bytes have another digest; the upload is removed
    └── BlobsUnwritable    the disk is full or accepts no writes; the upload is removed
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Collection
from typing import NamedTuple, Protocol

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import RepositoryArn, UploadId


class BlobFault(MoyaiError):
    """A blob can't be read or written."""


class BlobMissing(BlobFault):
    """There is no such blob."""


class UploadMissing(BlobFault):
    """There is no such upload."""


class UploadBusy(BlobFault):
    """Another request is using the upload."""


class TooManyUploads(BlobFault):
    """The owner has as many uploads as allowed."""


class BlobTooLarge(BlobFault):
    """The blob would be larger than allowed."""


class WrongDigest(BlobFault):
    """The bytes have another digest than the client says."""


class BlobsUnwritable(BlobFault):
    """The disk is full, or accepts no writes."""


class OpenUpload(NamedTuple):
    """An upload in progress. ``offset``: the bytes that have been received."""

    id: UploadId
    repository: RepositoryArn
    offset: int


class BlobReader(Protocol):
    """A blob that is open for reading. It can be read to its end even if it is removed meanwhile."""

    @property
    def size(self) -> int:
        """The length of the content in bytes."""

    def chunks(self, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from ``start`` up to, but without, ``end``; None = the blob's end."""

    def close(self) -> None:
        """Release the file. Harmless when repeated."""


class BlobStore(Protocol):
    """The blobs of one installation. Used from one event loop, which no method blocks."""

    def begin_upload(self, upload: UploadId, repository: RepositoryArn, owner: str) -> None:
        """Begin an empty upload, which counts for ``owner``. Raises TooManyUploads."""

    def upload(self, upload: UploadId) -> OpenUpload | None:
        """The state of an upload; None if there is no such upload."""

    async def append(self, upload: UploadId, content: AsyncIterable[bytes], length: int | None = None) -> int:
        """Add bytes to the end of an upload, and return its size. ``length``: their number, if known before, so that
        too many bytes are refused before any is read.

        Raises UploadMissing, UploadBusy, BlobTooLarge, BlobsUnwritable. When the iterable raises, the upload stays open
        with the bytes that were written.
        """

    async def commit(self, upload: UploadId, digest: str) -> int:
        """Make a blob of an upload, and return its size. Raises UploadMissing, UploadBusy, WrongDigest,
        BlobsUnwritable.
        """

    async def cancel(self, upload: UploadId) -> None:
        """Remove an upload. Raises UploadMissing, UploadBusy."""

    async def put(self, content: bytes) -> None:
        """Store a small blob under its digest. Raises BlobsUnwritable."""

    async def open(self, digest: str) -> BlobReader:
        """Open a blob. Raises BlobMissing."""

    async def remove_unused(self, used: Collection[str], before: Instant) -> int:
        """Remove blobs that were written before this time and whose digest is not in ``used``, and uploads to which
        nothing was added since. Returns the number of bytes of the removed blobs.
        """

    async def clear(self) -> None:
        """Remove all blobs and uploads."""


async def read_all(blobs: BlobStore, digest: str) -> bytes:
    """A small blob's bytes. Raises BlobMissing."""
    reader = await blobs.open(digest)
    try:
        return b"".join([chunk async for chunk in reader.chunks()])
    finally:
        reader.close()
