"""Images and layers in the repositories of Amazon ECR.

Promise: a repository's image is its manifest, whose bytes are a blob with the image's digest. A tag is on one image of
its repository at most. A layer (any blob that a manifest names, also the configuration) belongs to a repository from
its upload on, before a manifest names it.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import RepositoryArn

UNUSED_LAYER_SECONDS: Final = 86400.0
"""Seconds for which a layer without an image is kept."""
_DAY: Final = 86400.0
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class RepositoryImage(StoredRecord, frozen=True, tag="ecr_image"):
    """An image, an index of images or another artifact."""

    repository: RepositoryArn
    digest: str
    media_type: str
    pushed_at: Instant
    size: int
    """Bytes of the configuration and the compressed layers; of an index, those of its largest image."""
    tags: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """The digests of the configuration and the layers."""
    manifests: tuple[str, ...] = ()
    """The digests of an index's images."""
    artifact_type: str | None = None
    subject: str | None = None
    """The digest of the image that this artifact is about."""
    pulled_at: Instant | None = None
    """When it was pulled last, to the day."""

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return content_key(self.repository, self.digest)


class RepositoryLayer(StoredRecord, frozen=True, tag="ecr_layer"):
    """A layer that was pushed to a repository. ``size``: bytes."""

    repository: RepositoryArn
    digest: str
    size: int
    pushed_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return content_key(self.repository, self.digest)


def later_pull(image: RepositoryImage, now: Instant) -> RepositoryImage | None:
    """The image that was pulled now; None if a pull was recorded within the last day."""
    is_recorded = image.pulled_at is not None and now - image.pulled_at < _DAY
    return None if is_recorded else replace(image, pulled_at=now)


def content_key(repository: RepositoryArn, digest: str) -> str:
    """The key of an image or a layer of a repository."""
    return f"{repository}@{digest}"


def tag_key(repository: RepositoryArn, tag: str) -> str:
    """A tag of a repository as the value of an index."""
    return f"{repository}:{tag}"


def is_digest(text: str) -> bool:
    """Whether the text is a SHA-256 digest: ``sha256:`` and 64 hexadecimal digits in lower case."""
    return _DIGEST.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether an image can have this tag."""
    return _TAG.fullmatch(text) is not None


def digest_of(content: bytes) -> str:
    """The SHA-256 digest of the content."""
    return f"sha256:{sha256(content).hexdigest()}"
