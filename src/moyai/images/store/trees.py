"""Removes directory trees that strangers have made."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from typing import Final

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def remove_tree(path: str) -> None:
    """Remove a directory with everything in it; links are not followed. Raises OSError, and can be called again.

    A tree may be deeper than a path can be long, or than functions can call each other. So each subdirectory is moved
    to a new directory at the top before it is emptied.
    """
    try:
        top = tempfile.mkdtemp(prefix=".removing-", dir=path)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _make_room(path)
        if not os.path.exists(path):  # noqa: PTH110 - pathlib is slow here
            return
        top = tempfile.mkdtemp(prefix=".removing-", dir=path)
    flat = os.path.basename(top)  # noqa: PTH119
    waiting, number = [path], 0
    while waiting:
        directory = waiting.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if directory == path and entry.name == flat:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    number += 1
                    waiting.append(f"{path}/{flat}/{number}")
                    os.rename(entry.path, waiting[-1])  # noqa: PTH104
                else:
                    os.unlink(entry.path)  # noqa: PTH108
        if directory != path:
            os.rmdir(directory)  # noqa: PTH106
    os.rmdir(f"{path}/{flat}")  # noqa: PTH106
    os.rmdir(path)  # noqa: PTH106


def _make_room(path: str) -> None:
    """Remove what can be removed without a new directory, from a file system that has no room for one."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
