"""Receives a blob: hashes and counts its bytes, and continues after a broken connection.

Promise: no byte beyond the descriptor's size is written, a stalled transfer is ended, and a complete blob has the
descriptor's digest. Threads hash and write 1 MiB at a time, while the next one arrives.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
from http import HTTPStatus
from typing import BinaryIO, Final

import httpx

from moyai.images.errors import DISK_FULL, BadContent, NoSpace
from moyai.images.model import Descriptor
from moyai.images.registry.failures import RequestFailed, connection_failure, without_query
from moyai.images.source import Progress

INACTIVITY: Final = 60.0
"""Seconds within which at least LEAST_PROGRESS bytes have to arrive. ECS's agent waits as long for any byte."""
LEAST_PROGRESS: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


class PartialBlob:
    """The received part of a blob, in ``file``, which is empty at first."""

    def __init__(self, file: BinaryIO, descriptor: Descriptor, progress: Progress) -> None:
        self._file = file
        self._descriptor = descriptor
        self._progress = progress
        self._hash = hashlib.sha256()
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._writing: asyncio.Task[None] | None = None
        self.received = 0
        """The number of received bytes."""
        self.is_continued = False
        """Whether the bytes are from more than one response."""

    async def receive(self, response: httpx.Response) -> None:
        """Append the body of a response with status 200 or 206. Raises RequestFailed."""
        await self._place(response)
        mark = self.received
        try:
            async with asyncio.timeout(INACTIVITY) as timeout:
                async for chunk in response.aiter_raw():
                    await self._add(chunk)
                    if self.received - mark >= LEAST_PROGRESS:
                        mark = self.received
                        timeout.reschedule(asyncio.get_running_loop().time() + INACTIVITY)
        except (httpx.HTTPError, TimeoutError) as error:
            if self.received < self._descriptor.size:
                raise connection_failure(error, "GET", response.url) from error
        finally:
            await self._flush()
            await self._finish_writing()
        if self.received < self._descriptor.size:  # a body without a length also ends when the connection is lost
            raise self._wrong_size(self.received, is_transient=True)

    async def check_digest(self) -> None:
        """Raise RequestFailed if the complete blob does not have the descriptor's digest."""
        digest = f"sha256:{self._hash.hexdigest()}"
        if digest != self._descriptor.digest:
            is_transient, self.is_continued = self.is_continued, False
            await self.rewind()
            cause = f"unexpected commit digest {digest}, expected {self._descriptor.digest}: failed precondition"
            raise RequestFailed(BadContent, cause, is_transient=is_transient)

    async def _place(self, response: httpx.Response) -> None:
        """Prepare the file for the response's bytes: a whole blob is written from the beginning, a part is appended."""
        if response.status_code != HTTPStatus.PARTIAL_CONTENT:
            await self.rewind()
            self._check_length(response, self._descriptor.size)
            return
        content_range = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        end = str(self._descriptor.size)
        if content_range is None or int(content_range[1]) != self.received or content_range[3] not in {end, "*"}:
            await self.rewind()
            raise RequestFailed(
                BadContent, f"{without_query(response.url)} sent another range than requested", is_transient=True
            )
        self.is_continued = True
        self._check_length(response, self._descriptor.size - self.received)

    def _check_length(self, response: httpx.Response, expected_length: int) -> None:
        length = response.headers.get("content-length")
        if length is not None and length != str(expected_length):
            raise self._wrong_size(self._descriptor.size - expected_length + int(length) if length.isdecimal() else -1)

    def _wrong_size(self, size: int, *, is_transient: bool = False) -> RequestFailed:
        cause = f"failed size validation: {size} != {self._descriptor.size}: failed precondition"
        return RequestFailed(BadContent, f"{self._descriptor.digest}: {cause}", is_transient=is_transient)

    async def _add(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self.received > self._descriptor.size:
            self.received -= len(chunk)
            raise self._wrong_size(self.received + len(chunk))
        self._progress(len(chunk))
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        if self._waiting >= _PIECE:
            await self._flush()

    async def _flush(self) -> None:
        """Start writing the received chunks, once the preceding ones are written."""
        await self._finish_writing()
        if self._chunks:
            self._writing = asyncio.create_task(asyncio.to_thread(self._write, b"".join(self._chunks)))
            self._chunks, self._waiting = [], 0

    async def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    def _write(self, piece: bytes) -> None:
        self._hash.update(piece)
        try:
            self._file.write(piece)
        except OSError as error:
            raise _write_failure(error) from error

    async def rewind(self) -> None:
        """Discard all received bytes."""
        await self._finish_writing()
        if self.received:
            self._progress(-self.received)
        self.received = 0
        self._hash = hashlib.sha256()
        self._chunks, self._waiting = [], 0
        await asyncio.to_thread(self._empty)

    def _empty(self) -> None:
        self._file.seek(0)
        self._file.truncate()


def _write_failure(error: OSError) -> RequestFailed:
    if error.errno in {*DISK_FULL, errno.EFBIG}:
        return RequestFailed(
            NoSpace, "no space left on device", "Free disk space in moyai's state directory (`moyai image prune`)."
        )
    return RequestFailed(NoSpace, f"the layer can't be written: {error.strerror}")
