"""Images come in whole or not at all, and never write outside of their directory."""

from __future__ import annotations

import io
import os
import tarfile
from os import fstat
from pathlib import Path

import pytest

from moyai.ports.runtime import ImageNotFound
from moyai.runtime.linux import rootfs
from moyai.runtime.linux.images import HOST_IMAGE, ImageConfig, ImageRefused, ImageStore

pytestmark = pytest.mark.root  # owners are kept


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "images")


def archive(path, *members):
    """A tar of (name, kind, content or link)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
            else:
                member.linkname = content
                tar.addfile(member)
    return path


def test_the_hosts_root_is_always_there(store):
    assert store.find(HOST_IMAGE).on_host
    assert store.find(f"{HOST_IMAGE}:latest").layers == ()


def test_an_archive_becomes_an_image_with_its_configuration(store, tmp_path):
    config = ImageConfig(command=("/app",), environment={"A": "b"})
    source = archive(
        tmp_path / "root.tar.gz",
        ("app", tarfile.REGTYPE, b"program"),
        ("bin", tarfile.SYMTYPE, "/usr/bin"),
        ("dev/null", tarfile.CHRTYPE, ""),
        ("hard", tarfile.LNKTYPE, "app"),
    )
    image = store.import_image("shop/web:2", source, base=HOST_IMAGE, config=config)
    assert store.find("shop/web:2") == image
    assert (image.on_host, image.config) == (True, config)
    root = tmp_path / "images/shop/web/2/rootfs"
    assert (root / "app").read_bytes() == (root / "hard").read_bytes() == b"program"
    assert str((root / "bin").readlink()) == "/usr/bin"
    assert not (root / "dev/null").exists()
    assert store.references() == ["shop/web:2"]


def test_an_image_is_replaced_whole(store, tmp_path):
    for name in ("first", "second"):
        store.import_image("web", archive(tmp_path / name, (name, tarfile.REGTYPE, b"")))
    assert [path.name for path in (tmp_path / "images/web/latest/rootfs").iterdir()] == ["second"]


@pytest.mark.parametrize(
    "members",
    [
        [("../outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{here}"), ("out/outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{here}/outside"), ("out", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{here}"), ("out", tarfile.DIRTYPE, "")],
        [("out", tarfile.SYMTYPE, "../../../../.."), ("out/outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.LNKTYPE, "../secret")],
        [("link", tarfile.SYMTYPE, "{here}/secret"), ("out", tarfile.LNKTYPE, "link")],
    ],
    ids=["dots", "through a link", "in place of a link", "a directory over a link", "far up", "hard", "hard to a link"],
)
def test_an_archive_that_reaches_out_is_refused_whole(store, tmp_path, members):
    here = tmp_path / "elsewhere"
    here.mkdir()
    (here / "secret").write_text("secret")
    placed = [(n, k, c.format(here=here) if isinstance(c, str) else c) for n, k, c in members]
    with pytest.raises(ImageRefused, match="outside of the image"):
        store.import_image("bad", archive(tmp_path / "bad.tar", *placed))
    assert sorted(path.name for path in here.iterdir()) == ["secret"]
    assert not any(path.name.startswith(".import") for path in (tmp_path / "images").iterdir())
    with pytest.raises(ImageNotFound):
        store.find("bad")


def test_an_absolute_name_is_taken_from_the_root_of_the_image(store, tmp_path):
    store.import_image("web", archive(tmp_path / "a.tar", ("/etc/motd", tarfile.REGTYPE, b"hi")))
    assert (tmp_path / "images/web/latest/rootfs/etc/motd").read_text() == "hi"


def test_an_archive_that_is_too_large_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(rootfs, "MAXIMUM_BYTES", 10)
    with pytest.raises(ImageRefused, match="more than"):
        store.import_image("big", archive(tmp_path / "big.tar", ("file", tarfile.REGTYPE, b"x" * 11)))


def test_what_is_no_archive_is_refused(store, tmp_path):
    (tmp_path / "text").write_text("not a tar")
    with pytest.raises(ImageRefused, match="can't be imported"):
        store.import_image("web", tmp_path / "text")


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a//b", "a:b:c", "/etc", "web:" + "t" * 200])
def test_a_name_that_is_none_is_refused_and_never_found(store, tmp_path, name):
    with pytest.raises(ImageRefused):
        store.import_image(name, tmp_path)
    with pytest.raises(ImageNotFound, match="moyai image import"):
        store.find(name)


def test_only_the_host_can_be_a_base(store, tmp_path):
    with pytest.raises(ImageRefused, match="on top of"):
        store.import_image("web", tmp_path, base="debian")


def test_what_a_running_task_stands_on_outlives_the_image_that_replaces_it(store, tmp_path):
    for content in ("old", "new"):
        (tmp_path / content).mkdir()
        (tmp_path / content / "app").write_text(content)
    first = store.import_image("shop:1", tmp_path / "old")
    with Path(first.layers[0], "app").open() as below_a_task:
        second = store.import_image("shop:1", tmp_path / "new")
        replaced = list((tmp_path / "images").glob(".replaced-*/rootfs/app"))
        assert [path.stat().st_ino for path in replaced] == [fstat(below_a_task.fileno()).st_ino]
    assert store.references() == ["shop:1"]
    assert Path(second.layers[0], "app").read_text() == "new"
    store.forget_replaced()
    assert not list((tmp_path / "images").glob(".replaced-*"))


def tree(path, **files):
    """A directory with these files."""
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content)
    return path


def test_a_digest_is_the_trees_and_of_how_it_is_run_and_not_of_its_times_or_its_tag(store, tmp_path):
    source = tree(tmp_path / "a", app="1", conf="x")
    first = store.import_image("web:1", source).digest
    assert first is not None
    assert len(first) == len("sha256:") + 64
    os.utime(source / "app", (1, 1))
    assert store.import_image("web:2", source).digest == first
    others = [store.import_image("web:3", source, config=ImageConfig(user="1")).digest]
    (source / "app").chmod(0o700)
    others.append(store.import_image("web:3", source).digest)
    (source / "app").write_text("2")
    others.append(store.import_image("web:3", source).digest)
    (source / "app").rename(source / "app2")
    others.append(store.import_image("web:3", source).digest)
    (source / "app2").unlink()
    (source / "app2").symlink_to("conf")
    others.append(store.import_image("web:3", source).digest)
    (source / "app2").unlink()
    (source / "app2").symlink_to("conf2")
    others.append(store.import_image("web:3", source).digest)
    assert len({first, *others}) == 7


def test_an_image_is_found_by_its_digest_wherever_its_tag_is(store, tmp_path):
    old = store.import_image("shop/web:1", tree(tmp_path / "old", app="old"))
    new = store.import_image("shop/web:1", tree(tmp_path / "new", app="new"))
    assert store.find("shop/web:1") == new
    for found in (store.find("shop/web:1", old.digest), store.find(f"shop/web@{old.digest}")):
        assert Path(found.layers[0], "app").read_text() == "old"
        assert found.digest == old.digest
    assert store.find("shop/web:9", new.digest) == new  # the tag is gone, the image isn't
    for bad in (f"shop/other@{old.digest}", "shop/web@sha256:" + "0" * 64, "shop/web@x"):
        with pytest.raises(ImageNotFound):
            store.find(bad)
    store.forget_replaced()
    with pytest.raises(ImageNotFound, match="is not here any more; a new deployment takes what shop/web:1 is now"):
        store.find("shop/web:1", old.digest)
    assert store.digests() == {"shop/web:1": new.digest}


def test_the_hosts_root_has_no_digest(store):
    assert store.find(HOST_IMAGE).digest is None
    with pytest.raises(ImageNotFound):
        store.find(f"{HOST_IMAGE}@sha256:{'0' * 64}")


def test_an_image_that_was_imported_before_there_were_digests_runs(store, tmp_path):
    store.import_image("web", tree(tmp_path / "web", app="x"))
    manifest = tmp_path / "images/web/latest/manifest.json"
    manifest.write_text('{"base":null,"config":{}}')
    assert store.find("web").digest is None
