"""Blobs on disk: complete or absent, whatever ends the process, and removed only when nothing needs them."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from moyai.kernel.clock import later
from moyai.kernel.ids import RepositoryArn, UploadId
from moyai.ports.blobs import (
    BlobMissing,
    BlobsUnwritable,
    BlobTooLarge,
    TooManyUploads,
    UploadBusy,
    UploadMissing,
    WrongDigest,
    read_all,
)
from moyai.store.blob_files import BlobFiles, BlobLimits
from moyai.testing.clock import ManualClock

CHILD = Path(__file__).with_name("child.py")
ARN = RepositoryArn("arn:aws:ecr:us-east-1:123456789012:repository/app")
UPLOAD = UploadId("00000000-0000-0000-0000-000000000001")
LIMITS = BlobLimits(blob_bytes=10_000_000, uploads=2, reserve=0)


def digest_of(content: bytes) -> str:
    return f"sha256:{sha256(content).hexdigest()}"


async def parts(*contents: bytes) -> AsyncIterator[bytes]:
    for content in contents:
        yield content


def files(directory) -> list[str]:
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def blobs(tmp_path, clock):
    store = BlobFiles.open_blobs(tmp_path / "ecr", clock, LIMITS)
    yield store
    await store.close()


async def add(blobs, content: bytes, upload=UPLOAD) -> int:
    blobs.begin_upload(upload, ARN, "owner")
    await blobs.append(upload, parts(content))
    return int(await blobs.commit(upload, digest_of(content)))


async def test_an_upload_becomes_a_blob(blobs, tmp_path):
    content = os.urandom(3_000_000)
    blobs.begin_upload(UPLOAD, ARN, "owner")
    assert await blobs.append(UPLOAD, parts(content[:7], content[7:2_500_000])) == 2_500_000
    state = blobs.upload(UPLOAD)
    assert (state.repository, state.offset) == (ARN, 2_500_000)
    await blobs.append(UPLOAD, parts(content[2_500_000:]))
    assert await blobs.commit(UPLOAD, digest_of(content)) == len(content)
    assert await read_all(blobs, digest_of(content)) == content
    reader = await blobs.open(digest_of(content))
    assert b"".join([chunk async for chunk in reader.chunks(10, 2_000_000)]) == content[10:2_000_000]
    reader.close()
    assert files(tmp_path) == [digest_of(content)[7:]]
    assert stat.S_IMODE((tmp_path / "ecr").stat().st_mode) == 0o700
    with pytest.raises(UploadMissing):
        await blobs.commit(UPLOAD, digest_of(content))


async def test_a_wrong_digest_removes_the_upload(blobs, tmp_path):
    blobs.begin_upload(UPLOAD, ARN, "owner")
    await blobs.append(UPLOAD, parts(b"a"))
    with pytest.raises(WrongDigest, match="have the digest"):
        await blobs.commit(UPLOAD, digest_of(b"b"))
    assert (blobs.upload(UPLOAD), files(tmp_path)) == (None, [])


async def test_limits(blobs, tmp_path):
    blobs.begin_upload(UPLOAD, ARN, "owner")
    blobs.begin_upload(UploadId("2"), ARN, "owner")
    with pytest.raises(TooManyUploads):
        blobs.begin_upload(UploadId("3"), ARN, "owner")
    blobs.begin_upload(UploadId("3"), ARN, "another")
    with pytest.raises(BlobTooLarge):
        await blobs.append(UPLOAD, parts(b"x" * 10_000_001))
    assert (blobs.upload(UPLOAD), files(tmp_path)) == (None, [])


async def test_a_length_that_is_too_much_is_refused_before_reading(blobs, tmp_path):
    reads = []

    async def content() -> AsyncIterator[bytes]:
        reads.append(1)
        yield b"x"

    blobs.begin_upload(UPLOAD, ARN, "owner")
    with pytest.raises(BlobTooLarge):
        await blobs.append(UPLOAD, content(), 10_000_001)
    assert (reads, blobs.upload(UPLOAD), files(tmp_path)) == ([], None, [])


async def test_a_failing_sender_leaves_what_was_written(blobs):
    async def failing() -> AsyncIterator[bytes]:
        yield b"a" * 1024 * 1024
        yield b"b"
        raise ConnectionError

    blobs.begin_upload(UPLOAD, ARN, "owner")
    with pytest.raises(ConnectionError):
        await blobs.append(UPLOAD, failing())
    assert blobs.upload(UPLOAD).offset == 1024 * 1024
    await blobs.append(UPLOAD, parts(b"c"))
    assert await blobs.commit(UPLOAD, digest_of(b"a" * 1024 * 1024 + b"c")) == 1024 * 1024 + 1


async def test_an_upload_takes_one_request_at_a_time(blobs):
    go_on = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b"a"

    blobs.begin_upload(UPLOAD, ARN, "owner")
    first = asyncio.create_task(blobs.append(UPLOAD, slow()))
    await asyncio.sleep(0)
    for call in (blobs.append(UPLOAD, parts(b"b")), blobs.commit(UPLOAD, "x"), blobs.cancel(UPLOAD)):
        with pytest.raises(UploadBusy):
            await call
    go_on.set()
    assert await first == 1


async def test_an_unused_blob_is_removed_and_can_be_read_to_its_end(blobs, clock, tmp_path):
    await add(blobs, b"old")
    await blobs.put(b"used")
    reader = await blobs.open(digest_of(b"old"))
    clock.turn_to(later(clock.now(), 100))
    await blobs.put(b"new")
    blobs.begin_upload(UPLOAD, ARN, "owner")
    used = {digest_of(b"used")}
    assert await blobs.remove_unused(used, later(clock.now(), -50)) == len(b"old")
    assert files(tmp_path) == sorted(digest_of(text)[7:] for text in (b"used", b"new"))
    assert [chunk async for chunk in reader.chunks()] == [b"old"]
    reader.close()
    with pytest.raises(BlobMissing):
        await blobs.open(digest_of(b"old"))
    assert blobs.upload(UPLOAD) is not None


async def test_a_blob_that_is_pushed_again_is_new(blobs, clock, tmp_path):
    await add(blobs, b"x")
    clock.turn_to(later(clock.now(), 100))
    await add(blobs, b"x")
    assert await blobs.remove_unused((), later(clock.now(), -50)) == 0
    assert files(tmp_path) == [digest_of(b"x")[7:]]


async def test_an_upload_to_which_nothing_is_added_ends(blobs, clock, tmp_path):
    blobs.begin_upload(UPLOAD, ARN, "owner")
    await blobs.append(UPLOAD, parts(b"x"))
    clock.turn_to(later(clock.now(), 100))
    await blobs.remove_unused((), later(clock.now(), -50))
    assert (blobs.upload(UPLOAD), files(tmp_path)) == (None, [])


async def test_everything_is_removed_while_an_upload_is_written(blobs, tmp_path):
    await blobs.put(b"blob")
    written, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"a" * 2 * 1024 * 1024
        written.set()
        await go_on.wait()
        yield b"b"

    blobs.begin_upload(UPLOAD, ARN, "owner")
    writing = asyncio.create_task(blobs.append(UPLOAD, slow()))
    await written.wait()
    assert len(files(tmp_path / "ecr" / "uploads")) == 1
    await blobs.clear()
    go_on.set()
    await writing
    assert files(tmp_path) == []


async def test_names_that_are_no_digests(blobs):
    for name in ("sha256:../../../etc/passwd", "sha256:", "md5:00", "x", ""):
        with pytest.raises(BlobMissing):
            await blobs.open(name)


async def test_a_full_disk(tmp_path, clock):
    store = BlobFiles.open_blobs(tmp_path, clock, BlobLimits(reserve=1 << 60))
    store.begin_upload(UPLOAD, ARN, "owner")
    with pytest.raises(BlobsUnwritable, match="is full"):
        await store.append(UPLOAD, parts(b"x"))
    with pytest.raises(BlobsUnwritable):
        await store.put(b"x")
    assert files(tmp_path) == []
    await store.close()


async def test_a_disk_that_refuses_leaves_nothing(blobs, tmp_path):
    blobs.begin_upload(UPLOAD, ARN, "owner")
    shutil.rmtree(tmp_path / "ecr" / "uploads")
    with pytest.raises(BlobsUnwritable, match="can't be written"):
        await blobs.append(UPLOAD, parts(b"x"))
    assert (blobs.upload(UPLOAD), files(tmp_path)) == (None, [])


def digests_of_killed_child(directory) -> list[str]:
    """The digests that a child had reported as committed when it was killed."""
    with subprocess.Popen([sys.executable, CHILD, directory], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(20)]
        os.kill(child.pid, signal.SIGKILL)
        return [line.strip() for line in (*lines, *child.stdout)]


async def test_a_kill_leaves_complete_blobs_only(tmp_path, clock):
    committed = digests_of_killed_child(tmp_path)
    store = BlobFiles.open_blobs(tmp_path, clock, LIMITS)
    for digest in committed:
        assert digest_of(await read_all(store, digest)) == digest
    stored = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert all(digest_of(path.read_bytes()) == f"sha256:{path.name}" for path in stored)
    assert len(stored) >= len(committed)
    assert list((tmp_path / "uploads").iterdir()) == []
    await store.close()
