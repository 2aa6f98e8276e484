"""Receives the bytes of a blob: hashed, counted, and continued where a broken connection ended.

Promise: no byte beyond the descriptor's size is written, a transfer that stalls is ended, and what is complete has the
descriptor's digest. Hashing and writing happen in threads, a mebibyte at a time, while the next one arrives.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import re
from http import HTTPStatus
from typing import BinaryIO, Final

import httpx

from moyai.images.errors import BadContent, NoSpace
from moyai.images.model import Descriptor
from moyai.images.registry.failures import RequestFailed, connection_failure, without_query
from moyai.images.source import Progress

INACTIVITY: Final = 60.0
"""Seconds within which at least LEAST_PROGRESS bytes have to arrive, as long as the agent of ECS waits for any."""
LEAST_PROGRESS: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")


class PartialBlob:
    """The bytes of a blob that have arrived. ``file`` is empty at first."""

    def __init__(self, file: BinaryIO, descriptor: Descriptor, progress: Progress) -> None:
        self._file = file
        self._descriptor = descriptor
        self._progress = progress
        self._hash = hashlib.sha256()
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._writing: asyncio.Task[None] | None = None
        self.received = 0
        """Bytes."""
        self.is_continued = False
        """Whether they are from more than one response."""

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
        if self.received < self._descriptor.size:  # whoever ends a body by closing the connection may have lost it
            raise self._wrong_size(self.received, is_transient=True)

    async def check_digest(self) -> None:
        """Raise RequestFailed if the complete blob is another one."""
        digest = f"sha256:{self._hash.hexdigest()}"
        if digest != self._descriptor.digest:
            is_transient, self.is_continued = self.is_continued, False
            await self.rewind()
            cause = f"unexpected commit digest {digest}, expected {self._descriptor.digest}: failed precondition"
            raise RequestFailed(BadContent, cause, is_transient=is_transient)

    async def _place(self, response: httpx.Response) -> None:
        """Go to where the response's bytes belong."""
        if response.status_code != HTTPStatus.PARTIAL_CONTENT:
            await self.rewind()
            self._check_length(response, self._descriptor.size)
            return
        content_range = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        end = str(self._descriptor.size)
        if content_range is None or int(content_range[1]) != self.received or content_range[3] not in {end, "*"}:
            await self.rewind()
            raise RequestFailed(
                BadContent, f"{without_query(response.url)} sent another range than was asked for", is_transient=True
            )
        self.is_continued = True
        self._check_length(response, self._descriptor.size - self.received)

    def _check_length(self, response: httpx.Response, expected: int) -> None:
        length = response.headers.get("content-length")
        if length is not None and length != str(expected):
            raise self._wrong_size(self._descriptor.size - expected + int(length) if length.isdecimal() else -1)

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
        """Begin to write what has arrived, as soon as what came before it is written."""
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
        """Forget what has arrived."""
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
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return RequestFailed(
            NoSpace, "no space left on device", "Free disk space in moyai's state directory (`moyai image prune`)."
        )
    return RequestFailed(NoSpace, f"the layer can't be written: {error.strerror}")
