"""Images by the API: PutImage, BatchGetImage, BatchDeleteImage.

Promise: as on AWS, deleting by a tag removes the tag, and the image with its last one; deleting by a digest removes the
image with all its tags. An image that an index refers to stays until the index is deleted.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html, API_BatchGetImage.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.ecr.lookup import ImageIdentifier, RepositoryRequest, repository_of
from moyai.api.ecr.put_image import check_digest, store_image
from moyai.api.operation import Context
from moyai.domain.ecr.errors import EcrServerFault, ImageAlreadyExists
from moyai.domain.ecr.image import RepositoryImage, digest_of, is_digest, later_pull
from moyai.domain.ecr.repository import Repository
from moyai.domain.queries.registry import find_image
from moyai.domain.world import Change, Delete, Put, World
from moyai.ports.blobs import BlobMissing, BlobStore, read_all


class PutImageRequest(RepositoryRequest, frozen=True, kw_only=True):
    image_manifest: str
    image_manifest_media_type: str | None = None
    image_tag: str | None = None
    image_digest: str | None = None


class BatchGetImageRequest(RepositoryRequest, frozen=True, kw_only=True):
    image_ids: tuple[ImageIdentifier, ...]
    accepted_media_types: tuple[str, ...] = ()


class BatchDeleteImageRequest(RepositoryRequest, frozen=True, kw_only=True):
    image_ids: tuple[ImageIdentifier, ...]


async def put_image(blobs: BlobStore, ctx: Context, request: PutImageRequest) -> dict[str, object]:
    """Store a manifest whose layers were uploaded, under a tag if there is one."""
    repository = repository_of(ctx, request)
    manifest = request.image_manifest.encode()
    if request.image_digest is not None:
        check_digest(request.image_digest, manifest)
    identifier = ImageIdentifier(digest_of(manifest), request.image_tag)
    tag_name = request.image_tag
    may_replace = tag_name is None or repository.can_move(tag_name)
    if may_replace and find_image(ctx.store.world, repository.arn, identifier.image_digest, tag_name) is not None:
        tag = "" if tag_name is None else f" and tag '{tag_name}'"
        raise ImageAlreadyExists(
            f"Image with digest '{identifier.image_digest}'{tag} already exists in the repository with name "
            f"'{repository.name}' in registry with id '{repository.registry_id}'"
        )
    image = await store_image(blobs, ctx, repository, manifest, request.image_manifest_media_type, request.image_tag)
    return {"image": _image_view(repository, image, request.image_tag, request.image_manifest)}


async def batch_get_image(blobs: BlobStore, ctx: Context, request: BatchGetImageRequest) -> dict[str, object]:
    """The manifests of images, and a failure for each that is not there or can't be read."""
    repository = repository_of(ctx, request)
    images: list[dict[str, object]] = []
    failures: list[dict[str, object]] = []
    for identifier in dict.fromkeys(request.image_ids):
        image, failure = _image_or_failure(ctx.store.world, repository, identifier)
        accepted = request.accepted_media_types
        if image is not None and accepted and image.media_type not in accepted:
            reason = f"The image's manifest is {image.media_type}, which acceptedMediaTypes does not list"
            image, failure = None, _failure(identifier, "ImageNotFound", reason)
        if image is None:
            failures.append(failure)
            continue
        try:
            manifest = (await read_all(blobs, image.digest)).decode()
        except BlobMissing as error:
            raise EcrServerFault(f"The manifest {image.digest} is missing on this machine's disk.") from error
        record_pull(ctx, image)
        tags = (identifier.image_tag,) if identifier.image_tag else image.tags or (None,)
        images += [_image_view(repository, image, tag, manifest) for tag in tags]
    return {"images": images, "failures": failures}


def batch_delete_image(ctx: Context, request: BatchDeleteImageRequest) -> dict[str, object]:
    """Delete images by digest, and tags."""
    repository = repository_of(ctx, request)
    deleted_images: list[dict[str, object]] = []
    failures: list[dict[str, object]] = []
    for identifier in dict.fromkeys(request.image_ids):
        image, failure = _image_or_failure(ctx.store.world, repository, identifier)
        if image is not None and is_deletion_of_part(ctx.store.world, image, identifier):
            reason = "Requested image referenced by manifest list: delete the list first"
            image, failure = None, _failure(identifier, "ImageReferencedByManifestList", reason)
        if image is None:
            failures.append(failure)
            continue
        ctx.store.apply([deletion(image, identifier)])
        tags = (identifier.image_tag,) if identifier.image_tag else image.tags or (None,)
        deleted_images += [{"image_digest": image.digest, "image_tag": tag} for tag in tags]
    return {"image_ids": deleted_images, "failures": failures}


def deletion(image: RepositoryImage, identifier: ImageIdentifier) -> Change:
    """The change that deletes an image, or one of its tags if there are others."""
    if identifier.image_digest is None:
        others = tuple(tag for tag in image.tags if tag != identifier.image_tag)
        if others:
            return Put(replace(image, tags=others))
    return Delete(RepositoryImage, image.key)


def is_deletion_of_part(world: World, image: RepositoryImage, identifier: ImageIdentifier) -> bool:
    """Whether the deletion would take an image away from an index."""
    return isinstance(deletion(image, identifier), Delete) and world.repository_images.count("part", image.key) > 0


def record_pull(ctx: Context, image: RepositoryImage) -> None:
    """Record that an image was pulled, once a day."""
    current = ctx.store.world.repository_images.get(image.key)
    changed = None if current is None else later_pull(current, ctx.now)
    if changed is not None:
        ctx.store.apply([Put(changed)])


def _image_or_failure(
    world: World, repository: Repository, identifier: ImageIdentifier
) -> tuple[RepositoryImage | None, dict[str, object]]:
    """The image, or the failure of a batch operation."""
    digest, tag = identifier.image_digest, identifier.image_tag
    if digest is None and tag is None:
        return None, _failure(
            identifier, "MissingDigestAndTag", "Invalid request parameters: both tag and digest missing"
        )
    if digest is not None and not is_digest(digest):
        reason = "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"
        return None, _failure(identifier, "InvalidImageDigest", reason)
    image = find_image(world, repository.arn, digest, tag)
    if image is not None:
        return image, {}
    if digest is not None and tag is not None and find_image(world, repository.arn, digest, None) is not None:
        return None, _failure(identifier, "ImageTagDoesNotMatchDigest", "Requested image tag does not match the digest")
    return None, _failure(identifier, "ImageNotFound", "Requested image not found")


def _failure(identifier: ImageIdentifier, code: str, reason: str) -> dict[str, object]:
    return {"image_id": identifier, "failure_code": code, "failure_reason": reason}


def _image_view(repository: Repository, image: RepositoryImage, tag: str | None, manifest: str) -> dict[str, object]:
    return {
        "registry_id": repository.registry_id,
        "repository_name": repository.name,
        "image_id": {"image_digest": image.digest, "image_tag": tag},
        "image_manifest": manifest,
        "image_manifest_media_type": image.media_type,
    }
