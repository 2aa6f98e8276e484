"""The file systems of Amazon EFS: directories in the state directory, which tasks share and write to.

Promise: files have the ids on the disk that they have in containers (see shim/user_namespace.py and access_point.py),
so that tasks with different ids share them. What a task has made there leads nowhere else: no symbolic link is
followed. A directory appears with its owner and mode at once, also when moyai is killed meanwhile. Blocking; only one
call of ``prepare`` and ``remove`` at a time.
Source: https://docs.aws.amazon.com/efs/latest/ug/enforce-root-directory-access-point.html
"""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from pathlib import Path

from moyai.domain.sandbox.file_system import DirectoryOwner, FileSystemMount
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.images.store.trees import remove_tree
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS
from moyai.runtime.linux.tasks import sandboxes

_ROOT = DirectoryOwner(0, 0, 0o755)
_NEW = "new-"
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_INSIDE = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
_MAX_COUNT_SECONDS = 60
_SEARCH_PATH = "/usr/bin:/bin"


def prepare(paths: RuntimePaths, spec: SandboxSpec) -> None:
    """Make the directories that a sandbox's file systems need. Raises SandboxFailed for one that can't be mounted."""
    for mount in spec.file_systems.values():
        try:
            _prepare(paths, mount)
        except OSError as error:
            raise SandboxFailed(
                "failed to invoke EFS utils commands to set up EFS volumes: stderr: b'mount.nfs4: mounting "
                f"{mount.host_name}:{mount.directory} failed, reason given by server: {error.strerror}' : unsuccessful"
                " EFS utils command execution; code: 32"
            ) from error


def _prepare(paths: RuntimePaths, mount: FileSystemMount) -> None:
    paths.file_systems.mkdir(mode=0o700, exist_ok=True)
    directory = os.open(paths.file_systems, _DIRECTORY)
    parts = [part for part in mount.directory.split("/") if part not in {"", "."}]
    owners = [_ROOT, *(mount.owner for _ in parts)]
    for part, owner in zip((paths.file_system(mount.file_system).name, *parts), owners, strict=True):
        parent = directory
        try:
            directory = _open_or_make(paths, parent, part, owner)
        finally:
            os.close(parent)
    os.close(directory)


def _open_or_make(paths: RuntimePaths, parent: int, name: str, owner: DirectoryOwner | None) -> int:
    """Open a directory in ``parent``. A missing one is made where no task sees it, and moved; without an ``owner`` it
    has to exist. Raises OSError.
    """
    try:
        return syscalls.openat2(parent, name, _DIRECTORY, _INSIDE)
    except FileNotFoundError:
        if owner is None:
            raise
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=paths.file_systems))
    os.chown(new, owner.uid, owner.gid)
    new.chmod(owner.mode)
    try:
        os.rename(new, name, dst_dir_fd=parent)
    except OSError as error:
        new.rmdir()
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:  # a task has made something meanwhile
            raise
    return syscalls.openat2(parent, name, _DIRECTORY, _INSIDE)


def remove(paths: RuntimePaths, identity: str) -> bool:
    """Remove a file system, unless a sandbox may mount it: then False. Raises OSError."""
    for task in paths.known_tasks():
        spec = sandboxes.load_incomplete(paths, task)
        if spec is not None and any(mount.file_system == identity for mount in spec.file_systems.values()):
            return False
    if not paths.file_systems.exists():
        return True
    for path in (*paths.file_systems.glob(f"{_NEW}*"), paths.file_system(identity)):
        if path.exists():
            remove_tree(str(path))
    return True


def size(paths: RuntimePaths, identity: str) -> int | None:
    """The bytes that a file system has on the disk; None if counting takes too long. A program counts them: it knows
    hard links, and paths of any depth.
    """
    directory = paths.file_system(identity)
    if not directory.exists():
        return 0
    command = ("nice", "du", "--summarize", "--one-file-system", "--block-size=1", "--", str(directory))
    try:
        result = subprocess.run(  # noqa: S603 - the system's own programs
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # files that have just been removed
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=_MAX_COUNT_SECONDS,
            env={"PATH": _SEARCH_PATH},
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    number = result.stdout.partition(b"\t")[0]
    return int(number) if number.isdigit() else None
