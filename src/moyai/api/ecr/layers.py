"""Layers by the API: whether they are there, where to get them, and their upload in parts.

Promise: a layer is recorded for its repository when it is complete and on disk. Parts follow each other without gaps.
``docker push`` does not use these operations; it speaks the registry's protocol (``api/registry``).
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_InitiateLayerUpload.html,
API_UploadLayerPart.html, API_CompleteLayerUpload.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from msgspec.structs import replace

from moyai.api.ecr.authorization import registry_token
from moyai.api.ecr.lookup import RepositoryRequest, repository_members, repository_named, repository_of
from moyai.api.operation import Context
from moyai.domain.ecr.errors import (
    EcrServerFault,
    EmptyUpload,
    InvalidLayer,
    InvalidLayerPart,
    InvalidParameter,
    LayerAlreadyExists,
    LayersNotFound,
    LimitExceeded,
    UploadNotFound,
)
from moyai.domain.ecr.image import UNUSED_LAYER_SECONDS, RepositoryLayer, content_key, is_digest
from moyai.domain.ecr.registry_host import registry_host
from moyai.domain.ecr.repository import Repository
from moyai.domain.keys import scope_key
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.kernel.ids import UploadId
from moyai.ports.blobs import (
    BlobStore,
    BlobsUnwritable,
    BlobTooLarge,
    OpenUpload,
    TooManyUploads,
    UploadBusy,
    UploadMissing,
    WrongDigest,
)

PART_SIZE: Final = 1024 * 1024
"""Bytes: a part is sent as base64 in a request of at most 2 MiB."""
_URL_SECONDS: Final = 3600.0


class BatchCheckLayerAvailabilityRequest(RepositoryRequest, frozen=True, kw_only=True):
    layer_digests: tuple[str, ...]


class GetDownloadUrlForLayerRequest(RepositoryRequest, frozen=True, kw_only=True):
    layer_digest: str


class UploadLayerPartRequest(RepositoryRequest, frozen=True, kw_only=True):
    upload_id: UploadId
    part_first_byte: int
    part_last_byte: int
    layer_part_blob: bytes


class CompleteLayerUploadRequest(RepositoryRequest, frozen=True, kw_only=True):
    upload_id: UploadId
    layer_digests: tuple[str, ...]


def batch_check_layer_availability(ctx: Context, request: BatchCheckLayerAvailabilityRequest) -> dict[str, object]:
    """Which of these layers the repository has."""
    repository = repository_of(ctx, request)
    layers: list[dict[str, object]] = []
    failures: list[dict[str, object]] = []
    for digest in dict.fromkeys(request.layer_digests):
        layer = ctx.store.world.repository_layers.get(content_key(repository.arn, digest))
        if not is_digest(digest):
            reason = "Invalid parameter at 'layerDigests': a digest is sha256: and 64 hexadecimal digits"
            failures.append({"layer_digest": digest, "failure_code": "InvalidLayerDigest", "failure_reason": reason})
        elif layer is None:
            layers.append({"layer_digest": digest, "layer_availability": "UNAVAILABLE"})
        else:
            keep_layer(ctx, layer)
            layers.append({"layer_digest": digest, "layer_availability": "AVAILABLE", "layer_size": layer.size})
    return {"layers": layers, "failures": failures}


def get_download_url_for_layer(ctx: Context, request: GetDownloadUrlForLayerRequest) -> dict[str, object]:
    """A URL from which the layer can be read for an hour."""
    repository = repository_of(ctx, request)
    if content_key(repository.arn, request.layer_digest) not in ctx.store.world.repository_layers:
        raise LayersNotFound(
            f"The layer with digest '{request.layer_digest}' does not exist within the repository with name "
            f"'{repository.name}' in the registry with id '{repository.registry_id}'"
        )
    token = registry_token(ctx, later(ctx.now, _URL_SECONDS))
    host = registry_host(ctx.scope, ctx.host)
    url = f"http://{host}/v2/{repository.name}/blobs/{request.layer_digest}?token={quote(token)}"
    return {"download_url": url, "layer_digest": request.layer_digest}


def initiate_layer_upload(blobs: BlobStore, ctx: Context, request: RepositoryRequest) -> dict[str, object]:
    """Begin an upload of a layer; its parts follow with UploadLayerPart."""
    repository, upload = repository_of(ctx, request), UploadId(ctx.ids.uuid())
    try:
        blobs.begin_upload(upload, repository.arn, scope_key(ctx.scope))
    except TooManyUploads as error:  # AWS's model has no such error for this operation
        raise InvalidParameter(str(error)) from error
    return {"upload_id": upload, "part_size": PART_SIZE}


async def upload_layer_part(blobs: BlobStore, ctx: Context, request: UploadLayerPartRequest) -> dict[str, object]:
    """Add a part to an upload."""
    repository = repository_of(ctx, request)
    upload = open_upload(blobs, repository, request.upload_id)
    part = request.layer_part_blob
    if request.part_last_byte - request.part_first_byte + 1 != len(part):
        raise InvalidParameter(
            f"Invalid parameter at 'partLastByte': the part has {len(part)} bytes from {request.part_first_byte} on, "
            f"so its last byte is {request.part_first_byte + len(part) - 1}."
        )
    if request.part_first_byte != upload.offset:
        raise InvalidLayerPart(
            f"The part does not follow the last one: it begins at {request.part_first_byte}, and {upload.offset} bytes "
            "were received.",
            {
                "registry_id": repository.registry_id,
                "repository_name": repository.name,
                "upload_id": upload.id,
                "last_valid_byte_received": upload.offset - 1,
            },
        )
    try:
        size = await blobs.append(upload.id, _once(part))
    except (UploadMissing, UploadBusy) as error:
        raise UploadNotFound(str(error)) from error
    except BlobTooLarge as error:
        raise LimitExceeded(str(error)) from error
    except BlobsUnwritable as error:
        raise EcrServerFault(str(error)) from error
    return {**repository_members(repository), "upload_id": upload.id, "last_byte_received": size - 1}


async def complete_layer_upload(
    blobs: BlobStore, ctx: Context, request: CompleteLayerUploadRequest
) -> dict[str, object]:
    """Turn an upload into a layer, if its bytes have the digest."""
    repository = repository_of(ctx, request)
    upload = open_upload(blobs, repository, request.upload_id)
    digest = next((digest for digest in request.layer_digests if is_digest(digest)), None)
    if digest is None or len(request.layer_digests) > 1:
        raise InvalidParameter("Invalid parameter at 'layerDigests': one SHA-256 digest is accepted.")
    if upload.offset == 0:
        raise EmptyUpload(f"Nothing was uploaded with the upload id '{upload.id}'")
    if content_key(repository.arn, digest) in ctx.store.world.repository_layers:
        raise LayerAlreadyExists(
            f"Layer with digest '{digest}' already exists in the repository with name '{repository.name}' in registry "
            f"with id '{repository.registry_id}'"
        )
    await commit_layer(blobs, ctx, repository, upload.id, digest)
    return {**repository_members(repository), "upload_id": upload.id, "layer_digest": digest}


def open_upload(blobs: BlobStore, repository: Repository, upload: UploadId) -> OpenUpload:
    """The state of an upload to this repository. Raises UploadNotFound."""
    state = blobs.upload(upload)
    if state is None or state.repository != repository.arn:
        raise UploadNotFound(
            f"The upload with id '{upload[:64]}' was not found in the repository with name '{repository.name}' in the "
            f"registry with id '{repository.registry_id}'"
        )
    return state


async def commit_layer(
    blobs: BlobStore, ctx: Context, repository: Repository, upload: UploadId, digest: str
) -> RepositoryLayer:
    """Turn an upload into a layer. Raises InvalidLayer, UploadNotFound, EcrServerFault."""
    try:
        size = await blobs.commit(upload, digest)
    except WrongDigest as error:
        raise InvalidLayer(str(error)) from error
    except (UploadMissing, UploadBusy) as error:
        raise UploadNotFound(str(error)) from error
    except BlobsUnwritable as error:
        raise EcrServerFault(str(error)) from error
    repository_named(ctx, repository.name)  # it may have been deleted meanwhile
    layer = RepositoryLayer(repository.arn, digest, size, ctx.now)
    ctx.store.apply([Put(layer)])
    return layer


def keep_layer(ctx: Context, layer: RepositoryLayer) -> None:
    """Keep a layer that a push has found, so that it is still there when the manifest arrives."""
    if ctx.now - layer.pushed_at > UNUSED_LAYER_SECONDS / 2:
        ctx.store.apply([Put(replace(layer, pushed_at=ctx.now))])


async def _once(part: bytes) -> AsyncIterator[bytes]:
    yield part
