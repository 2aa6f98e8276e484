"""A process that uploads blobs to the directory in its argument, says which are committed, and ends by being killed."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from itertools import count
from pathlib import Path

from moyai.app.clock import SystemClock
from moyai.kernel.ids import RepositoryArn, UploadId
from moyai.store.blob_files import BlobFiles, BlobLimits

ARN = RepositoryArn("arn:aws:ecr:us-east-1:123456789012:repository/app")
WRITERS = 4


async def once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def write(store: BlobFiles, writer: int) -> None:
    for number in count():
        upload, content = UploadId(f"{writer}-{number}"), os.urandom(300_000)
        digest = f"sha256:{sha256(content).hexdigest()}"
        store.begin_upload(upload, ARN, "owner")
        await store.append(upload, once(content))
        await store.commit(upload, digest)
        sys.stdout.write(f"{digest}\n")
        sys.stdout.flush()


async def main() -> None:
    store = BlobFiles.open_blobs(Path(sys.argv[1]), SystemClock(), BlobLimits(reserve=0))
    await asyncio.gather(*(write(store, writer) for writer in range(WRITERS)))


if __name__ == "__main__":
    asyncio.run(main())
