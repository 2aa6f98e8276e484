"""Unpacks archives of layers, each in a process of ``unpack_process`` that is confined to the layer's directory."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Final, NamedTuple

import msgspec

from moyai.images.errors import BadContent, NoSpace, PullFailed

_PROGRAM: Final = "moyai.images.store.unpack_process"
_MAX_ANSWER_BYTES: Final = 64 * 1024


class UnpackedLayer(msgspec.Struct, frozen=True):
    """The result of unpacking an archive."""

    digest: str
    """The digest of the file, which may be compressed."""
    diff_id: str
    """The digest of the archive in the file."""
    file_size: int
    size: int
    """The size of the archive in the file, in bytes."""
    has_end: bool
    """Whether the archive has an end mark. Without one it may have been cut between two members."""


class Arrival(NamedTuple):
    """The arrival of a file that is still being written. ``size``: its complete size in bytes. ``news``: the descriptor
    of a pipe that delivers bytes when more of the file has arrived, and ends when no more will.
    """

    size: int
    news: int


class _Failure(msgspec.Struct):
    error: str
    is_full: bool = False
    is_archives: bool = True


_LAYER = msgspec.json.Decoder(UnpackedLayer)
_FAILURE = msgspec.json.Decoder(_Failure)


class Unpacker:
    """A process that forks a confined one for each archive. Several threads may use it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requests, self._far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until it is closed

    def close(self) -> None:
        """End the process, and wait for it."""
        self._requests.close()
        self._far_end.close()
        if self._process is not None:
            self._process.wait()
        self._errors.close()

    def unpack(self, archive: BinaryIO, directory: Path, arrival: Arrival | None = None) -> UnpackedLayer:
        """Unpack a file with a (compressed) tar archive into an empty directory, which the caller removes after a
        failure. The file may be a pipe; with ``arrival`` it is read from its beginning while it arrives. Raises
        BadContent for a bad archive, NoSpace, and PullFailed if this machine can't unpack anything.
        """
        self._start()
        request = {"directory": str(directory), "size": None if arrival is None else arrival.size}
        reading, writing = os.pipe()
        try:
            with tempfile.TemporaryFile(dir=directory.parent) as records:
                files = [archive.fileno(), records.fileno(), writing, *(() if arrival is None else (arrival.news,))]
                with suppress(BrokenPipeError, ConnectionResetError):  # then there is no answer
                    socket.send_fds(self._requests, [json.dumps(request).encode()], files)
            os.close(writing)
            writing = -1
            return self._parse_answer(_read_to_end(reading))
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    def _start(self) -> None:
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-I", "-X", "utf8", "-m", _PROGRAM]
                self._process = subprocess.Popen(  # noqa: S603 - this package's own program
                    command, stdin=self._far_end.fileno(), stdout=subprocess.DEVNULL, stderr=self._errors
                )
                self._far_end.close()

    def _parse_answer(self, answer: bytes) -> UnpackedLayer:
        *lines, last_line = answer.splitlines() or [b""]
        if last_line == b"done" and lines:
            return _LAYER.decode(lines[-1])
        try:
            failure = _FAILURE.decode(last_line)
        except msgspec.DecodeError:
            errors = os.pread(self._errors.fileno(), _MAX_ANSWER_BYTES, 0).splitlines()
            reason = last_line or (errors or [b"the process that unpacks has ended"])[-1]
            raise PullFailed(f"nothing can be unpacked on this machine: {reason.decode(errors='replace')}") from None
        if failure.is_full:
            raise NoSpace(f"failed to extract layer: {failure.error}; remove images with `moyai image prune`")
        raise (BadContent if failure.is_archives else PullFailed)(f"failed to extract layer: {failure.error}")


def _read_to_end(pipe: int) -> bytes:
    """The last _MAX_ANSWER_BYTES bytes from a pipe, which ends with the last process that has its other end."""
    content = b""
    while piece := os.read(pipe, _MAX_ANSWER_BYTES):
        content = (content + piece)[-_MAX_ANSWER_BYTES:]
    return content
