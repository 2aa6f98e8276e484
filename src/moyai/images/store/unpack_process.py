"""The program of the process that unpacks layers. Its standard input is the socket of an ``Unpacker``.

For each request it forks a process that makes the layer's directory its root, and that forks another one with fewer
rights, which reads the archive. When the second one has succeeded, the first one applies the whiteouts, for which the
second one has no capability, and syncs the file system. A request has the descriptors of the archive, of an empty file
for records, of a pipe for the answer, and of a pipe with notifications if the archive is still arriving. The answer is
a line of JSON, followed by the line ``done`` if everything has succeeded.

So a process reads only one archive, and all processes end when the control plane is killed.
"""

from __future__ import annotations

import gc
import io
import json
import os
import socket
from contextlib import suppress
from typing import BinaryIO, Final

from moyai.images.errors import DISK_FULL
from moyai.images.store import confinement
from moyai.images.store.archive_stream import ArchiveStream, ArrivingFile, BadArchive
from moyai.images.store.extraction import Extraction, apply_records, is_machines_fault

_MAX_REQUEST_BYTES: Final = 64 * 1024
_MAX_FILES: Final = 4


def main() -> None:
    """Fork a process for each request, until the socket is closed."""
    confinement.die_with_parent()
    os.umask(0o022)
    gc.freeze()  # the memory of forked processes stays shared
    with socket.socket(fileno=0) as requests:
        while True:
            message, files, _, _ = socket.recv_fds(requests, _MAX_REQUEST_BYTES, _MAX_FILES)
            if not message:
                break
            if os.fork() == 0:
                requests.close()
                os._exit(_unpack(files, **json.loads(message)))
            for fd in files:
                os.close(fd)
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue
    with suppress(ChildProcessError):
        while os.waitpid(-1, 0):
            continue


def _unpack(files: list[int], directory: str, size: int | None) -> int:
    """Unpack an archive in the process that was forked for it. Returns the exit code."""
    confinement.die_with_parent()
    archive, records_fd, answer, *news = files
    for target in (1, 2):
        os.dup2(answer, target)
    os.close(answer)
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    with os.fdopen(records_fd, "w+b") as records:
        confinement.enter_directory(directory)
        if child := os.fork():
            for fd in (archive, *news):
                os.close(fd)
            status = os.waitpid(child, 0)[1]
            if os.WIFSIGNALED(status):
                return _fail(f"the process that unpacked it was ended by signal {os.WTERMSIG(status)}")
            return os.waitstatus_to_exitcode(status) or _finish(records, root)
        os.close(root)
        return _extract(io.FileIO(archive) if size is None else ArrivingFile(archive, size, *news), records)


def _extract(archive: io.RawIOBase, records: BinaryIO) -> int:
    confinement.die_with_parent()
    confinement.restrict_process()
    try:
        stream = ArchiveStream(archive)
        extraction = Extraction(stream, records)
        extraction.run()
        records.flush()
    except BadArchive as error:
        return _fail(str(error))
    except MemoryError:
        return _fail(f"unpacking it takes more than {confinement.MAX_MEMORY // 1024**2} MiB of memory")
    except OSError as error:
        return _fail_with(error)
    _answer(
        digest=stream.digest,
        diff_id=stream.diff_id,
        file_size=stream.file_size,
        size=stream.tell(),
        has_end=extraction.has_end,
    )
    return 0


def _finish(records: BinaryIO, root: int) -> int:
    try:
        apply_records(records)
        confinement.sync_file_system(root)
    except OSError as error:
        return _fail_with(error)
    os.write(1, b"done\n")
    return 0


def _fail_with(error: OSError) -> int:
    return _fail(
        error.strerror or str(error),
        is_full=error.errno in DISK_FULL,
        is_archives=not is_machines_fault(error),
    )


def _fail(reason: str, *, is_full: bool = False, is_archives: bool = True) -> int:
    _answer(error=reason, is_full=is_full, is_archives=is_archives)
    return 1


def _answer(**result: object) -> None:
    os.write(1, json.dumps(result).encode() + b"\n")


if __name__ == "__main__":
    main()
