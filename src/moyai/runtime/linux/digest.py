"""What names an image whatever its tag says: a digest of its files and of how it is run.

Promise: the same for the same tree, on every machine and in every order that a file system lists it; another for any
difference in a path, a kind, an owner, a mode, a link's target or a byte. Times are left out: an archive that is
unpacked again has others.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

PREFIX = "sha256:"


def digest_of(root: Path, head: bytes) -> str:
    """``head``: what belongs to the image beside its files. Raises OSError."""
    whole = hashlib.sha256(head)
    for path in _paths(root):
        whole.update(_entry(root, path))
    return f"{PREFIX}{whole.hexdigest()}"


def _paths(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        names.sort()
        yield from (Path(directory, name) for name in sorted((*names, *files)))


def _entry(root: Path, path: Path) -> bytes:
    seen = path.lstat()
    kind, content = stat.S_IFMT(seen.st_mode), b""
    if stat.S_ISLNK(seen.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(seen.st_mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
    words = (os.fsencode(path.relative_to(root)), kind, stat.S_IMODE(seen.st_mode), seen.st_uid, seen.st_gid, content)
    return b"".join(_framed(word if isinstance(word, bytes) else str(word).encode()) for word in words)


def _framed(word: bytes) -> bytes:
    """So that no two rows of words read the same."""
    return len(word).to_bytes(8, "big") + word
