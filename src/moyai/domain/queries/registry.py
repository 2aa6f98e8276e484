"""Look-ups of images in repositories."""

from __future__ import annotations

from moyai.domain.ecr.image import RepositoryImage, content_key, tag_key
from moyai.domain.world import World
from moyai.kernel.ids import RepositoryArn


def find_image(world: World, repository: RepositoryArn, digest: str | None, tag: str | None) -> RepositoryImage | None:
    """The image with this digest or tag; with both, the digest's if it has the tag."""
    if digest is not None:
        image = world.repository_images.get(content_key(repository, digest))
        return image if tag is None or (image is not None and tag in image.tags) else None
    tagged = world.repository_images.by("tag", tag_key(repository, tag or ""))
    return tagged[0] if tagged else None
