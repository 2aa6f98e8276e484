"""Amazon ECR's errors, with the texts that several operations share.

Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from moyai.kernel.errors import ClientFault, ServerFault


class EcrServerFault(ServerFault, code="ServerException"):
    """moyai failed, or its disk is full; nothing was stored."""


class InvalidParameter(ClientFault):
    """A value is not valid, or asks for what moyai does not support."""


class InvalidTagParameter(ClientFault):
    """A tag of a repository is not valid."""


class TooManyTags(ClientFault):
    """The repository would have more than 50 tags."""


class LimitExceeded(ClientFault):
    """There are as many repositories, images, tags or open uploads as allowed."""


class RepositoryNotFound(ClientFault):
    """The registry has no repository of this name."""


class RepositoryAlreadyExists(ClientFault):
    """The registry has a repository of this name."""


class RepositoryNotEmpty(ClientFault):
    """The repository has images, and the request does not say ``force``."""


class RepositoryPolicyNotFound(ClientFault):
    """The repository has no policy."""


class LifecyclePolicyNotFound(ClientFault):
    """The repository has no lifecycle policy."""


class ImageNotFound(ClientFault):
    """The repository has no image with this digest or tag."""


class ImageAlreadyExists(ClientFault):
    """The repository has this image with this tag already."""


class ImageTagAlreadyExists(ClientFault):
    """The tag exists, and tags like it are immutable in the repository."""


class ImageDigestDoesNotMatch(ClientFault):
    """The manifest has another digest than the request says."""


class LayersNotFound(ClientFault):
    """The repository has no such layers: they are pushed before the manifest."""


class ReferencedImagesNotFound(ClientFault):
    """An index names manifests that the repository does not have: they are pushed before it."""


class UploadNotFound(ClientFault):
    """There is no such upload: it was completed, or nothing was sent for too long."""


class InvalidLayer(ClientFault):
    """The bytes have another digest than the request says; the upload is removed."""


class InvalidLayerPart(ClientFault):
    """The part does not follow the one before it."""


class EmptyUpload(ClientFault):
    """Nothing was uploaded."""


class LayerAlreadyExists(ClientFault):
    """The repository has this layer already."""
