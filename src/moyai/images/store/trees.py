"""Removes directory trees that strangers have made."""

from __future__ import annotations

import os
import tempfile


def remove_tree(path: str) -> None:
    """Remove a directory with everything in it; links are not followed. Raises OSError, and can be called again.

    A tree may be deeper than a path can be long, or than functions can call each other. So each subdirectory is moved
    to a new directory at the top before it is emptied.
    """
    flat = os.path.basename(tempfile.mkdtemp(prefix=".removing-", dir=path))  # noqa: PTH119 - pathlib is slow here
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
