"""Lists of a repository's images: DescribeImages and ListImages.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html, API_ListImages.html
"""

from __future__ import annotations

import msgspec

from moyai.api.ecr.lookup import ImageIdentifier, RepositoryRequest, image_of, page_of, repository_of
from moyai.api.operation import Context
from moyai.domain.ecr.errors import InvalidParameter
from moyai.domain.ecr.image import RepositoryImage, content_key
from moyai.domain.ecr.repository import Repository

ACTIVE = "ACTIVE"
"""The status of every image: none is archived."""
_ANY = "ANY"


class ImageFilter(msgspec.Struct, frozen=True):
    """The images to list, by whether they have tags, and by status."""

    tag_status: str = _ANY
    image_status: str = ACTIVE

    def selects(self, image: RepositoryImage) -> bool:
        """Whether the image is listed."""
        return self.image_status in {ACTIVE, _ANY} and self.tag_status in {_ANY, _tag_status(image)}


class ListImagesRequest(RepositoryRequest, frozen=True, kw_only=True):
    next_token: str | None = None
    max_results: int | None = None
    filter: ImageFilter = ImageFilter()


class DescribeImagesRequest(ListImagesRequest, frozen=True, kw_only=True):
    image_ids: tuple[ImageIdentifier, ...] = ()


def list_images(ctx: Context, request: ListImagesRequest) -> dict[str, object]:
    """The digests of a repository's images, once for each of their tags."""
    repository = repository_of(ctx, request)
    identifiers = {
        f"{image.digest} {tag or ''}": ImageIdentifier(image.digest, tag)
        for image in _images(ctx, repository, request.filter)
        for tag in image.tags or (None,)
    }
    listing = ("ListImages", repository.arn, request.filter)
    on_page = page_of([*identifiers], listing, request.next_token, request.max_results)
    return {"image_ids": [identifiers[key] for key in on_page.keys], "next_token": on_page.next_token}


def describe_images(ctx: Context, request: DescribeImagesRequest) -> dict[str, object]:
    """The images with these digests and tags, or all of a repository in pages."""
    repository = repository_of(ctx, request)
    if request.image_ids:
        if request.next_token is not None or request.max_results is not None:
            raise InvalidParameter("nextToken and maxResults can't be used together with imageIds.")
        named = {image.digest: image for image in (image_of(ctx, repository, i) for i in request.image_ids)}
        images = [image for image in named.values() if request.filter.selects(image)]
        return {"image_details": [_detail(repository, image) for image in images]}
    keys = [image.digest for image in _images(ctx, repository, request.filter)]
    listing = ("DescribeImages", repository.arn, request.filter)
    on_page = page_of(keys, listing, request.next_token, request.max_results)
    table = ctx.store.world.repository_images
    return {
        "image_details": [_detail(repository, table[content_key(repository.arn, key)]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def _images(ctx: Context, repository: Repository, condition: ImageFilter) -> list[RepositoryImage]:
    images = ctx.store.world.repository_images.each("repository", repository.arn)
    return [image for image in images if condition.selects(image)]


def _tag_status(image: RepositoryImage) -> str:
    return "TAGGED" if image.tags else "UNTAGGED"


def _detail(repository: Repository, image: RepositoryImage) -> dict[str, object]:
    return {
        "registry_id": repository.registry_id,
        "repository_name": repository.name,
        "image_digest": image.digest,
        "image_tags": image.tags or None,
        "image_size_in_bytes": image.size,
        "image_pushed_at": image.pushed_at,
        "image_manifest_media_type": image.media_type,
        "artifact_media_type": image.artifact_type,
        "last_recorded_pull_time": image.pulled_at,
        "subject_manifest_digest": image.subject,
        "image_status": ACTIVE,
    }
