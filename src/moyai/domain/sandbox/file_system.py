"""The directories of shared file systems that a sandbox may mount."""

from __future__ import annotations

import msgspec


class DirectoryOwner(msgspec.Struct, frozen=True):
    """The owner and the mode of a directory that has to be made."""

    uid: int
    gid: int
    mode: int


class FileSystemUser(msgspec.Struct, frozen=True):
    """The ids in a file system as which a container's user acts."""

    uid: int
    gid: int
    further_gids: tuple[int, ...] = ()


class FileSystemMount(msgspec.Struct, frozen=True):
    """A directory of a file system that tasks share. ``host_name``: the file system's, for messages."""

    file_system: str
    host_name: str
    directory: str = "/"
    owner: DirectoryOwner | None = None
    """With it the directory is made if it does not exist."""
    user: FileSystemUser | None = None
    """None: the container's users act as themselves."""
