"""Files of a container, as they are read: what is no regular file of a modest size is an error, and nobody waits."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from moyai.runtime.linux.shim.safe_paths import read

MOST = 100


def test_a_file_is_read_and_one_that_is_not_there_is_none(tmp_path):
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
def test_everything_else_is_an_error_with_its_path(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file"
    BAD[kind](path)
    with pytest.raises(OSError, match="file") as caught:
        read(str(path), MOST)
    assert caught.value.filename == str(path)
