"""The layers of a container's image under a writable one, as an overlay.

Promise: the options fit in the page that the kernel has for them, whatever the number of layers and the paths of images
(127 layers). The writable layer belongs to the container's root.
Source: https://docs.kernel.org/filesystems/overlayfs.html
"""

from __future__ import annotations

import os

from moyai.runtime.linux.shim import detached_mounts, syscalls, user_namespace
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.syscalls import MS_NODEV, MS_NOSUID


def mount(config: LaunchConfig, root: str, own_directory: str, users: int) -> None:
    """Mount the layers with a writable one on top: in ``own_directory``, or in memory if that can't be an upper layer
    because it is on an overlay itself, as inside a Docker container.
    """
    os.chdir(config.directory)  # the names of layers are short: all options of an overlay have to fit in a page
    *upper_layers, bottom = config.layers
    if bottom == "/":
        layers = [*(_mount_on_host(layer, f"layers/{n}") for n, layer in enumerate(upper_layers)), bottom]
    else:
        layers = [_mount_layer(layer, f"layers/{n}", users) for n, layer in enumerate(config.layers)]
    lower = ":".join(layers)
    try:
        _mount_overlay(lower, own_directory, root, config.users)
    except OSError:
        memory = config.directory + "/memory"
        os.makedirs(memory, exist_ok=True)  # noqa: PTH103
        syscalls.mount("moyai", memory, "tmpfs", MS_NOSUID | MS_NODEV)
        _mount_overlay(lower, memory, root, config.users)


def _mount_layer(layer: str, mount_point: str, users: int) -> str:
    """Mount a layer with the ids of the user namespace. Returns ``mount_point``."""
    os.makedirs(mount_point, exist_ok=True)  # noqa: PTH103
    tree = user_namespace.copy_mount(os.open(layer, os.O_PATH | os.O_CLOEXEC), users, recursive=False)
    detached_mounts.move_mount(tree, mount_point)
    os.close(tree)
    return mount_point


def _mount_on_host(layer: str, mount_point: str) -> str:
    """Mount a layer as a file system of its own: an overlay refuses a layer within another, and all are within /."""
    for name in ("/nothing", "/shown"):
        os.makedirs(mount_point + name, exist_ok=True)  # noqa: PTH103
    options = f"lowerdir={_escape(layer)}:{mount_point}/nothing"
    syscalls.mount("overlay", mount_point + "/shown", "overlay", MS_NOSUID | MS_NODEV, options)
    return mount_point + "/shown"


def _mount_overlay(lower: str, own_directory: str, root: str, owner: int) -> None:
    """Mount the overlay at ``root``, with its writable layer in ``own_directory``. ``owner``: the container's root."""
    upper, work = f"{own_directory}/upper", f"{own_directory}/work"
    if not os.path.isdir(work):  # noqa: PTH112
        os.makedirs(upper, exist_ok=True)  # noqa: PTH103
        os.chown(upper, owner, owner)
        os.mkdir(work)  # noqa: PTH102 - last, because it shows that the upper directory is complete
    # The mark of an earlier run: its data may be unsynced, but the machine has not restarted since.
    mark = f"{work}/work/incompat/volatile"
    if os.path.isdir(mark):  # noqa: PTH112
        for name in os.listdir(mark):  # noqa: PTH208
            os.unlink(f"{mark}/{name}")  # noqa: PTH108
        os.rmdir(mark)  # noqa: PTH106
    options = f"lowerdir={lower},upperdir={_escape(upper)},workdir={_escape(work)}"
    try:  # volatile: the layer ends with the container, so it need not be synced when it is unmounted
        syscalls.mount("overlay", root, "overlay", MS_NODEV, options + ",volatile")
    except OSError:
        syscalls.mount("overlay", root, "overlay", MS_NODEV, options)


def _escape(path: str) -> str:
    for character in "\\:,":
        path = path.replace(character, "\\" + character)
    return path
