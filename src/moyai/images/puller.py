"""Pulls images into the store: from the first source that has them, and each part once.

Promise: the sources are asked in order: the store, as the pull behaviour says; the name that the user has mapped to
another; the machine's engine; moyai's own ECR; the registry. Callers that need the same image share one pull, and pulls
that need the same layer share its download. A cancelled or failed pull leaves nothing behind. Behaviours are those of
the ECS agent's ``ECS_IMAGE_PULL_BEHAVIOR``; an image that the user has imported or loaded counts as pulled, and only
``always`` asks for it elsewhere. Content that is named by its digest and is here is never asked for.
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
"""Layers that are downloaded and unpacked at the same time; Docker's default is 3, containerd's 3, of each image."""

T = TypeVar("T")
_LOCAL: Final = HOST_IMAGE.partition("/")[0]
"""Names that begin like this are those of this machine; no registry is asked for them."""
_NO_NAMES: Final = ImageNames({})
_log = logging.getLogger(__name__)


class PullSource(NamedTuple):
    """A source, and the function that asks it which image a reference stands for now.

    The answer is the digest of an index, a manifest or a configuration; None if the source has no such image.
    """

    source: Source
    current_digest: Callable[[ImageReference], Awaitable[str | None]]


class PullRequest(msgspec.Struct, frozen=True):
    """An image that is needed."""

    reference: ImageReference
    platform: Platform
    credentials: Credentials | None = None
    """For the registry of the reference; None = the user's own."""


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
        """Threads that wait for unpacking. Those that write what arrives must never wait for them."""

    def find(self, reference: str, digest: str | None, platform: Platform | None = None) -> Image:
        """The image in the store that a container starts from, once it is pulled. Blocking. Raises CannotPull."""
        parsed = parse_reference(reference)
        return self.store.find(str(self._names.map(parsed) or parsed), digest, platform)

    async def close(self) -> None:
        """End all pulls, and close the connections to the sources."""
        await self._pulls.close()
        await self._sources.close()
        self._unpackers.shutdown(wait=False)

    async def pull(self, request: PullRequest, watcher: Watcher = ignore_progress) -> Image:
        """The image, which is in the store then. ``watcher`` is called while something is downloaded, and at the end of
        that. Raises PullFailed.
        """
        reference = request.reference
        if is_host_image(reference):
            return Image((), on_host=True)
        if (mapped := self._names.map(reference)) is not None and not await asyncio.to_thread(self._is_own, reference):
            _log.info("the image %s is taken from %s", reference.familiar, mapped.familiar)
            return await self.pull_unmapped(replace(request, reference=mapped), watcher)
        return await self.pull_unmapped(request, watcher)

    async def pull_unmapped(self, request: PullRequest, watcher: Watcher = ignore_progress) -> Image:
        """As ``pull``, but without the user's mapping of names."""
        if is_host_image(request.reference):
            return Image((), on_host=True)
        with self._watching(request, watcher):
            return await self._pulls.run(request, lambda: self._pull(request))

    @contextmanager
    def _watching(self, request: PullRequest, watcher: Watcher) -> Iterator[None]:
        """Notify a watcher of a pull, which may be under way."""
        watchers = self._watchers.setdefault(request, [])
        watchers.append(watcher)
        try:
            yield
        finally:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[request]

    async def _pull(self, request: PullRequest) -> Image:
        cached = await asyncio.to_thread(self._image_in_store, request)
        if cached is not None and (request.reference.digest or await asyncio.to_thread(self._is_settled, request)):
            return cached
        try:
            return await self._pull_from_sources(request, cached)
        except PullFailed as failure:
            if cached is None or self._behavior is not PullBehavior.DEFAULT:
                raise
            _log.warning("the image %s is used as it was pulled before: %s", request.reference.familiar, failure)
            return cached

    def _image_in_store(self, request: PullRequest) -> Image | None:
        try:
            return self.store.find(str(request.reference), platform=request.platform)
        except CannotPull:
            return None

    def _is_own(self, reference: ImageReference) -> bool:
        """Whether the image is in the store because the user has put it there."""
        name = str(reference)
        return bool(self.store.known_digests(name)) and self.store.source(name) is None

    def _is_settled(self, request: PullRequest) -> bool:
        """Whether an image in the store is used without asking any source."""
        if self._behavior is PullBehavior.ALWAYS:
            return False
        return self._behavior is not PullBehavior.DEFAULT or self.store.source(str(request.reference)) is None

    async def _pull_from_sources(self, request: PullRequest, cached: Image | None) -> Image:
        stored_digests = frozenset[str]()
        if cached is not None:
            stored_digests = await asyncio.to_thread(self.store.known_digests, str(request.reference))
        name = request.reference.familiar
        failure: PullFailed = NotFound(
            f"{name} is not here; add it with `moyai image import {name} SOURCE`, or use {HOST_IMAGE}"
        )
        is_local = request.reference.registry == _LOCAL
        for source in () if is_local else self._sources(request):
            try:
                return await self._pull_from(source, request, cached, stored_digests)
            except NoSpace:
                raise
            except PullFailed as error:
                failure = error
        raise failure

    async def _pull_from(
        self, source: PullSource, request: PullRequest, cached: Image | None, stored_digests: frozenset[str]
    ) -> Image:
        """The image from this source. Raises NotFound if the source doesn't have it."""
        if cached is not None:
            digest = await source.current_digest(request.reference)
            if digest is None:
                raise NotFound(f"{source.source.name} has no image {request.reference.familiar}")
            if digest in stored_digests:
                return cached
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
        """Add a layer, unless it is here; one that another pull downloads is waited for."""
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
