"""The registry that moyai serves itself, as a source: images that were pushed to it are read from disk, without HTTP.

Promise: it resolves the names with which images are pushed to it, and AWS's names of the same repositories
(docs/decisions/registry-names.md). For an image that it does not have it raises NotFound, so that the next source is
asked.
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from typing import BinaryIO, Final

from typing_extensions import override

from moyai.domain.ecr.image import RepositoryImage, later_pull
from moyai.domain.ecr.registry_host import is_aws_registry, registry_in, split_host
from moyai.domain.ecr.repository import repository_arn
from moyai.domain.queries.registry import find_image
from moyai.domain.world import Put
from moyai.images.errors import DISK_FULL, BadContent, NoSpace, NotFound
from moyai.images.manifest import parse_manifest, select_manifest
from moyai.images.model import Descriptor, Index, Platform
from moyai.images.reference import ImageReference
from moyai.images.source import Progress, ResolvedImage, Source
from moyai.kernel.clock import Clock
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.ports.blobs import BlobMissing, BlobStore, read_all
from moyai.ports.store import Store

_LOCALHOST: Final = "localhost"


class HostedRegistry(Source):
    """The repositories of all accounts and regions as a ``Source``. ``ports``: those at which callers reach the API."""

    def __init__(self, store: Store, blobs: BlobStore, clock: Clock, ports: Collection[int]) -> None:
        self._store, self._blobs, self._clock = store, blobs, clock
        self._ports = ports

    @property
    @override
    def name(self) -> str:
        return "moyai's ECR"

    def serves(self, reference: ImageReference) -> bool:
        """Whether the reference names a repository that exists here."""
        scope = self._scope(reference.registry)
        return scope is not None and repository_arn(scope, reference.repository) in self._store.world.repositories

    async def current_digest(self, reference: ImageReference) -> str | None:
        """The digest of the image that the reference names now; None if there is no such image here."""
        image = self._find(reference)
        return None if image is None else image.digest

    @override
    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        image = self._find(reference)
        if image is None:
            raise NotFound(
                f"failed to resolve ref {reference}: {reference}: not found in {self.name}. Push it with "
                "`docker push`, or check the name and the tag."
            )
        content = await self._read(reference, image.digest)
        manifest = parse_manifest(content, image.media_type)
        index = None
        if isinstance(manifest, Index):
            descriptor = select_manifest(manifest, platform)
            index, content = content, await self._read(reference, descriptor.digest)
            manifest = parse_manifest(content, descriptor.media_type)
            if isinstance(manifest, Index):
                raise BadContent(f"the index of {reference} has another index for {platform}")
        self._record_pull(image)
        return ResolvedImage(reference, image.digest, content, manifest.config, manifest.layers, index)

    @override
    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        try:
            reader = await self._blobs.open(descriptor.digest)
        except BlobMissing as error:
            raise _missing(image.reference, descriptor.digest) from error
        try:
            async for chunk in reader.chunks():
                file.write(chunk)
                progress(len(chunk))
        except OSError as error:
            if error.errno in DISK_FULL:
                cause = f"failed to write {descriptor.digest}: no space left on device"
                raise NoSpace(f"{cause}; remove images with `moyai image prune`") from error
            raise
        finally:
            reader.close()

    def _scope(self, registry: str) -> Scope | None:
        """The account and region of the repositories under a registry's name; None for other registries."""
        name, port = split_host(registry)
        own = registry_in(name)
        if own is not None:
            is_local = own[1] == _LOCALHOST and port in self._ports
            return own[0] if is_local or (is_aws_registry(name) and port is None) else None
        return DEFAULT_SCOPE if port in self._ports and _is_loopback(name) else None

    def _find(self, reference: ImageReference) -> RepositoryImage | None:
        scope = self._scope(reference.registry)
        if scope is None:
            return None
        tag = None if reference.digest else reference.tag
        return find_image(self._store.world, repository_arn(scope, reference.repository), reference.digest, tag)

    async def _read(self, reference: ImageReference, digest: str) -> bytes:
        try:
            return await read_all(self._blobs, digest)
        except BlobMissing as error:
            raise _missing(reference, digest) from error

    def _record_pull(self, image: RepositoryImage) -> None:
        changed = later_pull(image, self._clock.now())
        if changed is not None and self._store.fault is None:
            self._store.apply([Put(changed)])


def _missing(reference: ImageReference, digest: str) -> BadContent:
    return BadContent(f"{digest} of {reference} is missing in the state directory")


def _is_loopback(name: str) -> bool:
    if name == _LOCALHOST or name.endswith(f".{_LOCALHOST}"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
