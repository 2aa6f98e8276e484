"""Removes directory trees that strangers have made."""

from __future__ import annotations

import os
import tempfile


def remove_tree(path: str) -> None:
    """Remove a directory with everything in it; links are not followed. Raises OSError.

    A tree may be deeper than a path can be long, or than functions can call each other. So each subdirectory is moved
    beside the top before it is emptied.
    """
    beside = tempfile.mkdtemp(prefix=".removing-", dir=os.path.dirname(path))  # noqa: PTH120 - pathlib is slow here
    waiting, number = [path], 0
    while waiting:
        directory = waiting.pop()
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    number += 1
                    waiting.append(f"{beside}/{number}")
                    os.rename(entry.path, waiting[-1])  # noqa: PTH104
                else:
                    os.unlink(entry.path)  # noqa: PTH108
        os.rmdir(directory)  # noqa: PTH106
    os.rmdir(beside)  # noqa: PTH106
