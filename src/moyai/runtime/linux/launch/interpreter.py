"""The Python interpreter as a file that no container can write: the program of container monitors.

Promise: the first process of a container is forked from its monitor, and a container can execute the monitor's program
(its command may be ``/proc/self/exe``, or a script that begins with ``#!/proc/self/exe``) and so get hold of the file.
That file is on a read-only mount of its own, so root in a container, who is the machine's root, can't change it for the
monitors of other containers. Only some kernels protect a running program from being written.
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


def mount_interpreter(run: Path) -> None:
    """Mount the interpreter in this directory, if it is not there yet. Raises OSError."""
    target, program = run / _NAME, os.path.realpath(sys.executable)
    if _is_mounted(run):
        return
    unmount_interpreter(run)  # that of another version may be mounted
    target.touch(mode=0o700)
    syscalls.mount(program, str(target), None, MS_BIND)
    syscalls.mount(None, str(target), None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _is_mounted(run: Path) -> bool:
    """Whether the file is there and is the interpreter of this process."""
    target = run / _NAME
    return target.exists() and target.samefile(sys.executable) and bool(os.statvfs(target).f_flag & os.ST_RDONLY)


def unmount_interpreter(run: Path) -> None:
    """Undo ``mount_interpreter``. Running monitors keep the file that they run."""
    target = run / _NAME
    while target.exists() and os.statvfs(target).f_flag & os.ST_RDONLY:
        syscalls.umount(str(target))
    target.unlink(missing_ok=True)


def interpreter_path(run: Path) -> str:
    """The path of the mounted interpreter. A process that runs it needs ``sys.executable`` as its ``argv[0]``, by which
    Python finds its library. Raises OSError if it is not mounted: a container could write any other file.
    """
    if not _is_mounted(run):
        raise OSError(errno.ENOENT, "the interpreter for containers is not mounted", str(run / _NAME))
    return str(run / _NAME)
