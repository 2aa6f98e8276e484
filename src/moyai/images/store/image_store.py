"""The images of an installation: found by their names, shared by all tasks, removed when nobody needs them.

Promise: any process of this machine may use a store at any time, also ``moyai image`` beside the control plane. An
image is here completely or not at all. What a reference, a holder (a task, a service revision) or a running lease needs
is never removed; all else is garbage, and is removed when a reference is, or a lease ends.

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
    """The reference as people write it."""
    digest: str
    file: ConfigFile
    size: int
    """The size of the unpacked layers in bytes, including those that it shares with other images."""
    on_host: bool
    holders: tuple[str, ...]
    """Tasks and service revisions that need it."""
    source: str | None = None
    """The source that it was pulled from; None if it was imported or loaded."""


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
        reference, the image with that digest, whatever its tag stands for now. Raises CannotPull.
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
            stored = None if wanted is None else read_image(self._store, wanted, platform or host_platform())
        except PullFailed as error:
            raise CannotPull(f"{reference}: {error}") from error
        if stored is None:
            raise _not_here(reference) if digest is None else _no_longer_here(reference, digest)
        return to_image(self._store, stored, on_host=stored.digest in references.on_host)

    def _digest(self, references: References, reference: ImageReference) -> str | None:
        """The digest that a reference names. An image that an older version imported is known by that version's digest
        too, which is no manifest's.
        """
        if reference.digest is None:
            return references.digests.get(str(reference))
        return references.digests.get(f"{reference.name}@{reference.digest}", reference.digest)

    def known_digests(self, reference: str) -> frozenset[str]:
        """The digests of an image's index, manifest and configuration; none if it isn't here."""
        store, parsed = self._open(), parse_reference(reference)
        digest = self._digest(store.read_references(), parsed)
        stored = None if digest is None else read_image(store, digest, None)
        if stored is None:
            return frozenset()
        return frozenset({stored.digest, stored.manifest_digest, stored.manifest.config.digest})

    def source(self, reference: str) -> str | None:
        """The source that the image of a reference was pulled from; None if it wasn't pulled."""
        return self._open().read_references().sources.get(str(parse_reference(reference)))

    def list_images(self) -> list[ImageDetails]:
        """All references, sorted."""
        store = self._open()
        references, holders = store.read_references(), store.holders()
        details = []
        for text, digest in sorted(references.digests.items()):
            stored = read_image(store, digest, None)
            if stored is not None:
                details.append(_details(parse_reference(text), stored, references, holders))
        return details

    def inspect(self, reference: str) -> ImageDetails:
        """Describe one image. Raises CannotPull and BadReference."""
        store, parsed = self._open(), parse_reference(reference)
        references = store.read_references()
        digest = self._digest(references, parsed)
        stored = None if digest is None else read_image(store, digest, None)
        if stored is None:
            raise _not_here(reference)
        return _details(parsed, stored, references, store.holders())

    # -------------------------------------------------------------------------------------------------------- changing

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """A lease, through which layers and images are added. What was added and is in no image is removed at its end,
        and so is an image whose reference stands for another one now.
        """
        store = self._open()
        try:
            with lease_directory(store) as directory, closing(Lease(store, directory)) as lease:
                yield lease
        finally:
            collect_garbage(store)

    def tag(self, reference: str, other: str) -> None:
        """Let another reference stand for an image. Raises CannotPull, BadReference, and ImageRefused for the
        host's root.
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
        """Remove a reference, and what only it needs. Tasks that run from the image keep it. Raises CannotPull,
        BadReference, and ImageRefused for the host's root.
        """
        store, parsed = self._open(), _changeable(reference)
        with store.lock():
            references = store.read_references()
            if str(parsed) not in references.digests:
                raise _not_here(reference)
            rest = {text: digest for text, digest in references.digests.items() if text != str(parsed)}
            store.write_references(_with_digests(references, rest))
        return collect_garbage(store)

    def prune(self) -> tuple[list[str], Removed]:
        """Remove all references whose images no holder and no lease needs, and all garbage. Returns the references as
        people write them, and what was removed.
        """
        store = self._open()
        with store.lock():
            references = store.read_references()
            held = needed_contents(store, {digest for digests in store.holders().values() for digest in digests})
            needed = {text for text, digest in references.digests.items() if {digest, text.partition("@")[2]} & held}
            unused = references.digests.keys() - needed
            rest = {text: digest for text, digest in references.digests.items() if text not in unused}
            store.write_references(_with_digests(references, rest))
        return sorted(parse_reference(text).familiar for text in unused), collect_garbage(store)

    def hold(self, holder: str, references: Iterable[str]) -> dict[str, str | None]:
        """The digests that references stand for now, None for an image that is not here. From now on these images stay
        until ``release(holder)``. Raises ImageRefused for a holder that can't be the name of a file.
        """
        store, digests = self._open(), dict[str, str | None]()
        with store.lock():
            for reference in references:
                digests[reference] = self._present_digest(reference)
            held = store.read_held(holder)
            new = held | {digest for digest in digests.values() if digest is not None}
            if new != held:
                store.write_held(holder, new)
        return digests

    def _present_digest(self, reference: str) -> str | None:
        try:
            digest = self._digest(self._store.read_references(), parse_reference(reference))
        except BadReference:
            return None
        return None if digest is None or read_image(self._store, digest, None) is None else digest

    def hold_only(self, holder: str, digests: frozenset[str]) -> None:
        """Keep the images with these digests for a holder, and let go others that it needed. Those that are not here
        are kept when they come.
        """
        if not digests and not self._store.is_current:
            return
        store = self._open()
        with store.lock():
            if digests != store.read_held(holder):
                store.write_held(holder, digests)

    def release(self, holder: str) -> None:
        """Let go what a holder needed; it may be nothing. What nothing else needs is removed with the next garbage."""
        if self._store.is_current:
            with self._store.lock():
                self._store.write_held(holder, frozenset())

    def holders(self) -> Mapping[str, frozenset[str]]:
        """All holders, with the digests that they need."""
        return self._store.holders() if self._store.is_current else {}


def _with_digests(references: References, digests: dict[str, str]) -> References:
    """The references with other digests; what has changed is no longer as it was pulled."""
    before = references.digests
    sources = {text: source for text, source in references.sources.items() if digests.get(text) == before.get(text)}
    return replace(references, digests=digests, sources=sources)


def is_host_image(reference: ImageReference) -> bool:
    """Whether the reference is that of this machine's own root."""
    return (reference.name, reference.tag, reference.digest) == (HOST_IMAGE, LATEST, None)


def _changeable(reference: str) -> ImageReference:
    parsed = parse_reference(reference)
    if parsed.name == HOST_IMAGE:
        raise ImageRefused(f"{HOST_IMAGE} is this machine's own root, and is neither removed nor replaced")
    return parsed


def _details(
    reference: ImageReference, stored: StoredImage, references: References, holders: Mapping[str, frozenset[str]]
) -> ImageDetails:
    needing = (name for name, digests in holders.items() if {stored.digest, stored.manifest_digest} & digests)
    on_host = stored.digest in references.on_host
    source = references.sources.get(str(reference))
    return ImageDetails(reference.familiar, stored.digest, stored.file, stored.size, on_host, tuple(needing), source)


def _not_here(reference: str) -> CannotPull:
    return CannotPull(
        f"image {reference} is not here; `moyai image pull {reference}` pulls it, and `moyai image list` lists what is"
    )


def _no_longer_here(reference: str, digest: str) -> CannotPull:
    return CannotPull(
        f"image {reference}@{digest} is not here any more; a new deployment takes what {reference} is now"
    )
