"""The machine's own Docker or Podman engine as a source of images.

Promise: an engine is asked whether it has an image before anything is taken from it. Its API gives an image only as a
whole, so it is taken once, into a file without a name, and its parts are read from there. That file ends after a while,
and with the process. An engine that isn't there, or doesn't answer, has no images.
Source: https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Image
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
from typing_extensions import override

from moyai.images.errors import BadContent, NoSpace, NotFound, PullFailed, Unreachable
from moyai.images.manifest import wrong_platform
from moyai.images.model import Descriptor, Platform
from moyai.images.reference import DOCKER_HUB, ImageReference
from moyai.images.saved_archive import SavedArchive
from moyai.images.source import Progress, ResolvedImage, Source

_PATIENCE: Final = 10.0
"""Seconds for the answer to a question."""
_ARCHIVE_PATIENCE: Final = 600.0
"""Seconds until the next bytes of an archive: an engine prepares all of it before it sends the first."""
_MAX_ANSWER: Final = 4 * 1024**2
_MAX_ARCHIVE: Final = 64 * 1024**3
_PIECE: Final = 1024 * 1024
_MAX_ARCHIVES: Final = 2
_ARCHIVE_LIFE: Final = 600.0
"""Seconds that an archive is kept for its parts to be fetched."""


class _Inspected(msgspec.Struct, rename="pascal"):
    id: str
    os: str = ""
    architecture: str = ""
    variant: str = ""

    @property
    def platform(self) -> Platform:
        return Platform(self.os, self.architecture, self.variant)


_INSPECTED = msgspec.json.Decoder(_Inspected)


class _KeptArchive(NamedTuple):
    archive: SavedArchive
    file: BinaryIO
    end: asyncio.TimerHandle


class EngineSource(Source):
    """One engine as a ``Source``. ``directory``: where archives are kept while parts of them are fetched."""

    def __init__(self, socket: Path, directory: Path) -> None:
        self._socket = socket
        self._directory = directory
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=_PATIENCE)
        self._archives: dict[str, _KeptArchive] = {}

    @property
    @override
    def name(self) -> str:
        return "Podman" if "podman" in self._socket.name else "Docker Engine"

    async def close(self) -> None:
        """Close the connection, and give up all archives."""
        for digest in list(self._archives):
            self._drop(digest)
        await self._client.aclose()

    async def image_id(self, reference: ImageReference) -> str | None:
        """The engine's id of an image: the digest of its configuration or, with containerd's store, of its manifest or
        index. None if the engine has no such image, or isn't there.
        """
        try:
            _, inspected = await self._inspect(reference)
        except (NotFound, Unreachable):
            return None
        return inspected.id

    @override
    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """Takes the image from the engine."""
        name, inspected = await self._inspect(reference)
        if inspected.os and not platform.runs(inspected.platform):
            raise wrong_platform(platform, [inspected.platform])
        file = await self._take(name)
        try:
            archive = await asyncio.to_thread(SavedArchive, file)
            content, manifest = await asyncio.to_thread(archive.manifest, platform)
        except BaseException:
            file.close()
            raise
        image = ResolvedImage(reference, _digest(content), content, manifest.config, manifest.layers)
        self._keep(image.digest, archive, file)
        return image

    @override
    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        hashed = hashlib.sha256()
        position = 0
        while piece := await asyncio.to_thread(self._read, image, descriptor, position):
            await asyncio.to_thread(_write, file, piece)
            hashed.update(piece)
            position += len(piece)
            progress(len(piece))
        if f"sha256:{hashed.hexdigest()}" != descriptor.digest:
            raise BadContent(f"{self.name} has something else than {descriptor.digest} in the image {image.reference}")

    def _read(self, image: ResolvedImage, descriptor: Descriptor, position: int) -> bytes:
        kept = self._archives.get(image.digest)
        try:
            if kept is not None:
                return kept.archive.read(descriptor, position, _PIECE)
        except ValueError:  # it has been closed
            pass
        raise NotFound(f"{self.name} gave {image.reference} too long ago; pull it again")

    async def _inspect(self, reference: ImageReference) -> tuple[str, _Inspected]:
        """The name under which the engine has an image, and what it says of it. Raises NotFound and Unreachable."""
        for name in _names(reference):
            async with self._get(f"/images/{quote(name, safe='')}/json") as response:
                if response.status_code == httpx.codes.NOT_FOUND:
                    continue
                try:
                    return name, _INSPECTED.decode(await _body(response))
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise Unreachable(f"{self.name} at {self._socket} answers something else than an image") from error
        raise NotFound(f"{self.name} has no image {reference.familiar}")

    async def _take(self, name: str) -> BinaryIO:
        """The archive of an image, in a file that ends with this process."""
        file = tempfile.TemporaryFile(dir=self._directory, buffering=0)  # noqa: SIM115 - kept until its parts are read
        size = 0
        try:
            async with self._get(f"/images/{quote(name, safe='')}/get", _ARCHIVE_PATIENCE) as response:
                async for piece in response.aiter_bytes(_PIECE):
                    size += len(piece)
                    _check_size(name, size)
                    await asyncio.to_thread(_write, file, piece)
        except BaseException:
            file.close()
            raise
        return file

    @asynccontextmanager
    async def _get(self, path: str, patience: float = _PATIENCE) -> AsyncIterator[httpx.Response]:
        """A response with status 200 or 404. Raises Unreachable, also when reading the body fails."""
        try:
            async with self._client.stream("GET", path, timeout=httpx.Timeout(_PATIENCE, read=patience)) as response:
                if response.status_code not in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
                    raise Unreachable(f"{self.name} at {self._socket} answered {response.status_code}")
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{self.name} at {self._socket} does not answer: {reason}") from error

    def _keep(self, digest: str, archive: SavedArchive, file: BinaryIO) -> None:
        """Keep an archive for a while, or until others are taken."""
        self._drop(digest)
        while len(self._archives) >= _MAX_ARCHIVES:
            self._drop(next(iter(self._archives)))
        end = asyncio.get_running_loop().call_later(_ARCHIVE_LIFE, self._drop, digest)
        self._archives[digest] = _KeptArchive(archive, file, end)

    def _drop(self, digest: str) -> None:
        if (kept := self._archives.pop(digest, None)) is not None:
            kept.end.cancel()
            kept.file.close()


def _names(reference: ImageReference) -> Iterable[str]:
    """The names under which an engine may have an image. Podman builds ``app`` as ``localhost/app``."""
    yield str(reference)
    if reference.registry == DOCKER_HUB:
        yield f"localhost/{reference.familiar}"


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MAX_ANSWER:
            raise Unreachable(f"the engine's answer has more than {_MAX_ANSWER} bytes")
    return bytes(body)


def _check_size(name: str, size: int) -> None:
    if size > _MAX_ARCHIVE:
        raise BadContent(f"the archive of {name} has more than {_MAX_ARCHIVE} bytes")


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpace(
                "no space left on device. Free disk space in moyai's state directory (`moyai image prune`)."
            ) from error
        raise PullFailed(f"the image can't be written: {error.strerror}") from error
