"""Archives of images as engines save them: `docker save` of every version, `podman save`, OCI layouts in a tar file.

Promise: nothing is extracted; parts are read from where they are in the archive. An OCI layout counts before Docker's
``manifest.json``, as it has the manifest itself. From the latter alone a manifest is made, always the same for the same
image. Whoever uses a part verifies its digest.
Source: https://github.com/opencontainers/image-spec/blob/main/image-layout.md,
https://github.com/moby/moby/blob/master/image/tarexport/save.go
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import tarfile
from collections.abc import Mapping
from typing import BinaryIO, Final

import msgspec

from moyai.images.errors import BadContent, NotFound
from moyai.images.manifest import (
    MAX_CONFIG_BYTES,
    MAX_MANIFEST_BYTES,
    OCI_CONFIG,
    OCI_LAYER,
    OCI_MANIFEST,
    parse_manifest,
    select_manifest,
)
from moyai.images.model import Descriptor, Index, Manifest, Platform

_MAX_MEMBERS: Final = 20_000


class _SavedImage(msgspec.Struct, rename="pascal"):
    config: str
    layers: list[str]


class _RootFs(msgspec.Struct):
    diff_ids: list[str]


class _Config(msgspec.Struct):
    rootfs: _RootFs


_SAVED_IMAGES = msgspec.json.Decoder(list[_SavedImage])
_CONFIG = msgspec.json.Decoder(_Config)


class SavedArchive:
    """An archive with one image, for one or several platforms. ``file``: a regular file, a tar without compression."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the archive's directory. Raises BadContent."""
        self._file = file
        self._members: dict[str, tarfile.TarInfo] = {}
        file.seek(0)
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    self._members[posixpath.normpath(member.name)] = member
                    if len(self._members) > _MAX_MEMBERS:
                        raise BadContent(f"the archive has more than {_MAX_MEMBERS} members")
        except (tarfile.TarError, OSError, ValueError) as error:
            raise BadContent(f"the archive can't be read: {error}") from error
        self._parts: dict[str, str] = {}

    def manifest(self, platform: Platform) -> tuple[bytes, Manifest]:
        """The image's manifest for the platform. Raises BadContent, WrongPlatform and NotFound."""
        if "index.json" in self._members:
            return self._manifest_in_layout(self._read("index.json", MAX_MANIFEST_BYTES), platform)
        if "manifest.json" in self._members:
            return self._manifest_of_saved_image()
        raise BadContent("the archive is none of images: it has neither index.json nor manifest.json")

    def read(self, descriptor: Descriptor, position: int, size: int) -> bytes:
        """Up to ``size`` bytes of the configuration or of a layer; none at its end. Several threads may read. Raises
        BadContent, and ValueError when the file was closed.
        """
        member = self._member(self._parts.get(descriptor.digest) or _blob_path(descriptor.digest))
        if member.size != descriptor.size:
            raise BadContent(f"failed size validation: {member.size} != {descriptor.size}: failed precondition")
        return self._read_at(member.offset_data + position, min(size, member.size - position))

    def _read_at(self, position: int, size: int) -> bytes:
        own = os.dup(self._file.fileno())  # another thread may close the file
        try:
            piece = os.pread(own, size, position)
        finally:
            os.close(own)
        if size and not piece:
            raise BadContent("the archive is truncated")
        return piece

    def _manifest_in_layout(self, content: bytes, platform: Platform) -> tuple[bytes, Manifest]:
        """The manifest behind an index of an OCI layout, which may have an image's own index in between."""
        for _ in range(2):
            parsed = parse_manifest(content)
            if isinstance(parsed, Manifest):
                return content, parsed
            present = Index(tuple(m for m in parsed.manifests if _blob_path(m.digest) in self._members))
            content = self._read(_blob_path(select_manifest(present, platform).digest), MAX_MANIFEST_BYTES)
        parsed = parse_manifest(content)
        if isinstance(parsed, Index):
            raise BadContent("the archive has an index in an index in an index")
        return content, parsed

    def _manifest_of_saved_image(self) -> tuple[bytes, Manifest]:
        try:
            images = _SAVED_IMAGES.decode(self._read("manifest.json", MAX_MANIFEST_BYTES))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadContent(f"manifest.json of the archive can't be read: {error}") from error
        if len(images) != 1:
            raise NotFound(f"the archive has {len(images)} images, and one is wanted")
        config = self._read(images[0].config, MAX_CONFIG_BYTES)
        try:
            diff_ids = _CONFIG.decode(config).rootfs.diff_ids
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise BadContent(f"{images[0].config} of the archive can't be read: {error}") from error
        if len(diff_ids) != len(images[0].layers):
            raise BadContent(f"the archive has {len(images[0].layers)} layers, its configuration {len(diff_ids)}")
        digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
        self._parts = dict(zip(diff_ids, images[0].layers, strict=True)) | {digest: images[0].config}
        paths = zip(diff_ids, images[0].layers, strict=True)  # these archives have layers without compression
        layers = [_descriptor(OCI_LAYER, diff_id, self._member(path).size) for diff_id, path in paths]
        document = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _descriptor(OCI_CONFIG, digest, len(config)),
            "layers": layers,
        }
        content = msgspec.json.encode(document)
        manifest = parse_manifest(content)
        assert isinstance(manifest, Manifest)  # noqa: S101 - it was made so
        return content, manifest

    def _read(self, path: str, limit: int) -> bytes:
        member = self._member(path)
        if member.size > limit:
            raise BadContent(f"{path} of the archive has {member.size} bytes, and at most {limit} are read")
        return self._read_at(member.offset_data, member.size)

    def _member(self, path: str) -> tarfile.TarInfo:
        """The file at a path; older engines have links from one layer to another that is the same."""
        member = self._members.get(posixpath.normpath(path))
        if member is not None and member.issym():
            target = posixpath.join(posixpath.dirname(member.name), member.linkname)
            member = self._members.get(posixpath.normpath(target))
        if member is None or not member.isreg():
            raise BadContent(f"the archive lacks {path}")
        return member


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _descriptor(media_type: str, digest: str, size: int) -> Mapping[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}
