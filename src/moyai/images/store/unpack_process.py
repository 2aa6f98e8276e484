"""The program of the process that unpacks a layer: ``unpack_process DIRECTORY RECORDS < ARCHIVE``.

It makes DIRECTORY its root and starts a second process with fewer rights, which reads the archive. When that has
succeeded, the first one applies the whiteouts, for which the second has no capability, and syncs the file system.
RECORDS is the number of a descriptor of an empty file. The result is a line of JSON on standard output, see ``Result``;
the exit code is 0 for success.

A layer's directory therefore never has more than one process that trusts nothing, and a control plane that is killed
takes both with it.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from typing import BinaryIO

from moyai.images.store import confinement
from moyai.images.store.archive_stream import ArchiveStream, BadArchive
from moyai.images.store.extraction import Extraction, apply_records, is_machines_fault


def main() -> int:
    """Unpack standard input into the directory. Returns the exit code."""
    confinement.die_with_parent()
    _, directory, number = sys.argv
    root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    with os.fdopen(int(number), "w+b") as records:
        os.umask(0o022)
        confinement.enter_directory(directory)
        if child := os.fork():
            os.close(0)
            status = os.waitpid(child, 0)[1]
            if os.WIFSIGNALED(status):
                return _fail(f"the process that unpacked it was ended by signal {os.WTERMSIG(status)}")
            return os.waitstatus_to_exitcode(status) or _finish(records, root)
        os.close(root)
        return _extract(records)


def _extract(records: BinaryIO) -> int:
    confinement.die_with_parent()
    confinement.restrict_process()
    try:
        stream = ArchiveStream(io.FileIO(0))
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
    return 0


def _fail_with(error: OSError) -> int:
    return _fail(
        error.strerror or str(error),
        is_full=error.errno in {errno.ENOSPC, errno.EDQUOT},
        is_archives=not is_machines_fault(error),
    )


def _fail(reason: str, *, is_full: bool = False, is_archives: bool = True) -> int:
    _answer(error=reason, is_full=is_full, is_archives=is_archives)
    return 1


def _answer(**result: object) -> None:
    os.write(1, json.dumps(result).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main())
