"""The mounts of this process, as ``/proc/self/mountinfo`` lists them: proc_pid_mountinfo(5).

Any user of the machine who may mount (FUSE) chooses the names in that file. The kernel escapes spaces, tabs, newlines
and backslashes in them and nothing else, so only a space and a newline separate anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPE = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """One mount. ``directory``: which directory of the file system is shown at ``point``; ``options``: those of the
    file system, not those of this mount.
    """

    point: str
    device: str
    directory: str
    file_system: str
    options: tuple[str, ...] = ()


def current_mounts() -> Iterator[Mount]:
    """The mounts that this process sees now, in the order of the file. Names that are no text are as ``os.fsdecode``
    gives them.
    """
    return parse(os.fsdecode(_MOUNTINFO.read_bytes()))


def parse(mountinfo: str) -> Iterator[Mount]:
    """The mounts in the text of a ``mountinfo``, in its order."""
    for line in mountinfo.rstrip("\n").split("\n"):
        fields, _, rest = line.partition(" - ")
        _, _, device, directory, point, *_ = fields.split(" ")
        kind, _, options = rest.split(" ", 2)
        yield Mount(_unescape(point), device, _unescape(directory), kind, tuple(options.split(",")))


def _unescape(name: str) -> str:
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), name)
