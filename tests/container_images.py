"""Images that tests make themselves, byte by byte, as registries keep them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.images.manifest import (
    DOCKER_CONFIG,
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_LAYER,
    OCI_MANIFEST,
)
from moyai.images.model import Platform, host_platform

DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Content(NamedTuple):
    """Bytes with their media type."""

    media_type: str
    data: bytes

    @property
    def digest(self):
        """``sha256:…``."""
        return digest_of(self.data)

    @property
    def descriptor(self):
        """As manifests have it."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data)}


class ContainerImage(NamedTuple):
    """The manifest of one platform, and its blobs: the configuration and then the layers."""

    manifest: Content
    blobs: tuple[Content, ...]


def digest_of(data: bytes) -> str:
    """The digest of content."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def layer_archive(files: Mapping[str, bytes]) -> bytes:
    """A layer's archive: the same for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def container_image(
    layers: Iterable[Mapping[str, bytes]], platform: Platform | None = None, config=None, *, docker: bool = False
) -> ContainerImage:
    """An image with these files in each of its layers, the lowest first. ``config``: its defaults, such as Cmd."""
    archives = [layer_archive(files) for files in layers]
    platform = platform or host_platform()
    document = {
        "os": platform.os,
        "architecture": platform.architecture,
        "config": config or {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(archive) for archive in archives]},
        "history": [{"created_by": f"layer {number}"} for number in range(len(archives))],
    }
    config_type, layer_type, manifest_type = (
        (DOCKER_CONFIG, DOCKER_LAYER, DOCKER_MANIFEST) if docker else (OCI_CONFIG, f"{OCI_LAYER}+gzip", OCI_MANIFEST)
    )
    blobs = [Content(config_type, json.dumps(document).encode())]
    blobs += [Content(layer_type, gzip.compress(archive, 1, mtime=0)) for archive in archives]
    manifest = {
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": blobs[0].descriptor,
        "layers": [blob.descriptor for blob in blobs[1:]],
    }
    return ContainerImage(Content(manifest_type, json.dumps(manifest).encode()), tuple(blobs))


def attestation_manifest() -> ContainerImage:
    """An attestation of BuildKit about an image, as a manifest."""
    blobs = (Content(OCI_CONFIG, b"{}"), Content("application/vnd.in-toto+json", b"{}\n"))
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": blobs[0].descriptor,
        "layers": [blobs[1].descriptor],
    }
    return ContainerImage(Content(OCI_MANIFEST, json.dumps(document).encode()), blobs)


def image_index(images: Mapping[Platform, ContainerImage], *, docker: bool = False) -> Content:
    """The index of an image for several platforms, with an attestation as BuildKit adds it."""
    manifests = [
        {**image.manifest.descriptor, "platform": {"os": platform.os, "architecture": platform.architecture}}
        for platform, image in images.items()
    ]
    attestation = {
        **attestation_manifest().manifest.descriptor,
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
    }
    kind = DOCKER_INDEX if docker else OCI_INDEX
    document = {"schemaVersion": 2, "mediaType": kind, "manifests": [attestation, *manifests]}
    return Content(kind, json.dumps(document).encode())
