"""The files of an image archive by their names, in a directory or copied from a tar archive."""

from __future__ import annotations

import io
import posixpath
import re
from pathlib import Path
from typing import BinaryIO, Final

from moyai.images.errors import BadContent
from moyai.images.store.archive_stream import READ_ERRORS, ArchiveStream, BadArchive
from moyai.images.store.tar_reader import TarReader

_MAX_FILES: Final = 10_000
_IMAGE_FILE: Final = re.compile(
    r"oci-layout|index\.json|manifest\.json|repositories|blobs/sha256/[0-9a-f]{64}"
    r"|[0-9a-f]{64}(\.json|\.tar|/VERSION|/json|/layer\.tar)"
)
"""The names of files in OCI layouts, and in archives of ``docker save``."""


class FileParts:
    """The files of an archive. Names are relative to the archive's root."""

    def __init__(self, files: dict[str, Path], root: Path | None = None) -> None:
        """``files``: the paths of files by their names. ``root``: a directory whose files are parts as well."""
        self._files = files
        self._root = root

    def open(self, name: str) -> BinaryIO | None:
        """The file with a name; None if there is none. Raises BadContent for a name outside of the archive."""
        name = _clean(name)
        path = self._files.get(name) if self._root is None else self._root / name
        return None if path is None or not path.is_file() else path.open("rb")


def copy_parts(archive: io.RawIOBase, directory: Path) -> FileParts:
    """The files of a (compressed) tar archive, copied into a directory under other names. Raises BadContent."""
    reader = TarReader(ArchiveStream(archive))
    try:
        return FileParts(_copy_files(reader, directory))
    except BadArchive as error:
        raise BadContent(str(error)) from error
    except READ_ERRORS as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise BadContent(f"{reader.name}: {error}") from error


def _copy_files(reader: TarReader, directory: Path) -> dict[str, Path]:
    """Copy the files of an archive; returns their paths by name. A link, which older versions of Docker write for a
    layer that two images share, is another name of the file.
    """
    files: dict[str, Path] = {}
    links: dict[str, str] = {}
    for number, member in enumerate(reader):
        name = _clean(member.name)
        if number > _MAX_FILES:
            raise BadArchive(f"it has more than {_MAX_FILES} members")
        if member.isreg() and member.sparse is None:
            files[name] = directory / f"part-{number}"
            with files[name].open("wb", buffering=0) as file:
                reader.copy(member.size, file.fileno())
        elif member.issym() or member.islnk():
            above = posixpath.dirname(name) if member.issym() else ""
            links[name] = _clean(posixpath.join(above, member.linkname))
    return {name: files[target] for name, target in links.items() if target in files} | files


def is_image_archive(archive: io.RawIOBase) -> bool:
    """Whether a (compressed) tar archive is one of images, not a root file system, by the name of its first file."""
    reader = TarReader(ArchiveStream(archive))
    try:
        names = (_clean(member.name) for member in reader if not member.isdir())
        first_name = next(names, "")
    except (BadArchive, BadContent):
        return False
    except READ_ERRORS:
        return False
    return _IMAGE_FILE.fullmatch(first_name) is not None


def _clean(name: str) -> str:
    """The name without ``.`` and empty components. Raises BadContent for one outside of the archive."""
    name = posixpath.normpath(name.lstrip("/"))
    if name.startswith(".."):
        raise BadContent(f"{name} is outside of the archive")
    return name
