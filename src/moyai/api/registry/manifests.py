"""Manifests: read, push, delete.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests, #pushing-manifests
"""

from __future__ import annotations

from moyai.api.ecr.images import deletion, is_deletion_of_part, record_pull
from moyai.api.ecr.lookup import ImageIdentifier, image_of
from moyai.api.ecr.put_image import check_digest, store_image
from moyai.api.registry.call import RegistryCall
from moyai.api.registry.errors import RegistryError
from moyai.api.wire.http import HttpResponse
from moyai.domain.ecr.image import RepositoryImage, is_digest, is_tag
from moyai.domain.ecr.manifest import MAX_MANIFEST_BYTES
from moyai.ports.blobs import read_all


async def get_manifest(call: RegistryCall) -> HttpResponse:
    """The bytes of a manifest, with its media type and digest."""
    image = _image(call)
    content = await read_all(call.blobs, image.digest)
    if call.request.method == "GET":
        record_pull(call.ctx, image)
    headers = {"content-type": image.media_type, "docker-content-digest": image.digest, "etag": f'"{image.digest}"'}
    return HttpResponse(200, headers, content)


async def put_manifest(call: RegistryCall) -> HttpResponse:
    """Store a manifest under a tag or its digest."""
    repository, reference = call.repository, call.route.reference
    content = bytearray()
    async for chunk in call.body:
        content += chunk
        if len(content) > MAX_MANIFEST_BYTES:
            raise RegistryError("SIZE_INVALID", 413, f"A manifest has at most {MAX_MANIFEST_BYTES} bytes.")
    manifest = bytes(content)
    tag = None if ":" in reference else reference
    if tag is None:
        check_digest(call.digest(reference), manifest)
    image = await store_image(call.blobs, call.ctx, repository, manifest, call.request.content_type or None, tag)
    location = f"/v2/{repository.name}/manifests/{image.digest}"
    return HttpResponse(201, {"location": location, "docker-content-digest": image.digest})


async def delete_manifest(call: RegistryCall) -> HttpResponse:
    """Delete an image by its digest, or a tag."""
    image, identifier = _image(call), _identifier(call)
    if is_deletion_of_part(call.ctx.store.world, image, identifier):
        raise RegistryError("DENIED", 403, "Requested image referenced by manifest list: delete the list first.")
    call.ctx.store.apply([deletion(image, identifier)])
    return HttpResponse(202, {})


def _image(call: RegistryCall) -> RepositoryImage:
    return image_of(call.ctx, call.repository, _identifier(call))


def _identifier(call: RegistryCall) -> ImageIdentifier:
    reference = call.route.reference
    if is_digest(reference):
        return ImageIdentifier(image_digest=reference)
    if not is_tag(reference):
        raise RegistryError("MANIFEST_INVALID", 400, f"'{reference[:128]}' is neither a tag nor a SHA-256 digest.")
    return ImageIdentifier(image_tag=reference)
