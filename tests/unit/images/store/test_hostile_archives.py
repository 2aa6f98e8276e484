"""A layer's archive is a stranger's: it is unpacked inside of its directory, or refused, and then leaves nothing.

Each archive tries to write outside, to use up a resource, or to be read differently than it is written.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import stat
import subprocess
import sys
import tarfile
import tempfile

import pytest

from moyai.images.errors import BadContent
from moyai.images.store.image_store import ImageStore

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.root  # owners are kept

REG, LNK, SYM, DIR, CHR, FIFO = (
    tarfile.REGTYPE,
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.DIRTYPE,
    tarfile.CHRTYPE,
    tarfile.FIFOTYPE,
)
APP = ("app", REG, b"program" * 3000)


def tar_of(*members, **last):
    """The bytes of a tar of (name, kind, content or link); ``last``: attributes of its last member."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number, (name, kind, content) in enumerate(members, start=1):
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == REG:
                member.size = len(content)
            else:
                member.linkname = content
            if number == len(members):
                for attribute, value in last.items():
                    setattr(member, attribute, value)
            tar.addfile(member, io.BytesIO(content) if kind == REG else None)
    return archive.getvalue()


def header(name="x", kind=REG, size=0, **fields):
    """One header, which may lie about the size."""
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    for field, value in fields.items():
        setattr(member, field, value)
    return member.tobuf(tarfile.GNU_FORMAT)


def with_field(raw, start, content):
    """A header with other bytes in a field, and the checksum that belongs to them."""
    changed = bytearray(raw)
    changed[start : start + len(content)] = content
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed[:512])
    return bytes(changed)


END = bytes(1024)
SPARSE = with_field(header(kind=tarfile.GNUTYPE_SPARSE), 482, b"\1")
EXTENSION = b"%011o\0" % 1 * 42 + b"\1" + bytes(7)
LONG_HEADER = header(kind=tarfile.XHDTYPE, size=2**16) + bytes(2**16)
GLOBAL_HEADERS = b"".join(
    tarfile.TarInfo.create_pax_global_header({f"comment{number}": "x" * 2**14}) + header() for number in range(5)
)
NEGATIVE_SIZE = with_field(header(), 124, b"\xff" * 12)

REFUSED = {
    "dots": (tar_of(("../outside", REG, b"x")), "outside of the image"),
    "dots inside": (tar_of(("a/../../outside", REG, b"x")), "outside of the image"),
    "dots at the end": (tar_of(("a/..", DIR, "")), "outside of the image"),
    "a link's dots": (tar_of(("out", LNK, "../secret")), "outside of the image"),
    "an absolute link's dots": (tar_of(("out", LNK, "/../secret")), "outside of the image"),
    "a link to nothing": (tar_of(("a", LNK, "gone")), "a is a hard link to gone, which is no file before it"),
    "a link to what comes later": (tar_of(("a", LNK, "b"), ("b", REG, b"x")), "no file before it"),
    "a link to itself": (tar_of(("a", LNK, "a")), "no file before it"),
    "a link to a directory": (tar_of(("d", DIR, ""), ("a", LNK, "d")), "no file before it"),
    "a link to the root": (tar_of(("a", LNK, "/")), "no file before it"),
    "links in a circle": (tar_of(("a", SYM, "b"), ("b", SYM, "a"), ("a/x", REG, b"x")), "a/x"),
    "a file as a directory": (tar_of(("a", REG, b"x"), ("a/b", REG, b"x")), "a/b"),
    "a directory behind a dangling link": (tar_of(("a", SYM, "gone"), ("a/b", REG, b"x")), "a/b"),
    "a root that is a file": (tar_of(("./", REG, b"x")), ""),
    "a root that is a link": (tar_of((".", SYM, "/etc")), "root is no directory"),
    "a whiteout of the root": (tar_of((".wh.", REG, b"")), "whiteout of nothing"),
    "a whiteout of here": (tar_of(("a/.wh..", REG, b"")), "whiteout of nothing"),
    "a whiteout of what is above": (tar_of(("a/.wh...", REG, b"")), "whiteout of nothing"),
    "a file in a whiteout": (tar_of((".wh.a/b", REG, b"x")), "inside of a whiteout"),
    "a whiteout below a file": (tar_of(("a", REG, b"x"), ("a/.wh.b", REG, b"")), "Not a directory"),
    "text": (b"not a tar", "no tar archive"),
    "nothing": (b"", "no tar archive"),
    "noise": (bytes(range(256)) * 40, "no tar archive"),
    "noise in gzip": (gzip.compress(bytes(range(256)) * 40), "no tar archive"),
    "noise in zstd": (zstd.compress(bytes(range(256)) * 40), "no tar archive"),
    "cut in a file": (tar_of(APP)[:9000], "unexpected end"),
    "cut in a header": (tar_of(APP)[:700], "app"),
    "cut between files": (tar_of(APP)[: 512 + 21504], "ends in the middle"),
    "gzip that is cut": (gzip.compress(tar_of(APP))[:-30], "ended before"),
    "zstd that is cut": (zstd.compress(tar_of(APP))[:-10], ""),
    "xz that is cut": (lzma.compress(tar_of(APP))[:-30], "ended before"),
    "bzip2 that is cut": (bz2.compress(tar_of(APP))[:-30], ""),
    "gzip with a wrong checksum": (gzip.compress(tar_of(APP))[:-8] + bytes(8), "CRC"),
    "garbage behind gzip": (gzip.compress(tar_of(APP)) + b"garbage", ""),
    "noise behind a file": (tar_of(APP)[: 512 + 21504] + bytes(range(1, 256)) * 8, "goes on with what is no archive"),
    "a negative size": (NEGATIVE_SIZE + END, ""),
    "a negative header": (with_field(header(kind=tarfile.XHDTYPE), 124, b"\xff" * 12) + END, ""),
    "a size of an exabyte": (with_field(header(), 124, b"\x80" + bytes(3) + b"\x0f" + b"\xff" * 7) + END, "bytes"),
    "a header of a gigabyte": (header(kind=tarfile.XHDTYPE, size=2**30) + END, "1073742336 bytes of headers"),
    "a long name of a gigabyte": (header(kind=tarfile.GNUTYPE_LONGNAME, size=2**30) + END, "1073742336 bytes"),
    "an endless map of a sparse file": (SPARSE + EXTENSION * 3000 + END, "bytes of headers"),
    "a chain of headers": (LONG_HEADER * 20 + header() + END, "bytes of headers"),
    "growing global headers": (GLOBAL_HEADERS + END, "its global headers are too long"),
    "headers in headers": (b"".join(header(kind=tarfile.XHDTYPE) for _ in range(5000)) + END, ""),
    "a sparse file of an exabyte": (tar_of(APP, pax_headers={"GNU.sparse.size": str(2**60)}), ""),
    "a sparse map that is none": (tar_of(APP, pax_headers={"GNU.sparse.map": "0,x"}), ""),
    "an owner that can't be": (tar_of(APP, uid=2**70), "app"),
    "an owner that means none": (tar_of(APP, uid=2**32 - 1), "belongs to 4294967295"),
    "a negative owner": (with_field(header(), 108, b"\xff" * 8) + END, "belongs to -1"),
    "a time that can't be": (tar_of(APP, mtime=1e300), "app"),
    "a time that is no number": (tar_of(APP, pax_headers={"mtime": "nan"}), ""),
    "a name with a NUL": (tar_of(APP, pax_headers={"path": "a\0b"}), ""),
    "a link with a NUL": (tar_of(("a", SYM, "b"), pax_headers={"linkpath": "a\0b"}), ""),
    "a name that is too long": (tar_of(("n" * 300, REG, b"x")), "too long"),
    "a path that is too long": (tar_of(("d/" * 3000 + "x", REG, b"x")), ""),
    "a capability that is none": (tar_of(APP, pax_headers={"SCHILY.xattr.security.capability": "root"}), "app"),
    "a bomb in gzip": (gzip.compress(header(size=3 * 2**30) + bytes(2**22)), ""),
    "a bomb of zeros": (
        zstd.compress(header(size=3 * 2**30)) + zstd.compress(bytes(2**24)) * 160,
        "decompression bomb",
    ),
    "too many device nodes": (b"".join(header(f"d{n}", CHR) for n in range(10_001)) + END, "10000 device nodes"),
    "a window of two gigabytes": (bytes.fromhex("28b52ffd0000a800") + bytes(64), ""),
}


@pytest.fixture
def directory(tmp_path):
    """A directory that two others are beside."""
    path = tmp_path / "store"
    path.mkdir()
    (tmp_path / "secret").write_text("secret")
    return path


def unpack(directory, content):
    """The directory with what was unpacked. Raises BadContent."""
    store = ImageStore(directory / "images")
    with store.lease() as lease, tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        layer = lease.add_archive(file)
        (store._store.layer(layer.diff_id)).rename(directory / "kept")
    return directory / "kept/root"


def names(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.mark.parametrize("kind", REFUSED)
def test_a_hostile_archive_is_refused_in_one_sentence_and_leaves_nothing(directory, kind):
    content, reason = REFUSED[kind]
    with pytest.raises(BadContent) as refused:
        unpack(directory, content)
    assert str(refused.value).startswith("failed to extract layer: ") or "end mark" in str(refused.value)
    assert reason in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (directory.parent / "secret").read_text() == "secret"
    assert sorted(path.name for path in directory.parent.iterdir()) == ["secret", "store"]
    for left in ("leases", "layers/sha256", "blobs/sha256"):
        assert list((directory / "images" / left).iterdir()) == []


CONTAINED: dict[str, tuple[list[tuple[str, bytes, str | bytes]], list[str]]] = {
    "an absolute name": ([("/etc/motd", REG, b"x")], ["etc", "etc/motd"]),
    "through a link that leads outside": (
        [("out", SYM, "/"), ("out/inside", REG, b"x")],
        ["inside", "out"],
    ),
    "through a link far up": (
        [("out", SYM, "../../../../.."), ("out/inside", REG, b"x")],
        ["inside", "out"],
    ),
    "in place of a link": ([("out", SYM, "/secret"), ("out", REG, b"x")], ["out"]),
    "a directory over a link": ([("out", SYM, "/"), ("out", DIR, "")], ["out"]),
    "a hard link to a link": ([("link", SYM, "/secret"), ("out", LNK, "link")], ["link", "out"]),
    "a file over a directory": ([("d/e/f", REG, b"x"), ("d", REG, b"y")], ["d"]),
    "a device": ([("zero", CHR, ""), ("app", REG, b"x")], ["app"]),
    "a hard link to a device": ([("zero", CHR, ""), ("link", LNK, "zero")], []),
    "a FIFO": ([("fifo", FIFO, "")], []),
    "a device that looks like a whiteout": ([("gone", CHR, "")], []),
    "marks of aufs": ([(".wh..wh.plnk", DIR, ""), (".wh..wh.aufs", REG, b"")], []),
    "a member of a type that nobody knows": ([("x", b"V", ""), ("app", REG, b"x")], ["app"]),
    "a name in other bytes": ([("caf\udce9", REG, b"x")], ["caf\udce9"]),
    "a name with a newline": ([("a\nb", REG, b"x")], ["a\nb"]),
}


@pytest.mark.parametrize("kind", CONTAINED)
def test_absolute_paths_of_an_archive_stay_in_its_root(directory, kind):
    members, expected = CONTAINED[kind]
    root = unpack(directory, tar_of(*members))
    assert names(root) == expected
    assert (directory.parent / "secret").read_text() == "secret"


def test_attributes_are_kept_except_for_the_overlays_own(directory):
    headers = {"SCHILY.xattr.trusted.overlay.redirect": "/etc", "SCHILY.xattr.user.note": "x"}
    root = unpack(
        directory,
        tar_of(("dir", DIR, ""), ("app", REG, b"x"), mode=0o4755, uid=1000, gid=70000, mtime=12.5, pax_headers=headers),
    )
    status = (root / "app").stat()
    assert (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid) == (0o4755, 1000, 70000)
    assert status.st_mtime == 12.5
    assert os.listxattr(root / "app") == []


def test_a_capability_and_the_time_of_a_directory_are_kept(directory):
    capability = bytes.fromhex("0100000200040000000000000000000000000000").decode("utf-8", "surrogateescape")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        parent, ping = tarfile.TarInfo("bin"), tarfile.TarInfo("bin/ping")
        parent.type, parent.mtime = DIR, 1000
        ping.pax_headers = {"SCHILY.xattr.security.capability": capability}
        tar.addfile(parent)
        tar.addfile(ping, io.BytesIO())
    root = unpack(directory, archive.getvalue())
    assert os.getxattr(root / "bin/ping", "security.capability").hex().startswith("0100000200040000")
    assert (root / "bin").stat().st_mtime == 1000


def test_whiteouts_are_what_an_overlay_reads(directory):
    archive = tar_of(
        ("etc/.wh.motd", REG, b""),
        ("var/.wh..wh..opq", REG, b""),
        ("var/new", REG, b"x"),
        ("both", REG, b"x"),
        (".wh.both", REG, b""),
        ("opt/app", REG, b"x"),
        (".wh.opt", REG, b""),
    )
    root = unpack(directory, archive)
    whiteout = (root / "etc/motd").lstat()
    assert stat.S_ISCHR(whiteout.st_mode)
    assert whiteout.st_rdev == 0
    assert {path: os.getxattr(root / path, "trusted.overlay.opaque") for path in ("var", "opt")} == {
        "var": b"y",
        "opt": b"y",
    }
    assert names(root) == ["both", "etc", "etc/motd", "opt", "opt/app", "var", "var/new"]


def test_a_sparse_file_keeps_its_holes(directory):
    archive = directory / "sparse.tar"
    with (directory / "sparse").open("wb") as file:
        file.seek(2**26)
        file.write(b"end")
    assert os.system(f"tar -C {directory} --sparse -cf {archive} sparse") == 0  # noqa: S605 - GNU tar's own format
    root = unpack(directory, archive.read_bytes())
    assert (root / "sparse").stat().st_size == 2**26 + 3
    assert (root / "sparse").stat().st_blocks * 512 < 2**20


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstd.compress, bz2.compress, lzma.compress])
def test_the_bytes_tell_the_compression(directory, compress):
    assert names(unpack(directory, compress(tar_of(APP)))) == ["app"]


def test_several_streams_in_one_file_are_one_archive(directory):
    content = tar_of(APP)
    parts = (content[:5000], content[5000:])
    assert names(unpack(directory, b"".join(map(gzip.compress, parts)))) == ["app"]


@pytest.mark.parametrize("seed", range(4))
def test_a_corrupted_archive_is_unpacked_completely_or_refused(directory, seed):
    members = [(f"d{n}/f{n}", REG, f"{n}".encode() * 400) for n in range(12)]
    good = tar_of(*members, ("hard", LNK, "d1/f1"), ("soft", SYM, "/x"))
    chance = random.Random(seed)  # noqa: S311 - the same bytes each time
    for number, packed in enumerate([good, gzip.compress(good), zstd.compress(good)]):
        damaged = bytearray(packed)
        for place in chance.sample(range(len(damaged)), chance.choice([1, 3, 40])):
            damaged[place] ^= chance.randrange(1, 256)
        place = directory / f"{number}"
        place.mkdir()
        try:
            unpack(place, bytes(damaged))
        except BadContent as refused:
            assert "\n" not in str(refused)  # noqa: PT017 - both ends are right
        assert list((place / "images/leases").iterdir()) == []
    assert (directory.parent / "secret").read_text() == "secret"


def test_a_large_archive_takes_little_memory(directory):
    archive = directory / "large.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(20_000):
            tar.addfile(tarfile.TarInfo(f"file-{number}"))
        large = tarfile.TarInfo("large")
        large.size = 2**26
        tar.addfile(large, io.BytesIO(bytes(large.size)))
    program = f"""
import resource
from pathlib import Path
from moyai.images.store.unpacking import Unpacker
root = Path({str(directory)!r}, "root")
root.mkdir()
with open({str(archive)!r}, "rb") as file:
    unpacker = Unpacker()
    unpacker.unpack(file, root)
    unpacker.close()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    printed = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert int(printed) < 60 * 1024  # KiB; an interpreter alone has 20
