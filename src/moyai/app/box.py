"""Prepares the container that moyai runs in, before ``moyai up``: its cgroups and its state directory.

An engine mounts the cgroups read-only in a container without ``--privileged``. With SYS_ADMIN they can be made
writable, which changes only the container's own mounts. State on the container's own root, an overlay, would end with
the container, and tasks' roots, which are overlays too, can't be on another overlay.
Source: https://docs.kernel.org/filesystems/overlayfs.html
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from moyai.kernel.errors import MoyaiError
from moyai.runtime.linux.mounts import Mount, current_mounts
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.shim.syscalls import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_REMOUNT

_CGROUP_FILE_SYSTEMS = frozenset({"cgroup", "cgroup2"})


class CannotPrepare(MoyaiError):
    """Tasks can't run in this container as it was started."""


def prepare_container(state: Path) -> None:
    """Make this container ready for tasks. Raises CannotPrepare with what to do."""
    mounts = tuple(current_mounts())
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file_system_of(state.resolve(), mounts) == "overlay":
        raise CannotPrepare(
            f"the state directory {state} is on the container's own file system, which ends with the container and can"
            f" hold no images: start the container with a volume there, for example -v moyai:{state}"
        )
    for point in read_only_cgroups(mounts):
        try:
            syscalls.mount(None, point, None, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC)
        except OSError as error:
            raise CannotPrepare(
                f"{point} is read-only and can't be made writable ({error.strerror}), so tasks would have no limits:"
                " start the container with --privileged, or as `moyai box up --no-privileged --print` shows"
            ) from error


def file_system_of(path: Path, mounts: Iterable[Mount]) -> str:
    """The type of the file system that a path is on; empty if no mount is above it. Of two mounts at one place, the
    later one counts.
    """
    depths = [
        (len(Path(m.point).parts), n, m.file_system) for n, m in enumerate(mounts) if path.is_relative_to(m.point)
    ]
    return max(depths)[2] if depths else ""


def read_only_cgroups(mounts: Iterable[Mount]) -> tuple[str, ...]:
    """The mount points of cgroup hierarchies that can't be written."""
    return tuple(m.point for m in mounts if m.file_system in _CGROUP_FILE_SYSTEMS and m.is_read_only)
