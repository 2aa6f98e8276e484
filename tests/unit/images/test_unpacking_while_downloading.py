"""Layers are unpacked while they are downloaded, and whatever happens to the download, none is here by halves."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event
from typing import BinaryIO

import pytest
from typing_extensions import override

from moyai.images.errors import BadContent, NoSpace, Unreachable
from moyai.images.model import Descriptor
from moyai.images.source import Progress, ResolvedImage
from moyai.images.store.unpacking import Arrival
from tests.unit.images.built_images import build_image
from tests.unit.images.test_puller import MemorySource, puller, request

pytestmark = pytest.mark.root  # unpacking keeps owners

FILES = {name: hashlib.shake_128(name.encode()).digest(1_500_000) for name in ("a", "b", "c")}
IMAGE = build_image(FILES)
[(LAYER, DIFF_ID, BLOB)] = IMAGE.layers()
HALF = len(BLOB) // 2
PATIENCE = 60.0


class HalfwaySource(MemorySource):
    """A source that does something else after the first half of a layer."""

    def __init__(self, interrupt: Callable[[BinaryIO, Progress], Awaitable[None]]) -> None:
        super().__init__("registry", {"web": IMAGE})
        self._interrupt = interrupt

    @override
    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        if descriptor.digest == image.config.digest:
            return await super().fetch(image, descriptor, file, progress)
        append(file, BLOB[:HALF], progress)
        await self._interrupt(file, progress)
        append(file, BLOB[file.tell() :], progress)
        return None


def append(file, content, progress):
    file.write(content)
    file.flush()
    progress(len(content))


def unpacked_files(directory):
    """The files of layers that are being unpacked."""
    return list(directory.glob("images/leases/*/layer-*/root/*"))


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - other processes make it true
            await asyncio.sleep(0.01)


def files_of(image):
    return {path.name: path.read_bytes() for path in Path(image.layers[0]).iterdir()}


def is_empty(directory):
    return not any(list((directory / "images" / name).iterdir()) for name in ("leases", "layers/sha256"))


async def test_a_layer_is_unpacked_while_it_is_downloaded(store, tmp_path):
    async def interrupt(_file, _progress):
        await until(lambda: unpacked_files(tmp_path))

    image = await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert files_of(image) == FILES


async def test_a_download_that_begins_again_is_unpacked_again(store, tmp_path):
    async def interrupt(file, progress):
        await until(lambda: unpacked_files(tmp_path))
        progress(-HALF)
        file.seek(0)
        file.truncate()

    image = await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert files_of(image) == FILES
    assert not list((tmp_path / "images/leases").iterdir())


async def test_other_bytes_before_a_download_begins_again_do_no_harm(store):
    async def interrupt(file, progress):
        file.seek(0)
        append(file, bytes(HALF), progress)
        await asyncio.sleep(0.1)
        progress(-HALF)
        file.seek(0)
        file.truncate()

    image = await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert files_of(image) == FILES


@pytest.mark.parametrize("failure", [Unreachable("gone"), NoSpace("full"), BadContent("another digest")])
async def test_a_download_that_breaks_leaves_nothing(store, tmp_path, failure):
    async def interrupt(_file, _progress):
        await until(lambda: unpacked_files(tmp_path))
        raise failure

    with pytest.raises(type(failure), match=str(failure)):
        await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert is_empty(tmp_path)


async def test_a_cancelled_download_leaves_nothing(store, tmp_path):
    async def interrupt(_file, _progress):
        await until(lambda: unpacked_files(tmp_path))
        pulling.cancel()
        await asyncio.sleep(PATIENCE)

    pulling = asyncio.create_task(puller(store, HalfwaySource(interrupt)).pull(request("web")))
    with pytest.raises(asyncio.CancelledError):
        await pulling
    await until(lambda: is_empty(tmp_path))


async def test_a_source_that_sends_something_else_is_refused(store, tmp_path):
    async def interrupt(file, progress):
        append(file, bytes(len(BLOB) - HALF), progress)

    with pytest.raises(BadContent, match="failed to extract layer"):
        await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert is_empty(tmp_path)


async def test_a_layer_that_is_refused_is_not_downloaded_to_its_end(store, tmp_path):
    async def interrupt(file, progress):
        append(file, bytes(len(BLOB) - HALF - 1), progress)
        await asyncio.Event().wait()

    async with asyncio.timeout(PATIENCE):
        with pytest.raises(BadContent, match="failed to extract layer"):
            await puller(store, HalfwaySource(interrupt)).pull(request("web"))
    assert is_empty(tmp_path)


@pytest.mark.parametrize("missing", [1, HALF, len(BLOB)])
def test_a_file_that_stays_incomplete_is_refused(store, tmp_path, missing):
    path = tmp_path / "blob"
    path.write_bytes(BLOB[: len(BLOB) - missing])
    reading, writing = os.pipe()
    os.close(writing)
    with store.lease() as lease, path.open("rb") as file:
        with pytest.raises(BadContent, match=f"{len(BLOB) - missing} of {len(BLOB)} bytes have arrived"):
            lease.add_layer(LAYER, DIFF_ID, file, Arrival(LAYER.size, reading))
        assert not lease.has_layer(DIFF_ID)
        assert [entry.name for entry in lease.directory.iterdir()] == ["digests"]
    os.close(reading)


def children(pid):
    """The descendants of a process."""
    try:
        own = Path(f"/proc/{pid}/task").glob("*/children")
        direct = [int(child) for file in own for child in file.read_text().split()]
    except OSError:
        return []
    return [*direct, *(below for child in direct for below in children(child))]


def test_a_process_that_is_killed_takes_all_with_it(store, tmp_path):
    async def interrupt(_file, _progress):
        await asyncio.sleep(PATIENCE)

    if (pid := os.fork()) == 0:
        asyncio.run(puller(store, HalfwaySource(interrupt)).pull(request("web")))
        os._exit(1)
    deadline, pause = time.monotonic() + PATIENCE, Event()
    while not unpacked_files(tmp_path) and time.monotonic() < deadline:
        pause.wait(0.01)
    below = children(pid)
    assert len(below) == 3  # one forks, one finishes, one reads
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while any(Path(f"/proc/{child}").exists() for child in below) and time.monotonic() < deadline:
        pause.wait(0.01)
    assert not any(Path(f"/proc/{child}").exists() for child in below)
    with store.lease():
        pass  # its end collects what is left
    assert is_empty(tmp_path)
