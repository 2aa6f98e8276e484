"""The engine as a source, against a socket that answers as engines do, and as they should not."""

from __future__ import annotations

import asyncio
import io
import json

import pytest

from moyai.images.engine import EngineSource
from moyai.images.errors import BadContent, NotFound, Unreachable, WrongPlatform
from moyai.images.model import Platform
from moyai.images.reference import parse_reference
from tests.container_images import container_image, digest_of
from tests.unit.images.registry.scripted_server import ScriptedServer, response
from tests.unit.images.test_image_archive import archive_members, archive_of, layout

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
APP = container_image([{"one": b"1" * 2_000_000}, {"two": b"2"}], AMD)
NAME = "docker.io%2Flibrary%2Fapp%3A1"


def bytes_of(members):
    """An archive."""
    with archive_of(members) as file:
        file.seek(0)
        return file.read()


ARCHIVE = bytes_of(layout(APP))
INSPECTED = {"Id": APP.blobs[0].digest, "Os": "linux", "Architecture": "amd64", "RootFS": {}}


@pytest.fixture
async def engine(tmp_path):
    """An engine that has ``app:1``."""
    scripted = ScriptedServer()
    scripted.answer(f"/images/{NAME}/json", response(200, json.dumps(INSPECTED).encode()))
    scripted.answer(f"/images/{NAME}/get", response(200, ARCHIVE))
    server = await asyncio.start_unix_server(scripted.serve, tmp_path / "docker.sock")
    yield scripted
    server.close()
    await server.wait_closed()


@pytest.fixture
async def source(tmp_path):
    """The engine's images."""
    made = EngineSource(tmp_path / "docker.sock", tmp_path)
    yield made
    await made.close()


async def test_an_image_is_taken_once_and_its_parts_at_once(engine, source, tmp_path):
    image = await source.resolve(parse_reference("app:1"), AMD)
    assert (image.digest, image.manifest) == (APP.manifest.digest, APP.manifest.data)
    parts, files = (image.config, *image.layers), [io.BytesIO() for _ in APP.blobs]
    counts: list[int] = []
    await asyncio.gather(
        *(source.fetch(image, part, file, counts.append) for part, file in zip(parts, files, strict=True))
    )
    assert [file.getvalue() for file in files] == [blob.data for blob in APP.blobs]
    assert sum(counts) == sum(len(blob.data) for blob in APP.blobs)
    assert len(engine.requests_of(f"/images/{NAME}/get")) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["docker.sock"]


async def test_the_id_is_known_without_taking_the_image(engine, source):
    assert await source.image_id(parse_reference("app:1")) == APP.blobs[0].digest
    assert await source.image_id(parse_reference("app:2")) is None
    assert engine.requests_of(f"/images/{NAME}/get") == []


async def test_an_image_built_by_podman_is_found(engine, source):
    engine.answer(f"/images/{NAME}/json", response(404))
    engine.answer("/images/localhost%2Fapp%3A1/json", response(200, json.dumps(INSPECTED).encode()))
    engine.answer("/images/localhost%2Fapp%3A1/get", response(200, ARCHIVE))
    assert (await source.resolve(parse_reference("app:1"), AMD)).digest == APP.manifest.digest


async def test_an_older_engines_image_gets_a_manifest_that_is_always_the_same(engine, source):
    members = archive_members()
    config, layers = members["app.json"], (members["a/layer.tar"], members["b/layer.tar"])
    engine.answer(f"/images/{NAME}/get", response(200, bytes_of(members)))
    image = await source.resolve(parse_reference("app:1"), AMD)
    assert (await source.resolve(parse_reference("app:1"), AMD)).manifest == image.manifest
    assert image.config.digest == digest_of(config)
    assert [layer.digest for layer in image.layers] == [digest_of(layer) for layer in layers]
    files = [io.BytesIO() for _ in (config, *layers)]
    for part, file in zip((image.config, *image.layers), files, strict=True):
        await source.fetch(image, part, file, lambda _: None)
    assert [file.getvalue() for file in files] == [config, *layers]


async def test_an_archive_of_two_images_is_refused(engine, source):
    two = json.dumps([{"Config": "app.json", "Layers": ["a/layer.tar", "b/layer.tar"]}] * 2).encode()
    engine.answer(f"/images/{NAME}/get", response(200, bytes_of(archive_members(**{"manifest.json": two}))))
    with pytest.raises(NotFound, match="has 2 images"):
        await source.resolve(parse_reference("app:1"), AMD)


async def test_an_engine_that_is_not_there_has_nothing(tmp_path):
    source = EngineSource(tmp_path / "none.sock", tmp_path)
    assert await source.image_id(parse_reference("app:1")) is None
    with pytest.raises(Unreachable, match=r"Docker Engine at .*none\.sock does not answer"):
        await source.resolve(parse_reference("app:1"), AMD)
    await source.close()


async def test_another_platform_is_refused_before_anything_is_taken(engine, source):
    with pytest.raises(WrongPlatform, match="made for linux/amd64"):
        await source.resolve(parse_reference("app:1"), ARM)
    assert engine.requests_of(f"/images/{NAME}/get") == []


async def test_an_image_that_it_does_not_have_is_named(engine, source):
    with pytest.raises(NotFound, match="Docker Engine has no image app:2"):
        await source.resolve(parse_reference("app:2"), AMD)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (response(500), Unreachable),
        (response(200, ARCHIVE)[:-2000], Unreachable),
        (response(200, b"nonsense"), BadContent),
        (b"", Unreachable),
    ],
)
async def test_an_archive_that_is_cut_or_nonsense_is_refused(engine, source, answer, error):
    engine.answer(f"/images/{NAME}/get", answer)
    with pytest.raises(error):
        await source.resolve(parse_reference("app:1"), AMD)


async def test_a_blob_with_other_bytes_than_its_digest_is_refused(engine, source):
    members = layout(APP)
    path = f"blobs/sha256/{APP.blobs[2].digest[7:]}"
    members[path] = bytes(len(members[path]))
    engine.answer(f"/images/{NAME}/get", response(200, bytes_of(members)))
    image = await source.resolve(parse_reference("app:1"), AMD)
    with pytest.raises(BadContent, match="something else than"):
        await source.fetch(image, image.layers[1], io.BytesIO(), lambda _: None)


async def test_an_image_that_was_taken_too_long_ago_is_pulled_again(engine, source):
    image = await source.resolve(parse_reference("app:1"), AMD)
    source._drop(image.digest)
    with pytest.raises(NotFound, match="too long ago"):
        await source.fetch(image, image.config, io.BytesIO(), lambda _: None)
