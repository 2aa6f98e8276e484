"""Archives as Docker of several versions and Podman save them, and damaged ones."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile

import pytest

from moyai.images.errors import BadContent, NotFound, WrongPlatform
from moyai.images.model import Platform
from moyai.images.saved_archive import SavedArchive
from tests.container_images import attestation_manifest, container_image, digest_of, image_index, layer_archive

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
LAYERS = [{"one": b"1" * 3000}, {"two": b"2"}]
APP = container_image(LAYERS, AMD)
PLAIN = [layer_archive(files) for files in LAYERS]
CONFIG = APP.blobs[0].data


def archive_of(members, links=()):
    """An archive in a file, with these files and symbolic links."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return file


def layout(*images, index=None):
    """The members of an OCI layout."""
    contents = [content for image in images for content in (image.manifest, *image.blobs)]
    contents += [index] if index else []
    top = {
        "schemaVersion": 2,
        "manifests": [content.descriptor for content in ([index] if index else [images[0].manifest])],
    }
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps(top).encode(),
        **{f"blobs/sha256/{content.digest[7:]}": content.data for content in contents},
    }


def archive_members(config=CONFIG, names=("a/layer.tar", "b/layer.tar"), **more):
    """The members of an archive of Docker before version 25."""
    images = [{"Config": "app.json", "RepoTags": ["app:1"], "Layers": list(names)}]
    return {
        "app.json": config,
        "manifest.json": json.dumps(images).encode(),
        **dict(zip(names, PLAIN, strict=False)),
        **more,
    }


def content(archive, descriptor):
    """The bytes of a part."""
    data = b""
    while piece := archive.read(descriptor, len(data), 1000):
        data += piece
    return data


@pytest.fixture
def open_archive():
    """Opens archives, and closes them."""
    files = []

    def open_next(members, links=()):
        files.append(archive_of(members, links))
        return SavedArchive(files[-1])

    yield open_next
    for file in files:
        file.close()


def test_a_layout_gives_the_manifest_and_the_blobs_as_they_are(open_archive):
    archive = open_archive(layout(APP))
    data, manifest = archive.manifest(AMD)
    assert data == APP.manifest.data
    assert [content(archive, part) for part in (manifest.config, *manifest.layers)] == [b.data for b in APP.blobs]


def test_a_layout_of_several_platforms_gives_the_one_that_is_there(open_archive):
    other = container_image([{"arm": b""}], ARM)
    index = image_index({AMD: APP, ARM: other})
    both = open_archive(layout(APP, other, attestation_manifest(), index=index))
    assert both.manifest(ARM)[0] == other.manifest.data
    with pytest.raises(WrongPlatform, match="linux/arm64"):
        open_archive(layout(APP, index=index)).manifest(ARM)


def test_an_old_archive_gets_a_manifest_that_is_always_the_same(open_archive):
    archive, again = open_archive(archive_members()), open_archive(archive_members())
    data, manifest = archive.manifest(AMD)
    assert again.manifest(AMD)[0] == data
    assert manifest.config.digest == digest_of(CONFIG)
    assert [layer.digest for layer in manifest.layers] == json.loads(CONFIG)["rootfs"]["diff_ids"]
    assert [content(archive, part) for part in (manifest.config, *manifest.layers)] == [CONFIG, *PLAIN]


def test_equal_layers_of_an_old_archive_are_links(open_archive):
    twice = container_image([LAYERS[0], LAYERS[0]], AMD)
    members = archive_members(twice.blobs[0].data)
    del members["b/layer.tar"]
    archive = open_archive(members, [("b/layer.tar", "../a/layer.tar")])
    _, manifest = archive.manifest(AMD)
    assert [content(archive, layer) for layer in manifest.layers] == [PLAIN[0], PLAIN[0]]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"index.json": b"{"},
        {"index.json": json.dumps({"schemaVersion": 2, "manifests": [APP.manifest.descriptor]}).encode()},
        {"manifest.json": b"[1]"},
        {"manifest.json": b"\xff"},
        archive_members(config=b"{}"),
        archive_members(names=("a/layer.tar",)),
        archive_members(**{"manifest.json": b'[{"Config": "../../etc/passwd", "Layers": []}]'}),
    ],
)
def test_a_damaged_archive_is_refused(open_archive, members):
    with pytest.raises((BadContent, WrongPlatform)):
        open_archive(members).manifest(AMD)


def test_an_archive_of_two_images_is_refused(open_archive):
    two = json.dumps([{"Config": "app.json", "Layers": []}] * 2).encode()
    with pytest.raises(NotFound, match="has 2 images"):
        open_archive(archive_members(**{"manifest.json": two})).manifest(AMD)


@pytest.mark.parametrize("data", [b"", b"no archive" * 1000, hashlib.shake_128(b"x").digest(5000)])
def test_other_files_are_refused(data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        with pytest.raises(BadContent):
            SavedArchive(file).manifest(AMD)


def test_a_truncated_archive_is_refused():
    with archive_of(layout(APP)) as file:
        file.truncate(4000)
        archive = SavedArchive(file)
        _, manifest = archive.manifest(AMD)
        with pytest.raises(BadContent, match="the archive lacks blobs/sha256/"):
            archive.read(manifest.layers[1], 0, 100)
