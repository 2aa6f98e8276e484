"""A lease, through which all contents are added to a store. Garbage collection does not remove what it keeps.

Promise: layers and images are added completely or not at all, and only if their digests are right. At the end of the
lease, or of its process, the layers of an image that was not added are garbage.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from msgspec.structs import replace

from moyai.images.errors import DISK_FULL, BadContent, NoSpace, PullFailed
from moyai.images.manifest import parse_manifest
from moyai.images.model import Descriptor, Image, Manifest, digest_of
from moyai.images.reference import ImageReference
from moyai.images.source import ResolvedImage
from moyai.images.store.contents import read_image, to_image
from moyai.images.store.garbage import DIGESTS
from moyai.images.store.store_directory import LayerRecord, StoreDirectory
from moyai.images.store.trees import remove_tree
from moyai.images.store.unpacking import Arrival, UnpackedLayer, Unpacker

_OPAQUE_ATTRIBUTE: Final = "trusted.overlay.opaque"


class Lease:
    """The lease of a running pull or import. ``directory``: for its temporary files; it is removed at the end."""

    def __init__(self, store: StoreDirectory, directory: Path) -> None:
        self._store = store
        self.directory = directory
        self._unpacker = Unpacker()

    def close(self) -> None:
        """End the process that unpacks."""
        self._unpacker.close()

    def keep(self, digests: Iterable[str]) -> None:
        """Keep blobs, by their digests, and layers, by their diff ids, even if they are not stored yet."""
        with self._store.lock(), (self.directory / DIGESTS).open("a") as file:
            file.writelines(f"{digest}\n" for digest in digests)

    def has_layer(self, diff_id: str) -> bool:
        """Whether a layer is stored. It is kept from now on."""
        self.keep([diff_id])
        return self._store.read_layer(diff_id) is not None

    def layer_size(self, diff_id: str) -> int:
        """The size of the archive of a stored layer, in bytes. Raises BadContent if it is not stored."""
        if (layer := self._store.read_layer(diff_id)) is None:
            raise BadContent(f"layer {diff_id} is not here")
        return layer.size

    def add_layer(self, descriptor: Descriptor, diff_id: str, file: BinaryIO, arrival: Arrival | None = None) -> None:
        """Unpack the whole file, the (compressed) archive of a layer, which may still be arriving, and add it. Does
        nothing if the layer is stored already. Raises BadContent if a digest or the size is wrong, and NoSpace.
        """
        if not self.has_layer(diff_id):
            if arrival is None:
                file.flush()
                os.lseek(file.fileno(), 0, os.SEEK_SET)
            self._add(file, descriptor, diff_id, arrival)

    def add_archive(self, archive: BinaryIO) -> UnpackedLayer:
        """Unpack an archive without a known digest, such as a pipe, and add it as a layer. Raises BadContent and
        NoSpace.
        """
        return self._add(archive, None, None)

    def move_layer(self, root: Path, diff_id: str, size: int) -> None:
        """Move a directory on the store's file system into the store as a layer. Its digest is not verified. The call
        may be repeated after the process was killed, even if the directory was moved already. Raises OSError.
        """
        with self._store.lock():
            self._store.move_layer(root, diff_id, LayerRecord(size))

    def _add(
        self, file: BinaryIO, descriptor: Descriptor | None, diff_id: str | None, arrival: Arrival | None = None
    ) -> UnpackedLayer:
        directory = self.directory / f"layer-{os.urandom(8).hex()}"
        root = directory / "root"
        try:
            root.mkdir(mode=0o755, parents=True)
            layer = self._unpacker.unpack(file, root, arrival)
            _check_digests(layer, descriptor, diff_id)
            self.keep([layer.diff_id])
            record = LayerRecord(layer.size, is_opaque=_is_opaque(root))
            with self._store.lock():
                self._store.add_layer(directory, layer.diff_id, record)
        except OSError as error:
            raise _disk_error(error) from error
        finally:
            if directory.exists():
                remove_tree(str(directory))
        return layer

    def add_image(
        self, manifest: bytes, config: bytes, references: Iterable[ImageReference], index: bytes | None = None
    ) -> Image:
        """Add an image whose layers are stored, under these references. ``index``: the image index from which the
        manifest was chosen. Raises BadContent if a part doesn't belong to the others, and NoSpace.
        """
        return self._add_image(manifest, config, references, index, on_host=False)

    def add_pulled_image(self, image: ResolvedImage, config: bytes, source: str) -> Image:
        """Add an image as ``add_image`` does, and record its source."""
        return self._add_image(image.manifest, config, [image.reference], image.index, on_host=False, source=source)

    def add_image_on_host(self, manifest: bytes, config: bytes, references: Iterable[ImageReference]) -> Image:
        """Add an image that lies over this machine's own root, as ``add_image`` does."""
        return self._add_image(manifest, config, references, None, on_host=True)

    def _add_image(
        self,
        manifest: bytes,
        config: bytes,
        references: Iterable[ImageReference],
        index: bytes | None,
        *,
        on_host: bool,
        source: str = "",
    ) -> Image:
        parsed = parse_manifest(manifest)
        if not isinstance(parsed, Manifest) or parsed.config.digest != digest_of(config):
            raise BadContent("the manifest names another configuration than the one that came with it")
        blobs = (config, manifest) if index is None else (config, manifest, index)
        digest = digest_of(blobs[-1])
        self.keep([digest_of(blob) for blob in blobs])
        try:
            with self._store.lock():
                for blob in blobs:
                    self._store.write_blob(blob)
                stored_image = read_image(self._store, digest_of(manifest), None)
                if stored_image is None:
                    raise BadContent("a layer of the image is not here")
                before = self._store.read_references()
                host_digests = (*before.on_host, digest) if on_host and digest not in before.on_host else before.on_host
                names = [str(reference) for reference in references]
                digests = before.digests | dict.fromkeys(names, digest)
                sources = {name: known for name, known in before.sources.items() if name not in names}
                sources |= dict.fromkeys(names, source) if source else {}
                self._store.write_references(replace(before, digests=digests, on_host=host_digests, sources=sources))
        except OSError as error:
            raise _disk_error(error) from error
        return replace(to_image(self._store, stored_image, on_host=digest in host_digests), digest=digest)


def _check_digests(layer: UnpackedLayer, descriptor: Descriptor | None, diff_id: str | None) -> None:
    if descriptor is not None and (layer.digest, layer.file_size) != (descriptor.digest, descriptor.size):
        raise BadContent(
            f"failed to extract layer {descriptor.digest}: what came has {layer.file_size} bytes and the digest"
            f" {layer.digest}, and not {descriptor.size} bytes"
        )
    if diff_id is not None and layer.diff_id != diff_id:
        raise BadContent(f"failed to extract layer: its diff id is {layer.diff_id}, and the image names {diff_id}")
    if diff_id is None and not layer.has_end:
        raise BadContent("it ends in the middle: its end mark is missing")


def _is_opaque(root: Path) -> bool:
    with suppress(OSError):
        return os.getxattr(root, _OPAQUE_ATTRIBUTE) == b"y"
    return False


def _disk_error(error: OSError) -> PullFailed:
    if error.errno in DISK_FULL:
        return NoSpace("failed to store the image: no space left on device; remove images with `moyai image prune`")
    return PullFailed(f"failed to store the image: {error}")
