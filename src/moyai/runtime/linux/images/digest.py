"""The digest of an image: a hash of its files and of its configuration, whatever its tag is.

Promise: the same tree has the same digest on every machine, in whatever order a file system lists it. Any difference in
a path, a type, an owner, a mode, a link's target or a byte gives another digest. Times don't count: an archive that is
unpacked again has others.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

PREFIX = "sha256:"


def tree_digest(root: Path, header: bytes) -> str:
    """The digest of the files below ``root`` and of ``header``, the image's configuration. Raises OSError."""
    digest = hashlib.sha256(header)
    for path in _sorted_paths(root):
        digest.update(_entry(root, path))
    return f"{PREFIX}{digest.hexdigest()}"


def _sorted_paths(root: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(root):
        names.sort()
        yield from (Path(directory, name) for name in sorted((*names, *files)))


def _entry(root: Path, path: Path) -> bytes:
    status = path.lstat()
    kind, content = stat.S_IFMT(status.st_mode), b""
    if stat.S_ISLNK(status.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
    fields = (
        os.fsencode(path.relative_to(root)),
        kind,
        stat.S_IMODE(status.st_mode),
        status.st_uid,
        status.st_gid,
        content,
    )
    return b"".join(_length_prefixed(field if isinstance(field, bytes) else str(field).encode()) for field in fields)


def _length_prefixed(field: bytes) -> bytes:
    """A field with its length, so that no two lists of fields give the same bytes."""
    return len(field).to_bytes(8, "big") + field
