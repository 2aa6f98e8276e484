"""The machine's own Docker or Podman engine as a source of images.

Promise: the engine is asked whether it has an image before the image is fetched. Its API sends an image only as a whole
archive, so that the archive is fetched once, into a file without a name, and the image's parts are read from there. The
file is closed after _ARCHIVE_LIFE seconds, and disappears with the process. An engine that is absent, or does not
answer, counts as one without images.
Source: https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Image
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple
from urllib.parse import quote

import httpx
import msgspec
from typing_extensions import override

from moyai.images.errors import DISK_FULL, BadContent, NoSpace, NotFound, PullFailed, Unreachable
from moyai.images.image_archive import ArchivedImage, read_images
from moyai.images.manifest import OCI_LAYER, make_manifest, parse_manifest, wrong_platform
from moyai.images.model import Descriptor, Manifest, Platform, digest_of
from moyai.images.reference import DOCKER_HUB, ImageReference
from moyai.images.source import Progress, ResolvedImage, Source
from moyai.images.tar_parts import TarParts

_TIMEOUT: Final = 10.0
"""Seconds until the next bytes of a response, other than an archive."""
_ARCHIVE_PATIENCE: Final = 600.0
"""Seconds until the next bytes of an archive. The engine prepares all of it before it sends the first byte."""
_MAX_ANSWER: Final = 4 * 1024**2
_MAX_ARCHIVE: Final = 64 * 1024**3
_PIECE: Final = 1024 * 1024
_MAX_ARCHIVES: Final = 2
_ARCHIVE_LIFE: Final = 600.0
"""Seconds that an archive is kept, so that its parts can be fetched."""


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
    parts: TarParts
    names: Mapping[str, str]
    """The names of the parts' files, by the digests of the parts."""
    file: BinaryIO
    end: asyncio.TimerHandle


class EngineSource(Source):
    """One engine as a ``Source``. ``directory``: the directory of the files with archives."""

    def __init__(self, socket: Path, directory: Path) -> None:
        self._socket = socket
        self._directory = directory
        self._archives: dict[str, _KeptArchive] = {}
        self._opened: httpx.AsyncClient | None = None

    @property
    @override
    def name(self) -> str:
        return "Podman" if "podman" in self._socket.name else "Docker Engine"

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            transport = httpx.AsyncHTTPTransport(uds=str(self._socket), verify=False)
            self._opened = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=_TIMEOUT)
        return self._opened

    async def close(self) -> None:
        """Close the connections and all archives."""
        for digest in list(self._archives):
            self._drop(digest)
        if self._opened is not None:
            await self._opened.aclose()

    async def image_id(self, reference: ImageReference) -> str | None:
        """The engine's id of an image: the digest of its configuration or, with containerd's store, of its manifest or
        index. None if the engine has no such image, or can't be reached.
        """
        try:
            _, description = await self._inspect(reference)
        except (NotFound, Unreachable):
            return None
        return description.id

    @override
    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        """Fetches the image's archive from the engine."""
        name, description = await self._inspect(reference)
        if description.os and not platform.runs(description.platform):
            raise wrong_platform(platform, [description.platform])
        file = await self._fetch_archive(name)
        try:
            image, parts, names = await asyncio.to_thread(_read_archive, file, reference, platform)
        except BaseException:
            file.close()
            raise
        self._keep(image.digest, parts, names, file)
        return image

    @override
    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        content_hash = hashlib.sha256()
        with self._open(image, descriptor) as part:
            while piece := await asyncio.to_thread(part.read, _PIECE):
                await asyncio.to_thread(_write, file, piece)
                content_hash.update(piece)
                progress(len(piece))
        if f"sha256:{content_hash.hexdigest()}" != descriptor.digest:
            raise BadContent(f"{self.name} has something else than {descriptor.digest} in the image {image.reference}")

    def _open(self, image: ResolvedImage, descriptor: Descriptor) -> BinaryIO:
        archive = self._archives.get(image.digest)
        if archive is None:
            raise NotFound(f"{self.name} gave {image.reference} too long ago; pull it again")
        part = archive.parts.open(archive.names[descriptor.digest])
        if part is None:
            raise BadContent(f"{self.name} has sent {image.reference} without {descriptor.digest}")
        return part

    async def _inspect(self, reference: ImageReference) -> tuple[str, _Inspected]:
        """The name under which the engine has an image, and its description. Raises NotFound and Unreachable."""
        for name in _names(reference):
            async with self._get(f"/images/{quote(name, safe='')}/json") as response:
                if response.status_code == httpx.codes.NOT_FOUND:
                    continue
                try:
                    return name, _INSPECTED.decode(await _body(response))
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise Unreachable(f"{self.name} at {self._socket} answers something else than an image") from error
        raise NotFound(f"{self.name} has no image {reference.familiar}")

    async def _fetch_archive(self, name: str) -> BinaryIO:
        """The archive of an image, in a file without a name, which disappears with this process."""
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
    async def _get(self, path: str, patience: float = _TIMEOUT) -> AsyncIterator[httpx.Response]:
        """A response with status 200 or 404. Raises Unreachable, also when reading the body fails."""
        try:
            async with self._client.stream("GET", path, timeout=httpx.Timeout(_TIMEOUT, read=patience)) as response:
                if response.status_code not in {httpx.codes.OK, httpx.codes.NOT_FOUND}:
                    raise Unreachable(f"{self.name} at {self._socket} answered {response.status_code}")
                yield response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"{self.name} at {self._socket} does not answer: {reason}") from error

    def _keep(self, digest: str, parts: TarParts, names: Mapping[str, str], file: BinaryIO) -> None:
        """Keep an archive for _ARCHIVE_LIFE seconds, or until _MAX_ARCHIVES newer ones are kept."""
        self._drop(digest)
        while len(self._archives) >= _MAX_ARCHIVES:
            self._drop(next(iter(self._archives)))
        end = asyncio.get_running_loop().call_later(_ARCHIVE_LIFE, self._drop, digest)
        self._archives[digest] = _KeptArchive(parts, names, file, end)

    def _drop(self, digest: str) -> None:
        if (kept := self._archives.pop(digest, None)) is not None:
            kept.end.cancel()
            kept.file.close()


def _read_archive(
    file: BinaryIO, reference: ImageReference, platform: Platform
) -> tuple[ResolvedImage, TarParts, Mapping[str, str]]:
    """The only image in an archive, the archive's files, and the names of the parts' files by the parts' digests."""
    parts = TarParts(file)
    images = read_images(parts, platform)
    if len(images) != 1:
        raise NotFound(f"the archive has {len(images)} images, and one is wanted")
    [image] = images
    content = image.manifest or _make_manifest(image, parts)
    manifest = parse_manifest(content)
    assert isinstance(manifest, Manifest)  # noqa: S101 - read_images returns no index, and _make_manifest makes none
    names = {descriptor.digest: layer.name for descriptor, layer in zip(manifest.layers, image.layers, strict=True)}
    names[manifest.config.digest] = image.config_name
    digest = digest_of(content if image.index is None else image.index)
    return ResolvedImage(reference, digest, content, manifest.config, manifest.layers, image.index), parts, names


def _make_manifest(image: ArchivedImage, parts: TarParts) -> bytes:
    """The manifest of an image from an older engine, whose archives have no manifests and only uncompressed layers."""
    layers = (Descriptor(OCI_LAYER, layer.diff_id, parts.size(layer.name)) for layer in image.layers)
    return make_manifest(image.config, list(layers))


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


def _write(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise NoSpace(
                "no space left on device. Free disk space in moyai's state directory (`moyai image prune`)."
            ) from error
        raise PullFailed(f"the image can't be written: {error.strerror}") from error
