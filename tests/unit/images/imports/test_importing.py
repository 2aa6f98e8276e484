"""Image archives and root file systems become images, completely or not at all."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
from pathlib import Path

import pytest

from moyai.images.errors import ImageRefused
from moyai.images.imports.importing import import_image, load_archive
from moyai.images.manifest import OCI_MANIFEST
from moyai.images.model import ImageConfig
from moyai.images.reference import HOST_IMAGE
from moyai.ports.runtime import CannotPull
from tests.unit.images.built_images import build_image, descriptor, digest_of, layer_of

pytestmark = pytest.mark.root  # owners are kept

WEB = build_image({"bin/app": b"web"}, {"etc/motd": b"hello"}, config={"Cmd": ["/bin/app"], "User": "1000"})
JOB = build_image({"bin/app": b"job"})


def tree(path, **files):
    """A directory with these files."""
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content)
    return path


def layout_of(path, *entries):
    """An OCI layout with these images; an entry is an image and the annotations of its descriptor."""
    (path / "blobs/sha256").mkdir(parents=True)
    (path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    manifests = []
    for image, notes in entries:
        for blob in (image.manifest, image.config, *image.blobs.values()):
            (path / "blobs/sha256" / digest_of(blob).removeprefix("sha256:")).write_bytes(blob)
        manifests.append(descriptor(OCI_MANIFEST, image.manifest) | {"annotations": notes})
    (path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return path


def tar_of(directory, archive, mode="w"):
    """A tar archive of a directory."""
    with tarfile.open(archive, mode) as tar:
        for path in sorted(directory.iterdir()):
            tar.add(path, path.name)
    return archive


def saved_image(path, *entries):
    """An archive as Docker saved it before version 25: (image, names); the second of two equal layers is a link."""
    path.mkdir()
    listed: list[dict[str, object]] = []
    layers: dict[str, str] = {}
    for image, names in entries:
        name = f"{digest_of(image.config).removeprefix('sha256:')}.json"
        (path / name).write_bytes(image.config)
        paths = []
        for number, (_, diff_id, content) in enumerate(image.layers()):
            layer = path / f"{number}{digest_of(image.config).removeprefix('sha256:')[1:]}" / "layer.tar"
            layer.parent.mkdir()
            if diff_id in layers:
                layer.symlink_to(f"../{layers[diff_id]}")
            else:
                layer.write_bytes(gzip.decompress(content))
                layers[diff_id] = str(layer.relative_to(path))
            paths.append(str(layer.relative_to(path)))
        listed.append({"Config": name, "RepoTags": names, "Layers": paths})
    (path / "manifest.json").write_text(json.dumps(listed))
    return path


def test_a_root_file_system_becomes_an_image_with_its_configuration(store, tmp_path):
    config = ImageConfig(("/app",), ("run",), {"A": "b=c"}, "/srv", "1:2", "SIGINT", ("/data",), ("80/tcp",))
    source = tmp_path / "root.tar.gz"
    with tarfile.open(source, "w:gz") as tar:
        member = tarfile.TarInfo("app")
        member.size, member.uid = 7, 70000
        tar.addfile(member, io.BytesIO(b"program"))
    image = import_image(store, "shop/web:2", source, base=HOST_IMAGE, config=config)
    assert store.find("shop/web:2") == image
    assert (image.on_host, image.config) == (True, config)
    assert Path(image.layers[0], "app").read_bytes() == b"program"
    assert Path(image.layers[0], "app").stat().st_uid == 70000
    alone = import_image(store, "shop/web:3", source, config=config)
    assert not alone.on_host
    assert alone.digest != image.digest
    assert alone.layers == image.layers


def test_a_directory_and_its_archive_are_the_same_image(store, tmp_path):
    source = tree(tmp_path / "a", app="1", conf="x")
    (source / "bin").mkdir()
    (source / "bin/link").symlink_to("/app")
    os.link(source / "app", source / "bin/hard")
    os.mkfifo(source / "fifo")
    os.mknod(source / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    os.chown(source / "conf", 33, 33)
    os.setxattr(source / "app", "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))
    image = import_image(store, "web", source)
    root = Path(image.layers[0])
    assert sorted(path.name for path in root.iterdir()) == ["app", "bin", "conf"]
    assert (root / "conf").stat().st_uid == 33
    assert (root / "app").stat().st_ino == (root / "bin/hard").stat().st_ino
    assert os.getxattr(root / "app", "security.capability")[4:5] == b"\0"
    assert import_image(store, "web:2", root).digest == image.digest


def test_a_digest_covers_files_and_configuration_but_not_the_tag(store, tmp_path):
    source = tree(tmp_path / "a", app="1")
    first = import_image(store, "web:1", source).digest
    assert import_image(store, "web:2", source).digest == first
    digests = {first, import_image(store, "web:3", source, config=ImageConfig(user="1")).digest}
    (source / "app").chmod(0o700)
    digests.add(import_image(store, "web:3", source).digest)
    (source / "app").write_text("2")
    digests.add(import_image(store, "web:3", source).digest)
    assert len(digests) == 4


@pytest.mark.parametrize("packed", [False, "w", "w:gz"])
def test_a_layout_is_imported_under_a_name_and_loaded_under_its_own(store, tmp_path, packed):
    source = layout_of(tmp_path / "layout", (WEB, {"org.opencontainers.image.ref.name": "ghcr.io/shop/web:1"}))
    if packed:
        source = tar_of(source, tmp_path / "layout.tar", packed)
    image = import_image(store, "web:2", source)
    assert (image.digest, image.config.command, image.config.user) == (WEB.digest, ("/bin/app",), "1000")
    assert [sorted(p.name for p in Path(root).iterdir()) for root in image.layers] == [["etc"], ["bin"]]
    (loaded,) = load_archive(store, source)
    assert ([str(name) for name in loaded.references], loaded.image) == (["ghcr.io/shop/web:1"], image)
    assert [details.reference for details in store.list_images()] == ["web:2", "ghcr.io/shop/web:1"]


def test_an_index_in_a_layout_is_resolved_to_what_is_there(store, tmp_path):
    source = layout_of(tmp_path / "layout", (WEB, {}))
    other = {"mediaType": OCI_MANIFEST, "digest": "sha256:" + "0" * 64, "size": 5}
    index = WEB.make_index(other | {"platform": {"os": "linux", "architecture": "s390x"}})
    (source / "blobs/sha256" / digest_of(index).removeprefix("sha256:")).write_bytes(index)
    entry = descriptor("application/vnd.oci.image.index.v1+json", index) | {
        "annotations": {"io.containerd.image.name": "docker.io/library/web:1", "org.opencontainers.image.ref.name": "1"}
    }
    (source / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (loaded,) = load_archive(store, source)
    assert ([name.familiar for name in loaded.references], loaded.image.digest) == (["web:1"], digest_of(index))


def test_a_saved_archive_is_loaded_with_all_its_names(store, tmp_path):
    source = saved_image(tmp_path / "saved", (WEB, ["web:1", "shop/web:1"]), (JOB, ["job:1"]))
    archive = tar_of(source, tmp_path / "saved.tar")
    with io.FileIO(archive) as pipe:
        loaded = load_archive(store, pipe)
    assert [details.reference for details in store.list_images()] == ["job:1", "web:1", "shop/web:1"]
    assert loaded[0].image.config.command == ("/bin/app",)
    with pytest.raises(ImageRefused, match="it has 2 images; `moyai image load`"):
        import_image(store, "x", archive)
    alone = tar_of(saved_image(tmp_path / "alone", (WEB, None)), tmp_path / "alone.tar")
    assert import_image(store, "renamed", alone).digest == loaded[0].image.digest
    with pytest.raises(ImageRefused, match="doesn't say what its image is called; `moyai image import NAME`"):
        load_archive(store, alone)


def test_a_file_that_is_twice_in_an_archive_replaces_no_other(store, tmp_path):
    source = saved_image(tmp_path / "saved", (WEB, ["web:1"]), (JOB, ["job:1"]))
    archive = tmp_path / "saved.tar"
    with tarfile.open(archive, "w") as tar:
        for _ in range(2):
            for path in sorted(source.rglob("*")):
                tar.add(path, path.relative_to(source), recursive=False)
    assert [loaded.image.config.command for loaded in load_archive(store, archive)] == [("/bin/app",), ()]


def test_two_layers_with_one_content_are_saved_as_a_link(store, tmp_path):
    twice = build_image({"a": b"x"}, {"a": b"x"}, config={"Cmd": ["twice"]})
    archive = tar_of(saved_image(tmp_path / "saved", (twice, ["twice"])), tmp_path / "saved.tar")
    image = load_archive(store, archive)[0].image
    assert image.layers[0] == image.layers[1]


def test_a_wrong_archive_is_refused_in_one_sentence_and_leaves_nothing(store, tmp_path):
    def damaged_layout(name, path, content):
        source = layout_of(tmp_path / name, (WEB, {}))
        (source / path.format(*(d.removeprefix("sha256:") for d in WEB.blobs))).write_bytes(content)
        return source

    arm = build_image({"a": b"x"}, architecture="s390x")
    sources = {
        "can't be read": damaged_layout("index", "index.json", b"{"),
        "no index": damaged_layout("manifest", "index.json", WEB.manifest),
        "failed to extract layer": damaged_layout("layer", "blobs/sha256/{0}", gzip.compress(layer_of({"a": b"evil"}))),
        "platform 'linux/": layout_of(tmp_path / "arm", (arm, {})),
        "no tar archive": damaged_layout("text", "text", b"no archive") / "text",
        "neither a directory nor a file": tmp_path / "gone",
    }
    for reason, source in sources.items():
        with pytest.raises(ImageRefused, match=reason) as refused:
            import_image(store, "shop/web:2", source)
        assert str(refused.value).startswith(f"{source} can't be imported as shop/web:2: ")
        assert "\n" not in str(refused.value)
    assert store.list_images() == []
    for left in ("leases", "layers/sha256", "blobs/sha256"):
        assert list((tmp_path / "images" / left).iterdir()) == []


@pytest.mark.parametrize("member", ["../index.json", "blobs/../../x"])
def test_names_that_leave_an_image_archive_are_refused(store, tmp_path, member):
    archive = tmp_path / "saved.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"))
        tar.addfile(tarfile.TarInfo(member))
    with pytest.raises(ImageRefused, match="outside of the archive"):
        load_archive(store, archive)


def test_an_archive_cannot_name_files_of_this_machine(store, tmp_path):
    source = tmp_path / "saved"
    source.mkdir()
    (source / "manifest.json").write_text(json.dumps([{"Config": "/etc/passwd", "RepoTags": ["a"], "Layers": []}]))
    for name in (source, tar_of(source, tmp_path / "saved.tar")):
        with pytest.raises(ImageRefused, match="/etc/passwd is not in it"):
            load_archive(store, name)


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a:b:c", HOST_IMAGE, "web@sha256:" + "0" * 64])
def test_a_name_that_can_be_no_images_is_refused(store, tmp_path, name):
    with pytest.raises(ImageRefused):
        import_image(store, name, tmp_path)


def test_only_the_host_can_be_a_base(store, tmp_path):
    with pytest.raises(ImageRefused, match="on top of"):
        import_image(store, "web", tmp_path, base="debian")


def test_a_replaced_image_stays_for_its_holders(store, tmp_path):
    old = import_image(store, "shop/web:1", tree(tmp_path / "old", app="old"))
    store.hold("task-1", ["shop/web:1"])
    new = import_image(store, "shop/web:1", tree(tmp_path / "new", app="new"))
    assert store.find("shop/web:1") == new
    for image in (store.find("shop/web:1", old.digest), store.find(f"shop/web@{old.digest}")):
        assert Path(image.layers[0], "app").read_text() == "old"
    store.release("task-1")
    store.prune()
    with pytest.raises(CannotPull, match="is not here any more"):
        store.find("shop/web:1", old.digest)
