"""Images made in memory, as a registry has them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from moyai.images.manifest import OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, parse_manifest
from moyai.images.model import Descriptor, Manifest, host_platform


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def layer_of(files: Mapping[str, bytes | str]) -> bytes:
    """An archive with these files; a text is the target of a symbolic link."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.SYMTYPE, content
                tar.addfile(member)
            else:
                member.mode, member.size = 0o755, len(content)
                tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


class BuiltImage(NamedTuple):
    """An image and its parts."""

    manifest: bytes
    config: bytes
    diff_ids: tuple[str, ...]
    blobs: Mapping[str, bytes]
    """The compressed layers by their digests."""

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)

    @property
    def parsed(self) -> Manifest:
        parsed = parse_manifest(self.manifest)
        assert isinstance(parsed, Manifest)
        return parsed

    def layers(self) -> list[tuple[Descriptor, str, bytes]]:
        """Descriptor, diff id and compressed content of each layer, the lowest first."""
        parts = zip(self.parsed.layers, self.diff_ids, strict=True)
        return [(descriptor, diff_id, self.blobs[descriptor.digest]) for descriptor, diff_id in parts]

    def make_index(self, *others: Mapping[str, object]) -> bytes:
        """An index with this image and other descriptors."""
        platform = {"os": "linux", "architecture": host_platform().architecture}
        own = descriptor(OCI_MANIFEST, self.manifest) | {"platform": platform}
        return json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [own, *others]}).encode()


def descriptor(media_type: str, content: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def build_image(
    *layers: Mapping[str, bytes | str], config: Mapping[str, object] | None = None, architecture: str | None = None
) -> BuiltImage:
    """An image with these layers, the lowest first, gzipped; ``config``: the member of that name, as Docker writes
    it.
    """
    return build_from_archives([layer_of(files) for files in layers], config=config, architecture=architecture)


def build_from_archives(
    archives: Sequence[bytes], *, config: Mapping[str, object] | None = None, architecture: str | None = None
) -> BuiltImage:
    diff_ids = tuple(digest_of(archive) for archive in archives)
    file = {
        "os": "linux",
        "architecture": architecture or host_platform().architecture,
        "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    config_bytes = json.dumps(file).encode()
    compressed = [gzip.compress(archive, mtime=0) for archive in archives]
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, config_bytes),
        "layers": [descriptor(f"{OCI_LAYER}+gzip", blob) for blob in compressed],
    }
    blobs = {digest_of(blob): blob for blob in compressed}
    return BuiltImage(json.dumps(document).encode(), config_bytes, diff_ids, blobs)
