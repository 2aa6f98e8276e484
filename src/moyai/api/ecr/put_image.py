"""Stores an image: its manifest, once everything that it refers to exists, under a digest and maybe a tag.

Promise: the manifest's bytes are on disk before the record that makes the image. A tag that moves leaves the other
image in the same change, and an immutable tag is refused even for the same image, as on AWS.
Refuses: layers and manifests that the repository does not have, and more images, tags or layers than ECR's quotas
allow.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html, userguide/service-quotas.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.api.ecr.lookup import repository_named
from moyai.api.operation import Context
from moyai.domain.ecr.errors import (
    EcrServerFault,
    ImageDigestDoesNotMatch,
    ImageTagAlreadyExists,
    InvalidParameter,
    LayersNotFound,
    LimitExceeded,
    ReferencedImagesNotFound,
)
from moyai.domain.ecr.image import RepositoryImage, content_key, digest_of, is_tag, tag_key
from moyai.domain.ecr.manifest import BadManifest, PushedManifest, parse_pushed_manifest
from moyai.domain.ecr.repository import Repository
from moyai.domain.world import Put, World
from moyai.ports.blobs import BlobStore, BlobsUnwritable

MAX_IMAGES: Final = 100_000
"""The most images of a repository."""
MAX_TAGS: Final = 1000
"""The most tags of an image."""


async def store_image(
    blobs: BlobStore, ctx: Context, repository: Repository, manifest: bytes, media_type: str | None, tag: str | None
) -> RepositoryImage:
    """Store an image, or add a tag to it. Raises the errors of PutImage, except ImageAlreadyExists."""
    if tag is not None and not is_tag(tag):
        raise InvalidParameter(
            f"Invalid parameter at 'imageTag': '{tag[:128]}' is not 1 to 128 letters, digits, underscores, dots and "
            "hyphens, beginning with neither a dot nor a hyphen."
        )
    try:
        content = parse_pushed_manifest(manifest, media_type)
    except BadManifest as error:
        raise InvalidParameter(f"Invalid parameter at 'ImageManifest': {error}") from error
    _check_references(ctx.store.world, repository, content)
    try:
        await blobs.put(manifest)
    except BlobsUnwritable as error:
        raise EcrServerFault(str(error)) from error
    world = ctx.store.world  # what was read before the manifest was written may have changed
    repository = repository_named(ctx, repository.name)
    _check_references(world, repository, content)
    digest = digest_of(manifest)
    image = world.repository_images.get(content_key(repository.arn, digest)) or _new_image(
        ctx, repository, digest, content
    )
    if tag is None:
        ctx.store.apply([Put(image)])
        return image
    return _tag_image(ctx, repository, image, tag)


def check_digest(expected_digest: str, manifest: bytes) -> None:
    """Raise ImageDigestDoesNotMatch if the manifest does not have the digest that the client expects."""
    actual = digest_of(manifest)
    if actual != expected_digest:
        raise ImageDigestDoesNotMatch(
            f"The image digest '{expected_digest[:100]}' does not match the manifest's, '{actual}'"
        )


def _new_image(ctx: Context, repository: Repository, digest: str, content: PushedManifest) -> RepositoryImage:
    world = ctx.store.world
    if world.repository_images.count("repository", repository.arn) >= MAX_IMAGES:
        raise LimitExceeded(f"The repository with name '{repository.name}' has {MAX_IMAGES} images: delete some.")
    parts = (world.repository_images.get(content_key(repository.arn, part.digest)) for part in content.manifests)
    size = sum({layer.digest: layer.size for layer in content.layers}.values())
    return RepositoryImage(
        repository=repository.arn,
        digest=digest,
        media_type=content.media_type,
        pushed_at=ctx.now,
        size=size or max((part.size for part in parts if part is not None), default=0),
        layers=tuple(dict.fromkeys(layer.digest for layer in content.layers)),
        manifests=tuple(dict.fromkeys(part.digest for part in content.manifests)),
        artifact_type=content.artifact_type,
        subject=content.subject,
    )


def _tag_image(ctx: Context, repository: Repository, image: RepositoryImage, tag: str) -> RepositoryImage:
    holders = ctx.store.world.repository_images.by("tag", tag_key(repository.arn, tag))
    if holders and not repository.can_move(tag):
        raise ImageTagAlreadyExists(
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the repository is immutable."
        )
    if len(image.tags) >= MAX_TAGS:
        raise LimitExceeded(f"The image with digest '{image.digest}' has {MAX_TAGS} tags: remove some of them.")
    tagged = image if tag in image.tags else replace(image, tags=(*image.tags, tag))
    others = [replace(o, tags=tuple(t for t in o.tags if t != tag)) for o in holders if o.digest != image.digest]
    ctx.store.apply([*map(Put, others), Put(tagged)])
    return tagged


def _check_references(world: World, repository: Repository, content: PushedManifest) -> None:
    """Raise LayersNotFound, ReferencedImagesNotFound, or InvalidParameter for a layer of another size."""
    where = f"repository with name '{repository.name}' in the registry with id '{repository.registry_id}'"
    records = {
        layer.digest: world.repository_layers.get(content_key(repository.arn, layer.digest)) for layer in content.layers
    }
    missing = [digest for digest, record in records.items() if record is None]
    if missing:
        raise LayersNotFound(
            f"Layers with digests '[{', '.join(missing[:10])}]' required for pushing image into {where} do not exist"
        )
    for layer in content.layers:
        record = records[layer.digest]
        if record is not None and record.size != layer.size:
            raise InvalidParameter(
                f"Invalid parameter at 'ImageManifest': layer {layer.digest} has {record.size} bytes, not {layer.size}."
            )
    absent = [
        part.digest
        for part in content.manifests
        if content_key(repository.arn, part.digest) not in world.repository_images
    ]
    if absent:
        raise ReferencedImagesNotFound(
            f"Images with digests '[{', '.join(absent[:10])}]' required for pushing image into {where} do not exist"
        )
