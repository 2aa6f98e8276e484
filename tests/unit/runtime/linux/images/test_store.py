"""Images are imported completely or not at all, and nothing is written outside of their directory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import tarfile
from os import fstat
from pathlib import Path

import pytest

from moyai.images.model import ImageConfig
from moyai.ports.runtime import CannotPull
from moyai.runtime.linux.images import archive
from moyai.runtime.linux.images.store import HOST_IMAGE, ImageRefused, ImageStore

pytestmark = pytest.mark.root  # owners are kept


@pytest.fixture
def store(tmp_path):
    return ImageStore(tmp_path / "images")


def tar_of(path, *members):
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


def test_the_hosts_image_always_exists(store):
    assert store.find(HOST_IMAGE).on_host
    assert store.find(f"{HOST_IMAGE}:latest").layers == ()


def test_an_archive_becomes_an_image_with_its_configuration(store, tmp_path):
    config = ImageConfig(command=("/app",), environment={"A": "b"})
    source = tar_of(
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


def test_an_image_is_replaced_atomically(store, tmp_path):
    for name in ("first", "second"):
        store.import_image("web", tar_of(tmp_path / name, (name, tarfile.REGTYPE, b"")))
    assert [path.name for path in (tmp_path / "images/web/latest/rootfs").iterdir()] == ["second"]


@pytest.mark.parametrize(
    "members",
    [
        [("../outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{outside}"), ("out/outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{outside}/outside"), ("out", tarfile.REGTYPE, b"x")],
        [("out", tarfile.SYMTYPE, "{outside}"), ("out", tarfile.DIRTYPE, "")],
        [("out", tarfile.SYMTYPE, "../../../../.."), ("out/outside", tarfile.REGTYPE, b"x")],
        [("out", tarfile.LNKTYPE, "../secret")],
        [("link", tarfile.SYMTYPE, "{outside}/secret"), ("out", tarfile.LNKTYPE, "link")],
    ],
    ids=["dots", "through a link", "in place of a link", "a directory over a link", "far up", "hard", "hard to a link"],
)
def test_an_archive_that_leaves_its_directory_is_refused_completely(store, tmp_path, members):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    placed = [(n, k, c.format(outside=outside) if isinstance(c, str) else c) for n, k, c in members]
    with pytest.raises(ImageRefused, match="outside of the image"):
        store.import_image("bad", tar_of(tmp_path / "bad.tar", *placed))
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert not any(path.name.startswith(".import") for path in (tmp_path / "images").iterdir())
    with pytest.raises(CannotPull):
        store.find("bad")


def test_an_absolute_name_is_relative_to_the_root_of_the_image(store, tmp_path):
    store.import_image("web", tar_of(tmp_path / "a.tar", ("/etc/motd", tarfile.REGTYPE, b"hi")))
    assert (tmp_path / "images/web/latest/rootfs/etc/motd").read_text() == "hi"


def test_an_archive_that_is_too_large_is_refused(store, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_BYTES", 10)
    with pytest.raises(ImageRefused, match="more than"):
        store.import_image("big", tar_of(tmp_path / "big.tar", ("file", tarfile.REGTYPE, b"x" * 11)))


def written(members=(("app", tarfile.REGTYPE, b"program" * 3000),), **options):
    """The bytes of a tar of (name, kind, content or link); ``options`` change its last member."""
    archive_bytes = io.BytesIO()
    with tarfile.open(fileobj=archive_bytes, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(content)
            else:
                member.linkname = content
            if (name, kind, content) == members[-1]:
                for option, value in options.items():
                    setattr(member, option, value)
            tar.addfile(member, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
    return archive_bytes.getvalue()


def header_of(size):
    """An archive whose first member is an extended header that claims to have so many bytes."""
    member = tarfile.TarInfo("PaxHeader")
    member.type, member.size = tarfile.XHDTYPE, size
    return member.tobuf(tarfile.GNU_FORMAT) + bytes(4096)


REG, LNK, SYM, DIR = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE
LOOP = [("a", SYM, "b"), ("b", SYM, "a"), ("a/x", REG, b"x")]
MALFORMED = {
    "text": (b"not a tar", "no tar archive"),
    "nothing": (b"", "no tar archive"),
    "noise": (bytes(range(256)) * 40, "no tar archive"),
    "noise in gzip": (gzip.compress(bytes(range(256)) * 40), "no tar archive"),
    "a link to nothing": (written([("a", LNK, "gone")]), "a is a hard link to gone, which is not before it"),
    "a link to what comes later": (written([("a", LNK, "b"), ("b", REG, b"x")]), "is not before it"),
    "a link to itself": (written([("a", LNK, "a")]), "is not before it"),
    "links in a circle": (written([("a", LNK, "b"), ("b", LNK, "a")]), "is not before it"),
    "a way in a circle": (written(LOOP), "a/x"),
    "a file as a folder": (written([("a", REG, b"x"), ("a/b", REG, b"x")]), "a/b"),
    "cut in a file": (written()[:9000], "app: unexpected end"),
    "cut in a header": (written()[:700], "app: unexpected end"),
    "cut between files": (written()[: 512 + 21504], "ends in the middle"),
    "gzip that is cut": (gzip.compress(written())[:-30], "ended before"),
    "xz that is cut": (lzma.compress(written())[:-30], "ended before"),
    "bzip2 that is cut": (bz2.compress(written())[:-30], "no tar archive"),
    "gzip with a wrong sum": (gzip.compress(written())[:-8] + bytes(8), "CRC"),
    "noise behind a file": (written()[: 512 + 21504] + bytes(range(1, 256)) * 8, "web"),
    "an owner that can't be": (written(uid=2**70), "app"),
    "a time that can't be": (written(mtime=1e300), "app"),
    "a name with a NUL": (written(pax_headers={"path": "a\0b"}), "web"),
    "a name that is too long": (written([("d/" * 3000 + "x", REG, b"x")]), "too long"),
    "a header of a gigabyte": (header_of(2**30), "a header of 1073741824 bytes"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_archive_is_refused_in_one_sentence_and_leaves_nothing(store, tmp_path, kind):
    content, why = MALFORMED[kind]
    source = tmp_path / "root.tar"
    source.write_bytes(content)
    with pytest.raises(ImageRefused, match=why) as refused:
        store.import_image("shop/web:2", source)
    message = str(refused.value)
    assert message.startswith(f"{source} can't be imported as shop/web:2: ")
    assert "\n" not in message
    assert list((tmp_path / "images").rglob("*")) == []


@pytest.mark.parametrize("seed", range(8))
def test_a_corrupted_archive_is_imported_completely_or_refused(store, tmp_path, seed):
    members = [(f"d{n}/f{n}", REG, f"{n}".encode() * 400) for n in range(12)] + [
        ("hard", LNK, "d1/f1"),
        ("soft", SYM, "/x"),
    ]
    good, chance, source = written(members), random.Random(seed), tmp_path / "root.tar"  # noqa: S311 - the same bytes
    for packed in (good, gzip.compress(good), lzma.compress(good)) * 5:
        damaged = bytearray(packed)
        for place in chance.sample(range(len(damaged)), chance.choice([1, 3, 40])):
            damaged[place] ^= chance.randrange(1, 256)
        source.write_bytes(damaged)
        try:
            store.import_image("web", source)
        except ImageRefused as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - both ends are right
        left = [path.name for path in (tmp_path / "images").iterdir() if not path.name.startswith(".replaced-")]
        assert left in ([], ["web"])


def test_a_hard_link_to_a_device_is_left_out(store, tmp_path):
    members = [("dev/zero", tarfile.CHRTYPE, ""), ("zero", LNK, "dev/zero"), ("app", REG, b"x")]
    store.import_image("web", tar_of(tmp_path / "a.tar", *members))
    assert sorted(path.name for path in (tmp_path / "images/web/latest/rootfs").rglob("*")) == ["app"]


def test_special_files_of_a_directory_are_left_out(store, tmp_path):
    source = tree(tmp_path / "a", app="1")
    os.mkfifo(source / "fifo")
    (source / "dev").mkdir()
    os.mknod(source / "dev/zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    store.import_image("web", source)
    assert sorted(path.name for path in (tmp_path / "images/web/latest/rootfs").rglob("*")) == ["app", "dev"]


def test_an_image_stays_when_its_replacement_fails(store, tmp_path, monkeypatch):
    first = store.import_image("web", tree(tmp_path / "a", app="1"))
    rename = Path.rename

    def refusing(self, target):
        if self.name.startswith(".import-"):
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    with pytest.raises(ImageRefused):
        store.import_image("web", tree(tmp_path / "b", app="2"))
    assert store.find("web") == first
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["web"]


@pytest.mark.parametrize("name", ["", "Upper", "../up", "a//b", "a:b:c", "/etc", "web:" + "t" * 200])
def test_an_invalid_image_name_is_refused(store, tmp_path, name):
    with pytest.raises(ImageRefused):
        store.import_image(name, tmp_path)
    with pytest.raises(CannotPull, match="moyai image import"):
        store.find(name)


def test_only_the_host_image_can_be_a_base(store, tmp_path):
    with pytest.raises(ImageRefused, match="on top of"):
        store.import_image("web", tmp_path, base="debian")


def test_the_files_of_a_replaced_image_stay_for_running_tasks(store, tmp_path):
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
    store.remove_replaced()
    assert not list((tmp_path / "images").glob(".replaced-*"))


def tree(path, **files):
    """A directory with these files."""
    path.mkdir()
    for name, content in files.items():
        (path / name).write_text(content)
    return path


def test_a_digest_covers_files_and_configuration_but_no_times_and_no_tag(store, tmp_path):
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


def test_an_image_is_found_by_its_digest_after_its_tag_has_moved(store, tmp_path):
    old = store.import_image("shop/web:1", tree(tmp_path / "old", app="old"))
    new = store.import_image("shop/web:1", tree(tmp_path / "new", app="new"))
    assert store.find("shop/web:1") == new
    for image in (store.find("shop/web:1", old.digest), store.find(f"shop/web@{old.digest}")):
        assert Path(image.layers[0], "app").read_text() == "old"
        assert image.digest == old.digest
    assert store.find("shop/web:9", new.digest) == new  # the tag is gone, the image isn't
    for bad in (f"shop/other@{old.digest}", "shop/web@sha256:" + "0" * 64, "shop/web@x"):
        with pytest.raises(CannotPull):
            store.find(bad)
    store.remove_replaced()
    with pytest.raises(CannotPull, match="is not here any more; a new deployment takes what shop/web:1 is now"):
        store.find("shop/web:1", old.digest)
    assert store.digests() == {"shop/web:1": new.digest}


def test_the_hosts_root_has_no_digest(store):
    assert store.find(HOST_IMAGE).digest is None
    with pytest.raises(CannotPull):
        store.find(f"{HOST_IMAGE}@sha256:{'0' * 64}")


def test_an_image_of_a_version_without_digests_is_found(store, tmp_path):
    store.import_image("web", tree(tmp_path / "web", app="x"))
    manifest = tmp_path / "images/web/latest/manifest.json"
    manifest.write_text('{"base":null,"config":{}}')
    assert store.find("web").digest is None
