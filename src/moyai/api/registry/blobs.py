"""Blobs of a repository: whether they are there, and their bytes, whole or from a position on.

Source: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-blobs, RFC 9110 § 14
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from moyai.api.asgi import StreamedResponse
from moyai.api.ecr.layers import keep_layer
from moyai.api.registry.call import RegistryCall
from moyai.api.registry.errors import RegistryError
from moyai.domain.ecr.image import content_key
from moyai.ports.blobs import BlobMissing

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


async def get_blob(call: RegistryCall) -> StreamedResponse:
    """A layer's bytes. For HEAD, its size."""
    digest = call.digest(call.route.reference)
    layer = call.ctx.store.world.repository_layers.get(content_key(call.repository.arn, digest))
    if layer is None:
        raise RegistryError("BLOB_UNKNOWN", 404, f"The repository '{call.route.name}' has no layer {digest}.")
    if call.request.method == "HEAD":
        keep_layer(call.ctx, layer)
    try:
        reader = await call.blobs.open(digest)
    except BlobMissing as error:
        raise RegistryError("BLOB_UNKNOWN", 404, f"The layer {digest} is missing on this machine's disk.") from error
    headers = {
        "content-type": "application/octet-stream",
        "docker-content-digest": digest,
        "accept-ranges": "bytes",
        "etag": f'"{digest}"',
    }
    try:
        part = _requested_range(call.request.headers.get("range", ""), reader.size)
    except RegistryError:
        reader.close()
        raise
    start, end = (0, reader.size) if part is None else part
    headers["content-length"] = str(end - start)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{reader.size}"
    chunks = _nothing() if call.request.method == "HEAD" else reader.chunks(start, end)
    return StreamedResponse(200 if part is None else 206, headers, chunks, reader.close)


def _requested_range(header: str, size: int) -> tuple[int, int] | None:
    """The range from the first byte to the one after the last; None for all, also if several ranges are requested."""
    match = _RANGE.fullmatch(header.strip())
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or size - 1) + 1, size)
    else:
        start, end = max(size - int(match[2]), 0), size
    if start >= end:
        headers = {"content-range": f"bytes */{size}"}
        raise RegistryError("RANGE_INVALID", 416, f"The layer has {size} bytes.", headers)
    return start, end


async def _nothing() -> AsyncIterator[bytes]:
    yield b""
