"""This interpreter as a file that nobody can write: what keepers are started from.

Promise: a container's first process comes from its keeper's program, and a container can have it run that program (its
command may be ``/proc/self/exe``, or a script that begins with ``#!/proc/self/exe``). The file that it then holds is on
a mount of its own that is read-only, so that root in a container, who is the machine's root, can't change it for the
keepers of all others. That a program which runs can't be written is true of some kernels only.
Source: CVE-2019-5736; https://man7.org/linux/man-pages/man2/execve.2.html (ETXTBSY)
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOSUID, MS_RDONLY, MS_REMOUNT

_NAME = "python"


def pin(run: Path) -> None:
    """Have the file in this directory, if it isn't there. Raises OSError."""
    place, own = run / _NAME, os.path.realpath(sys.executable)
    if is_pinned(run):
        return
    unpin(run)  # another version's
    place.touch(mode=0o700)
    syscalls.mount(own, str(place), None, MS_BIND)
    syscalls.mount(None, str(place), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def is_pinned(run: Path) -> bool:
    """Whether the file is there, and is the interpreter that this process runs."""
    place = run / _NAME
    return place.exists() and place.samefile(sys.executable) and bool(os.statvfs(place).f_flag & os.ST_RDONLY)


def unpin(run: Path) -> None:
    """Undo ``pin``. Keepers that run keep theirs."""
    place = run / _NAME
    while place.exists() and os.statvfs(place).f_flag & os.ST_RDONLY:
        syscalls.umount(str(place))
    place.unlink(missing_ok=True)


def program(run: Path) -> str:
    """What to start a keeper from. Its name has to be ``sys.executable``, by which it finds its library. Raises OSError
    when the file is not there: any other could be written by the container.
    """
    if not is_pinned(run):
        raise OSError(errno.ENOENT, "the interpreter for containers is not mounted", str(run / _NAME))
    return str(run / _NAME)
