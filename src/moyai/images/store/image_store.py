"""The images of an installation, which are found by their names, shared by all tasks, and removed when unneeded.

Promise: any process of this machine may use a store at any time, such as ``moyai image`` beside the control plane. An
image is stored completely or not at all. Contents that a reference, a holder (a task, a service revision) or a running
lease needs are never removed; others are garbage, which is removed when a reference is removed or a lease ends.

``moyai.local/host`` is this machine's root, read-only under the container's writable layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

from moyai.images.errors import BadReference, ImageRefused, PullFailed
from moyai.images.model import ConfigFile, Image, Platform, host_platform
from moyai.images.reference import HOST_IMAGE, LATEST, ImageReference, parse_reference
from moyai.images.store.contents import StoredImage, needed_contents, read_image, to_image
from moyai.images.store.garbage import Removed, collect_garbage, lease_directory
from moyai.images.store.lease import Lease
from moyai.images.store.store_directory import References, StoreDirectory
from moyai.ports.runtime import CannotPull


class ImageDetails(msgspec.Struct, frozen=True):
    """The store's description of an image."""

    reference: str
    """The reference in its shortest form."""
    digest: str
    file: ConfigFile
    size: int
    """The size of the unpacked layers in bytes, including those that it shares with other images."""
    on_host: bool
    holders: tuple[str, ...]
    """The tasks and service revisions that need the image."""
    source: str | None = None
    """The source that the image was pulled from; None if it was imported or loaded."""


class ImageStore:
    """The images in one directory."""

    def __init__(self, directory: Path) -> None:
        self._store = StoreDirectory(directory)

    def _open(self) -> StoreDirectory:
        if not self._store.is_current:
            self._store.create()
        return self._store

    # --------------------------------------------------------------------------------------------------------- reading

    def find(self, reference: str, digest: str | None = None, platform: Platform | None = None) -> Image:
        """The image of a reference, for this machine's platform or another. With ``digest``, or with a digest in the
        reference, the image with that digest, whichever image the tag names now. Raises CannotPull.
        """
        try:
            parsed = parse_reference(reference)
        except BadReference as error:
            raise CannotPull(str(error)) from error
        if is_host_image(parsed) and digest is None:
            return Image((), on_host=True)
        references = self._open().read_references()
        wanted = self._digest(references, replace(parsed, digest=digest or parsed.digest))
        try:
            stored_image = None if wanted is None else read_image(self._store, wanted, platform or host_platform())
        except PullFailed as error:
            raise CannotPull(f"{reference}: {error}") from error
        if stored_image is None:
            raise _not_here(reference) if digest is None else _no_longer_here(reference, digest)
        return to_image(self._store, stored_image, on_host=stored_image.digest in references.on_host)

    def _digest(self, references: References, reference: ImageReference) -> str | None:
        """The digest that a reference names. An image that an older version has imported is also found by the digest of
        that version, which is not one of a manifest.
        """
        if reference.digest is None:
            return references.digests.get(str(reference))
        return references.digests.get(f"{reference.name}@{reference.digest}", reference.digest)

    def known_digests(self, reference: str) -> frozenset[str]:
        """The digests of an image's index, manifest and configuration; none if the image isn't stored."""
        store, parsed = self._open(), parse_reference(reference)
        digest = self._digest(store.read_references(), parsed)
        stored_image = None if digest is None else read_image(store, digest, None)
        if stored_image is None:
            return frozenset()
        return frozenset({stored_image.digest, stored_image.manifest_digest, stored_image.manifest.config.digest})

    def source(self, reference: str) -> str | None:
        """The source that the image of a reference was pulled from; None if it wasn't pulled."""
        return self._open().read_references().sources.get(str(parse_reference(reference)))

    def list_images(self) -> list[ImageDetails]:
        """The images of all references, sorted by reference."""
        store = self._open()
        references, holders = store.read_references(), store.holders()
        details = []
        for text, digest in sorted(references.digests.items()):
            stored_image = read_image(store, digest, None)
            if stored_image is not None:
                details.append(_details(parse_reference(text), stored_image, references, holders))
        return details

    def inspect(self, reference: str) -> ImageDetails:
        """The description of one image. Raises CannotPull, BadReference, and ImageRefused for the host's root."""
        store, parsed = self._open(), parse_reference(reference)
        if is_host_image(parsed):
            raise ImageRefused(f"{HOST_IMAGE} is this machine's own root, and has no layers and no configuration")
        references = store.read_references()
        digest = self._digest(references, parsed)
        stored_image = None if digest is None else read_image(store, digest, None)
        if stored_image is None:
            raise _not_here(reference)
        return _details(parsed, stored_image, references, store.holders())

    # -------------------------------------------------------------------------------------------------------- changing

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A lease, through which layers and images are added. At its end, layers that are in no image are removed, and
        so are images whose references name other ones now.
        """
        store = self._open()
        try:
            with lease_directory(store) as directory, closing(Lease(store, directory)) as lease:
                yield lease
        finally:
            collect_garbage(store)

    def tag(self, reference: str, other: str) -> None:
        """Have the reference ``other`` name the image of ``reference`` as well. Raises CannotPull, BadReference, and
        ImageRefused for the host's root.
        """
        store, parsed, target = self._open(), parse_reference(reference), _changeable(other)
        with store.lock():
            references = store.read_references()
            digest = self._digest(references, parsed)
            if digest is None or read_image(store, digest, None) is None:
                raise _not_here(reference)
            store.write_references(_with_digests(references, references.digests | {str(target): digest}))
        collect_garbage(store)

    def remove(self, reference: str) -> Removed:
        """Remove a reference, and the contents that only it needs. Tasks that run from the image keep it. Raises
        CannotPull, BadReference, and ImageRefused for the host's root.
        """
        store, parsed = self._open(), _changeable(reference)
        with store.lock():
            references = store.read_references()
            if str(parsed) not in references.digests:
                raise _not_here(reference)
            remaining = {text: digest for text, digest in references.digests.items() if text != str(parsed)}
            store.write_references(_with_digests(references, remaining))
        return collect_garbage(store)

    def prune(self) -> tuple[list[str], Removed]:
        """Remove all references whose images no holder needs, and all garbage. Returns the references in their shortest
        form, and the removed contents.
        """
        store = self._open()
        with store.lock():
            references = store.read_references()
            held_digests = needed_contents(
                store, {digest for digests in store.holders().values() for digest in digests}
            )
            needed_texts = {
                text for text, digest in references.digests.items() if {digest, text.partition("@")[2]} & held_digests
            }
            unused = references.digests.keys() - needed_texts
            remaining = {text: digest for text, digest in references.digests.items() if text not in unused}
            store.write_references(_with_digests(references, remaining))
        return sorted(parse_reference(text).familiar for text in unused), collect_garbage(store)

    def hold(self, holder: str, references: Iterable[str]) -> dict[str, str | None]:
        """The digests that references name now, with None for an image that is not stored. These images are kept until
        ``release(holder)``. Raises ImageRefused for a holder that can't be the name of a file.
        """
        store, digests = self._open(), dict[str, str | None]()
        with store.lock():
            for reference in references:
                digests[reference] = self._present_digest(reference)
            held_digests = store.read_held(holder)
            new_digests = held_digests | {digest for digest in digests.values() if digest is not None}
            if new_digests != held_digests:
                store.write_held(holder, new_digests)
        return digests

    def _present_digest(self, reference: str) -> str | None:
        try:
            digest = self._digest(self._store.read_references(), parse_reference(reference))
        except BadReference:
            return None
        return None if digest is None or read_image(self._store, digest, None) is None else digest

    def hold_only(self, holder: str, digests: frozenset[str]) -> None:
        """Keep the images with these digests for a holder, and release others that it has held. An image that is not
        stored yet is kept as soon as it is.
        """
        if not digests and not self._store.is_current:
            return
        store = self._open()
        with store.lock():
            if digests != store.read_held(holder):
                store.write_held(holder, digests)

    def release(self, holder: str) -> None:
        """Release all images of a holder, if it holds any. Unneeded ones are removed with the next garbage."""
        if self._store.is_current:
            with self._store.lock():
                self._store.write_held(holder, frozenset())

    def holders(self) -> Mapping[str, frozenset[str]]:
        """The digests that holders need, by holder."""
        return self._store.holders() if self._store.is_current else {}


def _with_digests(references: References, digests: dict[str, str]) -> References:
    """The references with other digests. The sources of changed ones are removed, because they were not pulled so."""
    before = references.digests
    sources = {text: source for text, source in references.sources.items() if digests.get(text) == before.get(text)}
    return replace(references, digests=digests, sources=sources)


def is_host_image(reference: ImageReference) -> bool:
    """Whether the reference names this machine's own root."""
    return (reference.name, reference.tag, reference.digest) == (HOST_IMAGE, LATEST, None)


def _changeable(reference: str) -> ImageReference:
    parsed = parse_reference(reference)
    if parsed.name == HOST_IMAGE:
        raise ImageRefused(f"{HOST_IMAGE} is this machine's own root, and is neither removed nor replaced")
    return parsed


def _details(
    reference: ImageReference, stored_image: StoredImage, references: References, holders: Mapping[str, frozenset[str]]
) -> ImageDetails:
    needing = (
        name for name, digests in holders.items() if {stored_image.digest, stored_image.manifest_digest} & digests
    )
    on_host = stored_image.digest in references.on_host
    source = references.sources.get(str(reference))
    return ImageDetails(
        reference.familiar, stored_image.digest, stored_image.file, stored_image.size, on_host, tuple(needing), source
    )


def _not_here(reference: str) -> CannotPull:
    return CannotPull(
        f"image {reference} is not here; `moyai image pull {reference}` pulls it, and `moyai image list` lists what is"
    )


def _no_longer_here(reference: str, digest: str) -> CannotPull:
    return CannotPull(
        f"image {reference}@{digest} is not here any more; a new deployment takes what {reference} is now"
    )
