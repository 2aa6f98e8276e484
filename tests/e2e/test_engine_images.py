"""Images of a real Docker Engine and of Podman, which tests load into them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest

from moyai.images.engine import EngineSource
from moyai.images.errors import NotFound, WrongPlatform
from moyai.images.manifest import parse_config, parse_manifest
from moyai.images.model import Manifest, Platform
from moyai.images.reference import parse_reference
from tests.container_images import container_image, digest_of, layer_archive
from tests.e2e import docker_engine, podman_engine
from tests.unit.images.test_image_archive import archive_of

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
LAYERS = [{"large": hashlib.shake_128(b"large").digest(3_000_000)}, {"small": b"small"}]
APP = container_image(LAYERS, AMD, {"Cmd": ["/run"], "Env": ["A=b"]})


ENGINES: Mapping[str, tuple[Any, Any]] = {
    "docker": (docker_engine.is_installed, docker_engine.docker_engine),
    "podman": (podman_engine.is_installed, podman_engine.podman_engine),
}


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, tmp_path_factory):
    """An engine with ``shop/app:1``."""
    is_installed, start = ENGINES[request.param]
    if not is_installed():
        pytest.skip(f"{request.param} is not installed: scripts/setup.sh --{request.param}")
    saved = [{"Config": "app.json", "RepoTags": ["docker.io/shop/app:1"], "Layers": ["1.tar", "2.tar"]}]
    members = {
        "manifest.json": json.dumps(saved).encode(),
        "app.json": APP.blobs[0].data,
        "1.tar": layer_archive(LAYERS[0]),
        "2.tar": layer_archive(LAYERS[1]),
    }
    archive = tmp_path_factory.mktemp("archive") / "app.tar"
    with archive_of(members) as file:
        file.seek(0)
        archive.write_bytes(file.read())
    with start(tmp_path_factory.mktemp("engine")) as running:
        running.load(archive)
        yield running


@pytest.fixture
async def source(engine, tmp_path):
    """Its images."""
    opened = EngineSource(engine.socket, tmp_path)
    yield opened
    await opened.close()


async def test_an_image_of_the_engine_has_its_layers_and_its_configuration(source):
    image = await source.resolve(parse_reference("shop/app:1"), AMD)
    manifest = parse_manifest(image.manifest)
    assert isinstance(manifest, Manifest)
    contents = []
    for part in (image.config, *image.layers):
        file = io.BytesIO()
        await source.fetch(image, part, file, lambda _: None)
        contents.append(file.getvalue())
    configuration = parse_config(contents[0], manifest)
    assert configuration.config.command == ("/run",)
    assert configuration.diff_ids == tuple(digest_of(layer_archive(files)) for files in LAYERS)
    assert contents[1:] == [layer_archive(files) for files in LAYERS]
    again = await source.resolve(parse_reference("docker.io/shop/app:1"), AMD)
    assert again.manifest == image.manifest


async def test_the_id_tells_whether_an_image_has_changed(engine, source):
    image_id = await source.image_id(parse_reference("shop/app:1"))
    assert image_id == engine.image_id("shop/app:1")
    image = await source.resolve(parse_reference("shop/app:1"), AMD)
    assert image_id in {image.digest, image.config.digest}


async def test_an_image_missing_in_the_engine_is_named(source):
    assert await source.image_id(parse_reference("shop/app:2")) is None
    with pytest.raises(NotFound, match="has no image shop/app:2"):
        await source.resolve(parse_reference("shop/app:2"), AMD)
    with pytest.raises(WrongPlatform, match="made for linux/amd64"):
        await source.resolve(parse_reference("shop/app:1"), ARM)
