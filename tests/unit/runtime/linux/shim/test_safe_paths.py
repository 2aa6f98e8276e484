"""Paths that a container has prepared: only regular files of a bounded size are read, and nothing blocks."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from moyai.runtime.linux.shim.safe_paths import open_below, read

MOST = 100


def test_a_file_is_read_and_a_missing_one_is_none(tmp_path):
    file = tmp_path / "file"
    assert read(str(file), MOST) is None
    file.write_bytes(b"x" * MOST)
    assert read(str(file), MOST) == b"x" * MOST
    assert read(str(file / "below"), MOST) is None
    (tmp_path / "link").symlink_to(file)
    assert read(str(tmp_path / "link"), MOST) == b"x" * MOST


def make_socket(path):
    os.chdir(path.parent)  # a socket's path may have 107 bytes only
    with socket.socket(socket.AF_UNIX) as link:
        link.bind(path.name)


def make_sparse(path):
    with path.open("wb") as file:
        file.truncate(2**40)


BAD: Mapping[str, Callable[[Path], object]] = {
    "fifo": os.mkfifo,
    "directory": Path.mkdir,
    "socket": make_socket,
    "loop": lambda path: path.symlink_to(path),
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "magic": lambda path: path.symlink_to("/proc/self/exe"),
    "large": lambda path: path.write_bytes(b"x" * (MOST + 1)),
    "sparse": make_sparse,
}


@pytest.mark.parametrize("kind", list(BAD))
def test_other_files_are_errors_with_their_path(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file"
    BAD[kind](path)
    with pytest.raises(OSError, match="file") as caught:
        read(str(path), MOST)
    assert caught.value.filename == str(path)


def test_a_link_that_replaces_a_new_directory_is_not_followed(tmp_path, monkeypatch):
    """As another container that has the host directory may put it there between two system calls."""
    secret, volume = tmp_path / "secret", tmp_path / "volume"
    secret.write_text("of the machine")
    secret.chmod(0o600)
    volume.mkdir()
    make = os.mkdir

    def make_and_replace(path, *arguments, dir_fd):
        make(path, *arguments, dir_fd=dir_fd)
        (volume / path).rmdir()
        (volume / path).symlink_to(secret)

    monkeypatch.setattr(os, "mkdir", make_and_replace)
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        open_below(str(volume), "data")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_missing_directories_are_readable_for_all_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        os.close(open_below(str(tmp_path), "a/b"))
        assert os.umask(0o077) == 0o077
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b")] == [0o755, 0o755]


@pytest.mark.parametrize("kind", [None, *BAD])
def test_a_directory_that_has_to_exist_is_neither_made_nor_replaced(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    if kind is not None:
        BAD[kind](tmp_path / "d")
    before = sorted(tmp_path.iterdir())
    for path in ("d", "d/e") if kind != "directory" else ("d/e",):
        with pytest.raises(OSError, match=r"^\[Errno"):
            open_below(str(tmp_path), path, make=False)
    assert sorted(tmp_path.iterdir()) == before
