"""Pulls images into the store, each from the first source that has it, and each layer once.

Promise: an image is taken from the store, if the pull behaviour allows that; otherwise from the first source that has
it: the machine's engine, moyai's own ECR, the registry. A name that the user has mapped is replaced first. Callers that
need the same image share one pull, and pulls that need the same layer share its download. A cancelled or failed pull
leaves nothing behind. An image that the user has imported or loaded counts as pulled, and is pulled from a source only
with the behaviour ``always``. An image in the store that is named by its digest is never pulled again.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import Final, NamedTuple, Protocol, TypeVar
from weakref import WeakValueDictionary

import msgspec
from msgspec.structs import replace

from moyai.images.errors import BadContent, NoSpace, NotFound, PullFailed
from moyai.images.flights import Flights
from moyai.images.layer_download import LayerDownload, finish_in_thread
from moyai.images.manifest import MAX_CONFIG_BYTES, parse_config, parse_manifest, wrong_platform
from moyai.images.model import Descriptor, Image, Manifest, Platform
from moyai.images.names import ImageNames
from moyai.images.progress import PullTracker, Report, Watcher, ignore_progress, log_progress
from moyai.images.pull_behavior import PullBehavior
from moyai.images.reference import HOST_IMAGE, ImageReference, parse_reference
from moyai.images.registry.credentials import Credentials
from moyai.images.source import ResolvedImage, Source
from moyai.images.store.image_store import ImageStore, is_host_image
from moyai.images.store.lease import Lease
from moyai.ports.runtime import CannotPull

MAX_LAYERS: Final = 6
"""Number of layers that are downloaded and unpacked at the same time. The defaults of Docker and containerd are 3."""

T = TypeVar("T")
_LOCAL: Final = HOST_IMAGE.partition("/")[0]
"""The registry in the names of this machine's own images, for which no source is asked."""
_NO_NAMES: Final = ImageNames({})
_log = logging.getLogger(__name__)


class PullSource(NamedTuple):
    """A source, and the function that asks it which image a reference names now.

    The function returns the digest of an index, a manifest or a configuration; None if the source has no such image.
    """

    source: Source
    current_digest: Callable[[ImageReference], Awaitable[str | None]]


class PullRequest(msgspec.Struct, frozen=True):
    """An image to pull."""

    reference: ImageReference
    platform: Platform
    credentials: Credentials | None = None
    """The credentials for the reference's registry; None for the user's own."""


class Sources(Protocol):
    """The sources that images are pulled from."""

    def __call__(self, request: PullRequest) -> Sequence[PullSource]:
        """The sources for a request, in the order in which they are asked."""

    async def close(self) -> None:
        """Close all connections."""


class ImagePuller:
    """The pulls of one process into a store."""

    def __init__(
        self,
        store: ImageStore,
        sources: Sources,
        names: ImageNames = _NO_NAMES,
        behavior: PullBehavior = PullBehavior.DEFAULT,
        report: Report = log_progress,
    ) -> None:
        self.store = store
        self._report = report
        self._sources = sources
        self._names = names
        self._behavior = behavior
        self._pulls: Flights[PullRequest, Image] = Flights()
        self._watchers: dict[PullRequest, list[Watcher]] = {}
        self._layers: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._free_layers = asyncio.Semaphore(MAX_LAYERS)
        self._unpackers = ThreadPoolExecutor(MAX_LAYERS, "moyai-unpack")
        """The threads that wait for unpacking. It waits for received bytes, which other threads must write."""

    def find(self, reference: str, digest: str | None, platform: Platform | None = None) -> Image:
        """The image in the store from which a container is started. Blocking. Raises CannotPull."""
        parsed = parse_reference(reference)
        return self.store.find(str(self._names.map(parsed) or parsed), digest, platform)

    async def close(self) -> None:
        """Cancel all pulls, and close the connections to the sources."""
        await self._pulls.close()
        await self._sources.close()
        self._unpackers.shutdown(wait=False)

    async def pull(self, request: PullRequest, watcher: Watcher = ignore_progress) -> Image:
        """The image, once it is in the store. ``watcher`` is called during a download, and at its end. Raises
        PullFailed.
        """
        reference = request.reference
        if is_host_image(reference):
            return Image((), on_host=True)
        if (mapped := self._names.map(reference)) is not None and not await asyncio.to_thread(self._is_own, reference):
            _log.info("the image %s is taken from %s", reference.familiar, mapped.familiar)
            return await self.pull_unmapped(replace(request, reference=mapped), watcher)
        return await self.pull_unmapped(request, watcher)

    async def pull_unmapped(self, request: PullRequest, watcher: Watcher = ignore_progress) -> Image:
        """As ``pull``, without the user's mapping of names."""
        if is_host_image(request.reference):
            return Image((), on_host=True)
        with self._watching(request, watcher):
            return await self._pulls.run(request, lambda: self._pull(request))

    @contextmanager
    def _watching(self, request: PullRequest, watcher: Watcher) -> Iterator[None]:
        """Have a watcher called during a pull, which may be running already."""
        watchers = self._watchers.setdefault(request, [])
        watchers.append(watcher)
        try:
            yield
        finally:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[request]

    async def _pull(self, request: PullRequest) -> Image:
        cached_image = await asyncio.to_thread(self._image_in_store, request)
        if cached_image is not None and (
            request.reference.digest or await asyncio.to_thread(self._is_settled, request)
        ):
            return cached_image
        try:
            return await self._pull_from_sources(request, cached_image)
        except PullFailed as failure:
            if cached_image is None or self._behavior is not PullBehavior.DEFAULT:
                raise
            _log.warning("the image %s is used as it was pulled before: %s", request.reference.familiar, failure)
            return cached_image

    def _image_in_store(self, request: PullRequest) -> Image | None:
        try:
            return self.store.find(str(request.reference), platform=request.platform)
        except CannotPull:
            return None

    def _is_own(self, reference: ImageReference) -> bool:
        """Whether the image is in the store because the user has imported or loaded it."""
        name = str(reference)
        return bool(self.store.known_digests(name)) and self.store.source(name) is None

    def _is_settled(self, request: PullRequest) -> bool:
        """Whether an image in the store is used without asking any source."""
        if self._behavior is PullBehavior.ALWAYS:
            return False
        return self._behavior is not PullBehavior.DEFAULT or self.store.source(str(request.reference)) is None

    async def _pull_from_sources(self, request: PullRequest, cached_image: Image | None) -> Image:
        stored_digests = frozenset[str]()
        if cached_image is not None:
            stored_digests = await asyncio.to_thread(self.store.known_digests, str(request.reference))
        name = request.reference.familiar
        failure: PullFailed = NotFound(
            f"{name} is not here; add it with `moyai image import {name} SOURCE`, or use {HOST_IMAGE}"
        )
        is_local = request.reference.registry == _LOCAL
        for source in () if is_local else self._sources(request):
            try:
                return await self._pull_from(source, request, cached_image, stored_digests)
            except NoSpace:
                raise
            except BadContent as error:
                advice = f"Build and push the image again, or check {request.reference.registry} and proxies before it."
                failure = BadContent(f"{error}. {advice}")
            except PullFailed as error:
                failure = error
        raise failure

    async def _pull_from(
        self, source: PullSource, request: PullRequest, cached_image: Image | None, stored_digests: frozenset[str]
    ) -> Image:
        """The image, pulled from this source unless the store has the same one. Raises NotFound if the source doesn't
        have it.
        """
        if cached_image is not None:
            digest = await source.current_digest(request.reference)
            if digest is None:
                raise NotFound(f"{source.source.name} has no image {request.reference.familiar}")
            if digest in stored_digests:
                return cached_image
        image = await source.source.resolve(request.reference, request.platform)
        watchers = self._watchers.get(request, ())
        with PullTracker(request.reference.familiar, source.source.name, self._report, watchers) as tracker:
            return await self._download(source.source, image, request.platform, tracker)

    async def _download(self, source: Source, image: ResolvedImage, platform: Platform, tracker: PullTracker) -> Image:
        """Add the image and its missing layers to the store."""
        manifest = parse_manifest(image.manifest)
        if not isinstance(manifest, Manifest):
            raise BadContent(f"{source.name} has an index in place of the manifest of {image.reference}")
        async with self._lease() as lease:
            config = await _fetch_config(source, image, lease)
            file = parse_config(config, manifest)
            if not platform.runs(file.platform):
                raise wrong_platform(platform, [file.platform])
            tracker.expect_layers(len(image.layers))
            download = LayerDownload(source, image, lease, tracker)
            layers = zip(image.layers, file.diff_ids, strict=True)
            try:
                async with asyncio.TaskGroup() as group:
                    for descriptor, diff_id in layers:
                        group.create_task(self._add_layer(download, descriptor, diff_id))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from failures
            return await finish_in_thread(lambda: lease.add_pulled_image(image, config, source.name))

    async def _add_layer(self, download: LayerDownload, descriptor: Descriptor, diff_id: str) -> None:
        """Add a layer, unless the store has it. If another pull is downloading it, wait for that."""
        lock = self._layers.setdefault(diff_id, asyncio.Lock())
        async with lock:
            if await finish_in_thread(lambda: download.lease.has_layer(diff_id)):
                download.tracker.add_present_layer()
                return
            download.tracker.expect_bytes(descriptor.size)
            async with self._free_layers:
                await download.run(descriptor, diff_id, self._unpackers)
            download.tracker.add_pulled_layer()

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[Lease]:
        context = self.store.lease()
        lease = await finish_in_thread(context.__enter__)
        try:
            yield lease
        finally:
            await finish_in_thread(lambda: context.__exit__(None, None, None))


async def _fetch_config(source: Source, image: ResolvedImage, lease: Lease) -> bytes:
    """The configuration file of the image. Raises PullFailed."""
    with tempfile.TemporaryFile(dir=lease.directory) as file:
        await source.fetch(image, image.config, file, lambda _: None)
        file.seek(0)
        return file.read(MAX_CONFIG_BYTES + 1)
