"""The Envoys of tasks: how each is started, and who it is.

Promise: alone in a bare root, without capabilities, ready when its admin interface says so. One that stands for a
container of the task definition has that one's user, environment, limits, mounts and names, and below them, read-only,
the files of its image if that is here; whatever the user, it may reach the control plane. What must be known of it
while it runs is noted where only root can write. Blocking; an OSError in here is for the caller to translate.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.sandbox.spec import ContainerSpec, Probe, ProxySpec, TmpfsMount
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import ImageNotFound
from moyai.runtime.linux import attendants, orders, settings
from moyai.runtime.linux.images import Image, ImageStore
from moyai.runtime.linux.layout import Layout
from moyai.runtime.linux.orders import Place, Surroundings
from moyai.runtime.linux.shim.order import BIND_READ_ONLY, Order

UID: Final = int(attendants.PROXY_USER.partition(":")[0])
GID: Final = int(attendants.PROXY_USER.partition(":")[2])
"""Who a proxy is that says nothing else; the group is the control plane's socket's."""

_NOTES: Final = "proxy.json"
_ROOTS: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""Where distributions have the certificates of the public authorities."""
_ROOTS_IN_PROXY: Final = ("/etc/pki/tls/cert.pem", *_ROOTS)
"""Where App Mesh's own image had them, and where others would look."""
_ROOM: Final = TmpfsMount("/tmp", 64)  # noqa: S108 - a place in the proxy's own root
"""Where a proxy may write that has no volume there."""


class Notes(msgspec.Struct, frozen=True):
    """What is to be known of a task's proxy. ``inner_ports``: ports of it that are for the task itself, and not how
    others come in.
    """

    uid: int = UID
    admin_port: int | None = None
    inner_ports: tuple[int, ...] = ()


_READER = msgspec.json.Decoder(Notes)


def note(layout: Layout, spec: ProxySpec, inner_ports: Sequence[int]) -> None:
    """Write it down, before the proxy is started."""
    admin = () if spec.admin_port is None else (spec.admin_port,)
    notes = Notes(_owner(spec)[0], spec.admin_port, (*inner_ports, *admin))
    fresh = layout.task(spec.task) / f"{_NOTES}.new"
    fresh.write_bytes(msgspec.json.encode(notes))
    fresh.replace(layout.task(spec.task) / _NOTES)


def noted(layout: Layout, task: TaskId) -> Notes:
    """What was written down; of a proxy without notes that can be read, what holds for most of them."""
    try:
        return _READER.decode((layout.task(task) / _NOTES).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return Notes()


def make_run(run: Path, spec: ProxySpec) -> None:
    """Have the proxy's run directory, with its bootstrap in it."""
    run.mkdir(exist_ok=True)
    os.chown(run, *_owner(spec))
    run.chmod(0o700)
    filled = reduce(lambda text, place: text.replace(*place), attendants.PLACES_IN_PROXY.items(), spec.bootstrap)
    attendants.write_for(run / "bootstrap.json", filled, _owner(spec))


def order(spec: ProxySpec, place: Place, envoy: Path, surroundings: Surroundings, images: ImageStore) -> Order:
    """What its keeper is told. Raises RuntimeFault for what this machine's owner doesn't allow."""
    layout, (uid, gid) = surroundings.layout, _owner(spec)
    run = layout.proxy(spec.task)
    every = attendants.envoy_alone(place, layout, envoy, run) | {
        "task": spec.task,
        "netns": str(surroundings.netns),
        "host_name": "proxy",
        "arguments": attendants.envoy_arguments(spec.log_level, spec.concurrency),
        "user": f"{uid}:{gid}",
        "groups": (GID,),
        "held_output": spec.held_output,
        "stop_timeout": float(spec.stop_timeout),
    }
    if spec.admin_port is not None:
        every["probe"] = ("ENVOY-PORT", str(spec.admin_port))
    if spec.container is not None:
        mounts = attendants.envoy_mounts(layout, envoy, run)
        every |= _in_place_of(spec.container, mounts, surroundings, images)
    return Order(every)


def _in_place_of(
    container: ContainerSpec, mounts: Sequence[tuple[str, str, str]], surroundings: Surroundings, images: ImageStore
) -> dict[str, object]:
    """What becomes of an order by the container that the proxy stands for. ``mounts``: its own."""
    alone = replace(container, capabilities=frozenset(), tmpfs=(_ROOM, *container.tmpfs))
    image = _image(container, images)
    files = settings.own_files(container, surroundings.layout)
    return {
        **settings.fields(alone, surroundings.layout, surroundings.trust, surroundings.disk),
        **_readiness(container.probe),
        "host_name": container.names.host_name or surroundings.host_name,
        "layers": () if image is None else image.layers,
        "mounts": (*mounts, *files, *(() if image is not None else _authorities())),
        "environment": orders.revealed(container.environment),
        "limits": orders.limits(container.ulimits),
    }


def _readiness(probe: Probe | None) -> dict[str, object]:
    """When Envoy's readiness is asked for, and what is made of it: at once when it is ready; for as long as it isn't,
    as the container's own check would have failed.
    """
    if probe is None:
        return {}
    return {
        "settled_interval": float(probe.interval),
        "retries": probe.retries,
        "timeout": float(probe.timeout),
        "start_period": float(probe.start_period + probe.interval * probe.retries),
    }


def _image(container: ContainerSpec, images: ImageStore) -> Image | None:
    """The image of that name, if it is here and has files of its own."""
    try:
        found = images.find(container.image)
    except ImageNotFound:
        return None
    return found if found.layers else None


def _authorities() -> list[tuple[str, str, str]]:
    found = next((path for path in _ROOTS if Path(path).is_file()), None)
    return [] if found is None else [(BIND_READ_ONLY, str(Path(found).resolve()), path) for path in _ROOTS_IN_PROXY]


def _owner(spec: ProxySpec) -> tuple[int, int]:
    """Its user and its group."""
    user = None if spec.container is None else spec.container.user
    uid, _, gid = (user or attendants.PROXY_USER).partition(":")
    return int(uid), int(gid) if gid else GID
