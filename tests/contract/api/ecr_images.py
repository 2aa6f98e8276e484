"""Images for tests of the registry, as they are pushed: blobs first, then the manifest."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from moyai.images.manifest import OCI_INDEX
from tests.container_images import Content, container_image, digest_of


class PushImage(NamedTuple):
    """The bytes of an image. ``blobs``: the configuration and the layers."""

    blobs: tuple[bytes, ...]
    manifest: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return str(digest_of(self.manifest))


def image(text: str = "hello") -> PushImage:
    """An image of one layer; another for another text."""
    built = container_image([{"text": text.encode()}])
    return PushImage(tuple(blob.data for blob in built.blobs), built.manifest.data, built.manifest.media_type)


def index(*images: PushImage) -> PushImage:
    manifests = [descriptor(entry.manifest, entry.media_type) for entry in images]
    content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
    return PushImage((), json.dumps(content).encode(), OCI_INDEX)


def descriptor(content: bytes, media_type: str) -> dict[str, Any]:
    return dict(Content(media_type, content).descriptor)


def push_by_api(client: Any, repository: str, pushed: PushImage, tag: str | None = None) -> str:
    """Push with the operations of the API, and return the digest."""
    for blob in pushed.blobs:
        upload_target = {"repositoryName": repository, "layerDigests": [digest_of(blob)]}
        if client.batch_check_layer_availability(**upload_target)["layers"][0]["layerAvailability"] == "UNAVAILABLE":
            upload = client.initiate_layer_upload(repositoryName=repository)["uploadId"]
            client.upload_layer_part(
                repositoryName=repository,
                uploadId=upload,
                partFirstByte=0,
                partLastByte=len(blob) - 1,
                layerPartBlob=blob,
            )
            client.complete_layer_upload(uploadId=upload, **upload_target)
    more = {} if tag is None else {"imageTag": tag}
    answer = client.put_image(repositoryName=repository, imageManifest=pushed.manifest.decode(), **more)
    return str(answer["image"]["imageId"]["imageDigest"])
