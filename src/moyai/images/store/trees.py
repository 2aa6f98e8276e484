"""Removes untrusted directory trees."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import count, islice
from typing import Final

from moyai.images.errors import DISK_FULL

_AT_ONCE: Final = 1000


def remove_tree(path: str, is_interrupted: Callable[[], bool] = lambda: False) -> None:
    """Remove a directory with everything in it; links are not followed. Raises OSError, and InterruptedError as soon as
    ``is_interrupted`` returns True; the call can be repeated then.

    A tree may be deeper than the longest path or the deepest recursion, and have more directories than fit into memory.
    Therefore each subdirectory is moved to a new directory at the top before it is emptied.
    """
    flat = _make_directory(path)
    if flat is None:
        return
    numbers = count()

    def empty(directory: str) -> None:
        with os.scandir(directory) as entries:
            for entry in entries:
                if is_interrupted():
                    raise InterruptedError
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)  # noqa: PTH108
                elif entry.path != flat:
                    os.rename(entry.path, f"{flat}/{next(numbers)}")  # noqa: PTH104

    empty(path)
    while directories := _some_entries(flat):
        for directory in directories:
            empty(directory)
            os.rmdir(directory)  # noqa: PTH106
    os.rmdir(flat)  # noqa: PTH106
    os.rmdir(path)  # noqa: PTH106


def _make_directory(path: str) -> str | None:
    """Make a directory in ``path``. If the file system is full, first remove everything that can be removed without it;
    None if nothing is left then.
    """
    try:
        return tempfile.mkdtemp(prefix=".removing-", dir=path)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
    with contextlib.suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    return tempfile.mkdtemp(prefix=".removing-", dir=path) if os.path.exists(path) else None  # noqa: PTH110 - pathlib is slow


def _some_entries(directory: str) -> list[str]:
    """The paths of some entries of a directory; none if it is empty."""
    with os.scandir(directory) as entries:
        return [entry.path for entry in islice(entries, _AT_ONCE)]
