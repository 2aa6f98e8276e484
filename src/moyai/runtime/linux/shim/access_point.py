"""Mounts through an access point of Amazon EFS: the container's user acts as another user of the file system.

Promise: files that the container's user creates belong to the access point's user on the disk, and that user's files
belong to the container's user inside. A process that the container turns into the access point's own user, as entry
points do that begin as root, gets a second identity of it, which no other access point has. All other ids have no
counterpart: their files are nobody's inside, no capability of the container counts for them, and they create none.
A mount maps ids one to one, so this is as near as it comes to a server that replaces the user of every request.
Source: https://docs.aws.amazon.com/efs/latest/ug/efs-access-points.html, mount_setattr(2) (ID-mapped mounts)
"""

from __future__ import annotations

import ctypes
import errno
import os

from moyai.runtime.linux.shim import detached_mounts, syscalls
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.user_namespace import IDS

SECOND_IDENTITY = 1 << 31
"""Added to the access point's id, this is the id on the disk for processes that turn into its own user."""
_STACK_BYTES = 64 * 1024
_MAX_CHILD_SECONDS = 5


class IdMap:
    """A user namespace without ids, for one mount. It is made by a process in this machine's PID namespace, and gets
    its ids when the container's user is known.
    """

    def __init__(self) -> None:
        """Raises OSError."""
        stack = ctypes.create_string_buffer(_STACK_BYTES)
        child = syscalls.sleep_in_new_namespaces(syscalls.CLONE_NEWUSER, stack, _MAX_CHILD_SECONDS)
        try:
            self._uids, self._gids = (
                os.open(f"/proc/{child}/{kind}", os.O_WRONLY | os.O_CLOEXEC) for kind in ("uid_map", "gid_map")
            )
            self._namespace = os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            os.kill(child, syscalls.SIGKILL)
            os.waitpid(child, 0)

    def apply(self, tree: int, first: int, user: tuple[int, ...], uid: int, gid: int) -> None:
        """Map the ids of a detached mount. ``first``: the outside id of the container's id 0; ``user``: the access
        point's uid and gids; ``uid``, ``gid``: the container's user.
        """
        os.write(self._uids, id_map(first, user[0], uid))
        os.write(self._gids, id_map(first, user[1], gid, user[2:]))
        try:
            detached_mounts.map_ids(tree, self._namespace)
        except OSError as error:
            raise OSError(error.errno, "the file system of an access point can't map ids") from error
        self.close()

    def close(self) -> None:
        """Close the descriptors."""
        for fd in (self._uids, self._gids, self._namespace):
            os.close(fd)


IdMaps = list[IdMap]
"""An id map for each volume that needs one, in their order."""


def id_maps(config: LaunchConfig) -> IdMaps:
    """The id maps of a container."""
    return [IdMap() for *_, user in config.volumes if user]


def id_map(first: int, identity: int, own: int, further: tuple[int, ...] = ()) -> bytes:
    """The content of a ``uid_map`` or ``gid_map``: lines of an id on the disk, the id outside, and 1.

    ``first``: see ``apply``; ``identity``: the access point's id on the disk; ``own``: that of the container's user;
    ``further``: ids that are the same in both. Raises OSError for a further id that is ``own``.
    """
    inside = {identity: own} | {number: number for number in further if number != identity}
    if identity != own and own in inside:
        raise OSError(errno.EINVAL, f"the SecondaryGid {own} of an access point is also the container's own group")
    if identity != own and identity < IDS:
        inside[identity + SECOND_IDENTITY] = identity
    return "".join(f"{on_disk} {first + number} 1\n" for on_disk, number in inside.items()).encode()
