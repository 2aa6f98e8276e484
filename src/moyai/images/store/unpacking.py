"""Unpacks the archive of a layer, in a process that is confined to the layer's directory: ``unpack_process``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import msgspec

from moyai.images.errors import BadContent, NoSpace, PullFailed

_PROGRAM = "moyai.images.store.unpack_process"


class UnpackedLayer(msgspec.Struct, frozen=True):
    """What an archive turned out to be."""

    digest: str
    """Of the file, as it was read."""
    diff_id: str
    """Of the archive in it."""
    file_size: int
    size: int
    """Of the archive in it, in bytes."""
    has_end: bool
    """The archive has an end mark. Without one it may have been cut between two members."""


class _Failure(msgspec.Struct):
    error: str
    is_full: bool = False
    is_archives: bool = True


_LAYER = msgspec.json.Decoder(UnpackedLayer)
_FAILURE = msgspec.json.Decoder(_Failure)


def unpack_archive(archive: BinaryIO, directory: Path) -> UnpackedLayer:
    """Unpack a file with a (compressed) tar archive into an empty directory, which the caller removes after a failure.

    The file may be a pipe. Raises BadContent with what is wrong with the archive, NoSpace, and PullFailed if this
    machine can't unpack anything.
    """
    with tempfile.TemporaryFile(dir=directory.parent) as records:
        number = str(records.fileno())
        command = [sys.executable, "-I", "-X", "utf8", "-m", _PROGRAM, str(directory), number]
        ended = subprocess.run(  # noqa: S603 - this package's own program
            command, stdin=archive, capture_output=True, pass_fds=(records.fileno(),), check=False
        )
    lines = ended.stdout.splitlines() or [b""]
    if ended.returncode == 0:
        return _LAYER.decode(lines[-1])
    try:
        failure = _FAILURE.decode(lines[-1])
    except msgspec.DecodeError:
        reason = (ended.stderr.decode(errors="replace").splitlines() or [f"exit code {ended.returncode}"])[-1]
        raise PullFailed(f"nothing can be unpacked on this machine: {reason}") from None
    if failure.is_full:
        raise NoSpace(f"failed to extract layer: {failure.error}; remove images with `moyai image prune`")
    raise (BadContent if failure.is_archives else PullFailed)(f"failed to extract layer: {failure.error}")
