"""Images for tests of the registry: manifests, layers and their digests, made without any tool."""

from __future__ import annotations

import gzip
import json
from hashlib import sha256
from typing import Any, NamedTuple

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]},"config":{}}'


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


class PushImage(NamedTuple):
    """What is pushed: blobs first, then the manifest."""

    blobs: tuple[bytes, ...]
    manifest: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def image(text: str = "hello", media_type: str = OCI_MANIFEST) -> PushImage:
    layer = gzip.compress(text.encode(), mtime=0)
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": descriptor(CONFIG, "application/vnd.oci.image.config.v1+json"),
        "layers": [descriptor(layer, "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    return PushImage((CONFIG, layer), json.dumps(manifest).encode(), media_type)


def index(*images: PushImage) -> PushImage:
    manifests = [descriptor(entry.manifest, entry.media_type) for entry in images]
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    return PushImage((), json.dumps(content).encode(), OCI_INDEX)


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}


def push_by_api(client: Any, repository: str, pushed: PushImage, tag: str | None = None) -> str:
    """Push with the operations of the API, and return the digest."""
    for blob in pushed.blobs:
        asked = {"repositoryName": repository, "layerDigests": [digest_of(blob)]}
        if client.batch_check_layer_availability(**asked)["layers"][0]["layerAvailability"] == "UNAVAILABLE":
            upload = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
            client.upload_layer_part(
                repositoryName=repository,
                uploadId=upload,
                partFirstByte=0,
                partLastByte=len(blob) - 1,
                layerPartBlob=blob,
            )
            client.complete_layer_upload(uploadId=upload, **asked)
    more = {} if tag is None else {"imageTag": tag}
    answer = client.put_image(repositoryName=repository, imageManifest=pushed.manifest.decode(), **more)
    return str(answer["image"]["imageId"]["imageDigest"])
