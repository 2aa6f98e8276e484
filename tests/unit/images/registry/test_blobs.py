"""Downloads that break: they are continued, and only what has its size and digest is complete."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io

import pytest

from moyai.images.errors import BadContent, NoSpace, Unreachable
from moyai.images.model import Platform
from tests.container_images import container_image, digest_of
from tests.unit.images.registry.scripted_server import publish, response
from tests.unit.images.registry.test_client import failure_of, reference_to

AMD = Platform("linux", "amd64")


def noise(size):
    """Bytes that cannot be compressed, always the same."""
    return hashlib.shake_128(b"noise").digest(size)


DATA = noise(3_000_000)
APP = container_image([{"data": DATA}], AMD)
LAYER = APP.blobs[1]
PATH = f"/v2/app/blobs/{LAYER.digest}"


def range_response(request, data=LAYER.data):
    """The response of a registry that continues a blob."""
    start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
    return response(206, data[start:], content_range=f"bytes {start}-{len(data) - 1}/{len(data)}")


def broken_at(*ends, data=LAYER.data):
    """Answers with everything up to an end, one after the other."""

    async def broken_answer(request):
        start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        end = ends[len(seen)] if len(seen) < len(ends) else len(data)
        seen.append(start)
        whole = {} if start == 0 else {"content_range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        yield response(206 if start else 200, content_length=str(len(data) - start), **whole)
        yield data[start:end]

    seen = []
    return broken_answer


@pytest.fixture
async def resolved_image(client, server):
    """The image of the server."""
    publish(server, "app", APP, "1")
    return await client.resolve(reference_to(server), AMD)


class Download:
    """The bytes of a download that have arrived, and its progress."""

    def __init__(self):
        self.file = io.BytesIO()
        self.counts = []


@pytest.fixture
def download():
    """Nothing yet."""
    return Download()


async def fetch(client, resolved, download):
    """Fetch the layer."""
    await client.fetch(resolved, resolved.layers[0], download.file, download.counts.append)


async def test_a_broken_download_is_continued_where_it_ended(client, server, resolved_image, download):
    server.answer(PATH, broken_at(1_000_000, 2_500_000))
    await fetch(client, resolved_image, download)
    assert download.file.getvalue() == LAYER.data
    assert [request.headers.get("range") for request in server.requests_of(PATH)] == [
        None,
        "bytes=1000000-",
        "bytes=2500000-",
    ]
    assert sum(download.counts) == len(LAYER.data)


async def test_many_interruptions_are_survived_while_it_grows(client, server, resolved_image, download):
    step = 1_100_000
    big = noise(10 * step)
    image = container_image([{"big": big}], AMD)
    layer = image.blobs[1]
    publish(server, "app", image, "2")
    server.answer(f"/v2/app/blobs/{layer.digest}", broken_at(*range(step, 9 * step, step), data=layer.data))
    other = await client.resolve(reference_to(server, "app:2"), AMD)
    await client.fetch(other, other.layers[0], download.file, download.counts.append)
    assert download.file.getvalue() == layer.data


async def test_a_server_that_ignores_ranges_starts_again(client, server, resolved_image, download):
    cut = response(200, LAYER.data)[:-5]
    server.answer(PATH, cut, response(200, LAYER.data))
    await fetch(client, resolved_image, download)
    assert download.file.getvalue() == LAYER.data
    assert min(download.counts) < 0
    assert sum(download.counts) == len(LAYER.data)


async def test_a_range_that_is_refused_starts_again(client, server, resolved_image, download):
    server.answer(PATH, response(200, LAYER.data)[:-5], response(416), response(200, LAYER.data))
    await fetch(client, resolved_image, download)
    assert download.file.getvalue() == LAYER.data


@pytest.mark.parametrize("content_range", ["bytes 0-9/10", "bytes 7-8/9999999999", "nonsense", ""])
async def test_another_range_than_asked_for_starts_again(client, server, resolved_image, download, content_range):
    other = response(206, b"x", content_range=content_range)
    server.answer(PATH, response(200, LAYER.data)[:-5], other, response(200, LAYER.data))
    await fetch(client, resolved_image, download)
    assert download.file.getvalue() == LAYER.data


async def test_a_continuation_with_other_bytes_starts_again_and_is_found_out(client, server, resolved_image, download):
    async def other_bytes(request):
        yield range_response(request, bytes(len(LAYER.data)))

    server.answer(PATH, response(200, LAYER.data)[:-5], other_bytes, response(200, LAYER.data))
    await fetch(client, resolved_image, download)
    assert download.file.getvalue() == LAYER.data


async def test_another_digest_is_refused(client, server, resolved_image, download):
    wrong = bytes(len(LAYER.data))
    server.answer(PATH, response(200, wrong))
    text = await failure_of(fetch(client, resolved_image, download), BadContent)
    assert text == (
        f"ref pull has been retried 1 time(s): failed to copy: unexpected commit digest {digest_of(wrong)},"
        f" expected {LAYER.digest}: failed precondition"
    )
    assert download.file.getvalue() == b""


@pytest.mark.parametrize("length", ["1", "99999999999999", "-1", "12, 13"])
async def test_a_wrong_content_length_is_refused_before_the_body(client, server, resolved_image, download, length):
    server.answer(PATH, response(200, LAYER.data, content_length=length))
    with pytest.raises((BadContent, Unreachable)):
        await fetch(client, resolved_image, download)
    assert sum(download.counts) < len(LAYER.data)


async def test_more_bytes_than_the_manifest_says_are_refused(client, server, resolved_image, download):
    server.answer(PATH, response(200, LAYER.data + bytes(65536), content_length=""))
    text = await failure_of(fetch(client, resolved_image, download), BadContent)
    assert f"!= {len(LAYER.data)}: failed precondition" in text
    assert len(download.file.getvalue()) <= len(LAYER.data)


async def test_fewer_bytes_than_the_manifest_says_are_refused(client, server, resolved_image, download):
    server.answer(PATH, response(200, LAYER.data[:-1], content_length=""))
    text = await failure_of(fetch(client, resolved_image, download), BadContent)
    assert f"{len(LAYER.data) - 1} != {len(LAYER.data)}: failed precondition" in text


async def test_a_body_that_stalls_is_given_up(monkeypatch, client, server, resolved_image, download):
    monkeypatch.setattr("moyai.images.registry.blobs.INACTIVITY", 0.3)

    async def drip(_):
        yield response(200, content_length=str(len(LAYER.data)))
        for byte in LAYER.data:
            yield bytes([byte])
            await asyncio.sleep(0.05)

    server.answer(PATH, drip)
    await failure_of(fetch(client, resolved_image, download), Unreachable)
    assert len(server.requests_of(PATH)) == 4


async def test_a_full_disk_is_reported(client, resolved_image):
    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    text = await failure_of(client.fetch(resolved_image, resolved_image.layers[0], Full(), print), NoSpace)
    assert "no space left on device. Free disk space" in text


async def test_a_download_that_is_cancelled_ends(client, server, resolved_image, download):
    arrived = asyncio.Event()

    async def stall(_):
        yield response(200, content_length=str(len(LAYER.data)))
        yield LAYER.data[:100_000]
        arrived.set()
        await asyncio.Event().wait()

    server.answer(PATH, stall)
    fetching = asyncio.create_task(fetch(client, resolved_image, download))
    await arrived.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
