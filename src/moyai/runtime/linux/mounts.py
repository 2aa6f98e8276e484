"""The mounts of this process, as ``/proc/self/mountinfo`` lists them: proc_pid_mountinfo(5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Mount(NamedTuple):
    """One mount. ``directory``: which directory of the file system is shown at ``point``; ``options``: those of the
    file system, not those of this mount.
    """

    point: str
    device: str
    directory: str
    file_system: str
    options: tuple[str, ...] = ()


def parse(mountinfo: str) -> Iterator[Mount]:
    """The mounts in the text of a ``mountinfo``, in its order."""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        _, _, device, directory, point, *_ = fields.split()
        kind, _, options = rest.split(" ", 2)
        yield Mount(_unescape(point), device, _unescape(directory), kind, tuple(options.split(",")))


def _unescape(name: str) -> str:
    return name.encode().decode("unicode_escape")
