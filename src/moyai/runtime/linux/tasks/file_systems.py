"""The file systems of Amazon EFS: directories in the state directory, which tasks share and write to.

Promise: files have the ids on the disk that they have in containers (see shim/user_namespace.py and access_point.py),
so that tasks with different ids share them. A symbolic link that a task has made there is not followed. A directory
appears with its owner and mode at once, also when moyai is killed meanwhile. A removal can be interrupted and
continued, and delays no task, however large the file system is.
Source: https://docs.aws.amazon.com/efs/latest/ug/enforce-root-directory-access-point.html
"""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import tempfile
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from moyai.domain.sandbox.spec import DirectoryOwner, FileSystemMount, SandboxSpec
from moyai.images.store.trees import remove_tree
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS
from moyai.runtime.linux.tasks import sandboxes

_ROOT = DirectoryOwner(0, 0, 0o755)
_NEW = "new-"
_DETACHED = "removing-"
_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_INSIDE = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
_MAX_COUNT_SECONDS = 60
_SEARCH_PATH = "/usr/bin:/bin"


class FileSystems:
    """The file systems of one installation."""

    def __init__(self, paths: RuntimePaths, work: Callable[[Callable[[], Any]], Awaitable[Any]]) -> None:
        """``work``: runs blocking work on another thread, and makes an OSError a RuntimeFault."""
        self._paths, self._work = paths, work
        self._lock = asyncio.Lock()

    async def prepare(self, spec: SandboxSpec) -> None:
        """Make the directories that a sandbox's file systems need. Raises SandboxFailed if one can't be mounted."""
        async with self._lock:
            await self._work(partial(_prepare_all, self._paths, spec))

    async def remove(self, identity: str) -> bool:
        """Remove a file system. Returns False, and leaves it, if a sandbox may mount it. A cancelled call ends soon;
        the next one continues. Raises RuntimeFault.
        """
        async with self._lock:
            if not await self._work(partial(_detach, self._paths, identity)):
                return False
        is_cancelled = threading.Event()
        try:
            await self._work(partial(_remove_detached, self._paths, identity, is_cancelled.is_set))
        finally:
            is_cancelled.set()
        return True

    async def count_bytes(self, identity: str) -> int | None:
        """The bytes that a file system has on the disk; None if counting takes too long. The program ``du`` counts:
        hard links once and paths of any depth. It ends when this call is cancelled.
        """
        directory = self._paths.file_system(identity)
        if not directory.exists():
            return 0
        process = await asyncio.create_subprocess_exec(
            *("nice", "du", "--summarize", "--one-file-system", "--block-size=1", "--", str(directory)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # it complains about files that have just been removed
            stdin=subprocess.DEVNULL,
            env={"PATH": _SEARCH_PATH},
            cwd="/",
        )
        try:
            async with asyncio.timeout(_MAX_COUNT_SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            return None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        number = output.partition(b"\t")[0]
        return int(number) if number.isdigit() else None


def _prepare_all(paths: RuntimePaths, spec: SandboxSpec) -> None:
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
    """Open a directory in ``parent``. A missing directory is made where no task sees it, and moved into ``parent``;
    without an ``owner`` it has to exist. Raises OSError.
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


def _detach(paths: RuntimePaths, identity: str) -> bool:
    """Move a file system to where no sandbox will mount it. Returns False, and leaves it, if a sandbox has it."""
    for task in paths.known_tasks():
        spec = sandboxes.load_incomplete(paths, task)
        if spec is not None and any(mount.file_system == identity for mount in spec.file_systems.values()):
            return False
    for unfinished in paths.file_systems.glob(f"{_NEW}*"):
        unfinished.rmdir()
    if paths.file_system(identity).exists():
        paths.file_system(identity).rename(_detached_path(paths, identity))
    return True


def _remove_detached(paths: RuntimePaths, identity: str, is_interrupted: Callable[[], bool]) -> None:
    """Remove what ``_detach`` has moved, or what an interrupted call has left of it."""
    directory = _detached_path(paths, identity)
    if directory.exists():
        remove_tree(str(directory), is_interrupted)


def _detached_path(paths: RuntimePaths, identity: str) -> Path:
    return paths.file_system(f"{_DETACHED}{identity}")
