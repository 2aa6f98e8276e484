"""Archives as Docker of several versions and Podman save them, and damaged ones."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile

import pytest

from moyai.images.errors import BadContent, WrongPlatform
from moyai.images.image_archive import read_images
from moyai.images.model import Platform
from moyai.images.tar_parts import TarParts
from tests.container_images import attestation_manifest, container_image, image_index, layer_archive

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


def content(parts, name):
    """The bytes of a file, read in pieces, and then nothing more."""
    with parts.open(name) as part:
        data = b"".join(iter(lambda: part.read(1000), b""))
        assert part.read(1) == b""
    return data


@pytest.fixture
def open_archive():
    """Opens archives, and closes them."""
    files = []

    def open_next(members, links=()):
        files.append(archive_of(members, links))
        return TarParts(files[-1])

    yield open_next
    for file in files:
        file.close()


def test_a_layout_gives_the_manifest_and_the_blobs_as_they_are(open_archive):
    parts = open_archive(layout(APP))
    [image] = read_images(parts, AMD)
    assert (image.manifest, image.config, image.index) == (APP.manifest.data, CONFIG, None)
    names = (image.config_name, *(layer.name for layer in image.layers))
    assert [content(parts, name) for name in names] == [blob.data for blob in APP.blobs]
    assert [parts.size(name) for name in names] == [len(blob.data) for blob in APP.blobs]


def test_a_layout_of_several_platforms_gives_the_one_that_is_there(open_archive):
    other = container_image([{"arm": b""}], ARM)
    index = image_index({AMD: APP, ARM: other})
    both = open_archive(layout(APP, other, attestation_manifest(), index=index))
    [image] = read_images(both, ARM)
    assert (image.manifest, image.index) == (other.manifest.data, index.data)
    with pytest.raises(WrongPlatform, match="linux/arm64"):
        read_images(open_archive(layout(APP, index=index)), ARM)


def test_an_old_archive_has_no_manifest(open_archive):
    parts = open_archive(archive_members())
    [image] = read_images(parts, AMD)
    assert (image.manifest, image.config, image.config_name) == (None, CONFIG, "app.json")
    assert [layer.diff_id for layer in image.layers] == json.loads(CONFIG)["rootfs"]["diff_ids"]
    assert [content(parts, layer.name) for layer in image.layers] == PLAIN
    assert [str(reference) for reference in image.references] == ["docker.io/library/app:1"]


def test_equal_layers_of_an_old_archive_are_links(open_archive):
    twice = container_image([LAYERS[0], LAYERS[0]], AMD)
    members = archive_members(twice.blobs[0].data)
    del members["b/layer.tar"]
    parts = open_archive(members, [("b/layer.tar", "../a/layer.tar")])
    [image] = read_images(parts, AMD)
    assert [content(parts, layer.name) for layer in image.layers] == [PLAIN[0], PLAIN[0]]


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
        read_images(open_archive(members), AMD)


@pytest.mark.parametrize("data", [b"", b"no archive" * 1000, hashlib.shake_128(b"x").digest(5000)])
def test_other_files_are_refused(data):
    with tempfile.TemporaryFile() as file:
        file.write(data)
        with pytest.raises(BadContent):
            read_images(TarParts(file), AMD)


def header(name="x", kind=tarfile.REGTYPE, size=0):
    """One header, which may lie about the size."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        (header(size=-1024), "-1024 bytes"),
        (header(kind=tarfile.XHDTYPE) * 2000, "recursion"),
        (header(kind=tarfile.XHDTYPE, size=2**30), "bytes of headers"),
        (header() * 20_001, "more than 20000 members"),
        (tarfile.TarInfo("x" * 5000).tobuf(tarfile.GNU_FORMAT), "a name has more than"),
    ],
    ids=["negative size", "nested headers", "long header", "members of one name", "long name"],
)
def test_a_hostile_archive_is_refused(headers, words):
    with tempfile.TemporaryFile() as file:
        file.write(headers + bytes(1024))
        with pytest.raises(BadContent, match=words):
            TarParts(file)


def test_a_truncated_archive_is_refused():
    with archive_of(layout(APP)) as file:
        parts = TarParts(file)
        [image] = read_images(parts, AMD)
        file.truncate(4000)
        assert content(parts, image.layers[1].name) == b""
        with pytest.raises(BadContent):
            read_images(TarParts(file), AMD)
