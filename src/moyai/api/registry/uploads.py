"""Uploads of layers: at once, in a stream or in chunks, continued, or mounted from another repository.

Promise: a layer that was acknowledged (201) is on disk and recorded. After an acknowledged chunk (202) an upload
can be continued, until the control plane ends.
Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
"""

from __future__ import annotations

import re
from typing import Final

from moyai.api.ecr.layers import commit_layer, open_upload
from moyai.api.ecr.repositories import new_repository
from moyai.api.registry.call import RegistryCall
from moyai.api.registry.errors import RegistryError
from moyai.api.wire.http import HttpResponse
from moyai.domain.ecr.errors import RepositoryNotFound
from moyai.domain.ecr.image import RepositoryLayer, content_key, is_digest
from moyai.domain.ecr.repository import Repository, is_repository_name, repository_arn
from moyai.domain.keys import scope_key
from moyai.domain.world import Put
from moyai.kernel.ids import UploadId
from moyai.ports.blobs import BlobsUnwritable, BlobTooLarge, OpenUpload, TooManyUploads, UploadBusy, UploadMissing

_CONTENT_RANGE: Final = re.compile(r"(?:bytes )?(\d{1,18})-(\d{1,18})(?:/(?:\d+|\*))?")


async def start_upload(call: RegistryCall) -> HttpResponse:
    """Begin an upload; finish it at once if the request has the digest; or mount a layer that is here already."""
    repository = _repository(call)
    mounted = call.argument("mount")
    if mounted is not None and _mount(call, repository, mounted):
        return _layer(call, mounted)
    upload = UploadId(call.ctx.ids.uuid())
    try:
        call.blobs.begin_upload(upload, repository.arn, scope_key(call.ctx.scope))
    except TooManyUploads as error:
        raise RegistryError("TOOMANYREQUESTS", 429, str(error)) from error
    digest = call.argument("digest")
    if digest is None:
        return _progress(call, upload, 0, 202)
    try:
        return await _finish(call, repository, upload, call.digest(digest))
    finally:
        await _discard(call, upload)


async def upload_status(call: RegistryCall) -> HttpResponse:
    """How much of an upload was received."""
    upload = _upload(call)
    return _progress(call, upload.id, upload.offset, 204)


async def upload_chunk(call: RegistryCall) -> HttpResponse:
    """Add the body to an upload."""
    upload = _upload(call)
    _check_position(call, upload)
    size = await _append(call, upload.id)
    return _progress(call, upload.id, size, 202)


async def finish_upload(call: RegistryCall) -> HttpResponse:
    """Add the body, which may be empty, and make a layer of the upload."""
    upload = _upload(call)
    digest = call.digest(call.argument("digest"))
    _check_position(call, upload)
    return await _finish(call, call.repository, upload.id, digest)


async def cancel_upload(call: RegistryCall) -> HttpResponse:
    """Remove an upload and the bytes that it has received."""
    upload = _upload(call)
    try:
        await call.blobs.cancel(upload.id)
    except (UploadMissing, UploadBusy) as error:
        raise _busy(str(error)) from error
    return HttpResponse(204, {})


def _repository(call: RegistryCall) -> Repository:
    """The repository to push to, which is created where the settings say so. Raises RepositoryNotFound."""
    try:
        return call.repository
    except RepositoryNotFound:
        if not call.create_on_push:
            raise
    repository = new_repository(call.ctx, call.route.name)
    call.ctx.store.apply([Put(repository)])
    return repository


def _mount(call: RegistryCall, repository: Repository, digest: str) -> bool:
    """Take a layer over from another repository of the registry, if that has it."""
    source = call.argument("from") or ""
    if not is_digest(digest) or not is_repository_name(source):
        return False
    table = call.ctx.store.world.repository_layers
    layer = table.get(content_key(repository_arn(call.ctx.scope, source), digest))
    if layer is not None:
        call.ctx.store.apply([Put(RepositoryLayer(repository.arn, digest, layer.size, call.ctx.now))])
    return layer is not None


def _upload(call: RegistryCall) -> OpenUpload:
    return open_upload(call.blobs, call.repository, UploadId(call.route.reference))


def _check_position(call: RegistryCall, upload: OpenUpload) -> None:
    """Raise RegistryError for a chunk that does not begin where the upload ends, or lacks the length it states."""
    header = call.request.headers.get("content-range")
    if header is None:
        return
    match = _CONTENT_RANGE.fullmatch(header.strip())
    length = call.request.headers.get("content-length", "")
    if match is None or int(match[1]) != upload.offset:
        where = _progress(call, upload.id, upload.offset, 416)
        message = f"The chunk '{header[:60]}' does not follow: {upload.offset} bytes were received."
        raise RegistryError("BLOB_UPLOAD_INVALID", 416, message, where.headers)
    if length.isdecimal() and int(length[:19]) != int(match[2]) - int(match[1]) + 1:
        raise RegistryError("SIZE_INVALID", 400, f"The chunk '{header[:60]}' is sent with {length[:19]} bytes.")


async def _append(call: RegistryCall, upload: UploadId) -> int:
    length = call.request.headers.get("content-length", "")
    try:
        return await call.blobs.append(upload, call.body, int(length[:19]) if length.isdecimal() else None)
    except (UploadMissing, UploadBusy) as error:
        raise _busy(str(error)) from error
    except BlobTooLarge as error:
        raise RegistryError("SIZE_INVALID", 413, str(error)) from error
    except BlobsUnwritable as error:
        raise RegistryError("UNKNOWN", 507, str(error)) from error


async def _finish(call: RegistryCall, repository: Repository, upload: UploadId, digest: str) -> HttpResponse:
    await _append(call, upload)
    await commit_layer(call.blobs, call.ctx, repository, upload, digest)
    return _layer(call, digest)


async def _discard(call: RegistryCall, upload: UploadId) -> None:
    """Remove an upload that the request that began it was to finish as well, and could not."""
    if call.blobs.upload(upload) is not None:
        await call.blobs.cancel(upload)


def _busy(message: str) -> RegistryError:
    return RegistryError("BLOB_UPLOAD_INVALID", 409, message)


def _progress(call: RegistryCall, upload: UploadId, size: int, status: int) -> HttpResponse:
    headers = {
        "location": f"/v2/{call.route.name}/blobs/uploads/{upload}",
        "range": f"0-{max(size - 1, 0)}",
        "docker-upload-uuid": upload,
    }
    return HttpResponse(status, headers)


def _layer(call: RegistryCall, digest: str) -> HttpResponse:
    return HttpResponse(201, {"location": f"/v2/{call.route.name}/blobs/{digest}", "docker-content-digest": digest})
