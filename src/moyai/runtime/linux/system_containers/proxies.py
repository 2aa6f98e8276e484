"""The Envoys of tasks: their launch configurations and run directories.

Promise: an Envoy is alone in a bare root, healthy once its admin interface says so, and without capabilities unless it
is a front proxy or the host's proxy. An Envoy that replaces a container of the task definition has that container's
user, environment, limits, mounts and names, and read-only the files of its image, if that is imported; it can connect
to the control plane whatever its user is. What the control plane has to know of a running proxy is in a file that only
root can write.
Blocking; the caller translates OSErrors.
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
from moyai.images.model import Image
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.launch import container_config, os_settings
from moyai.runtime.linux.launch.container_config import ContainerPlace, HostEnvironment
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import BIND_READ_ONLY, ENVOY_PORT, LaunchConfig
from moyai.runtime.linux.system_containers import configs

UID: Final = int(configs.PROXY_USER.partition(":")[0])
GID: Final = int(configs.PROXY_USER.partition(":")[2])
"""The default user and group of a proxy; the group may open the control plane's socket."""

_INFO_FILE: Final = "proxy.json"
_CA_BUNDLES: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
"""The certificates of public authorities in the various distributions."""
_CA_BUNDLES_IN_PROXY: Final = ("/etc/pki/tls/cert.pem", *_CA_BUNDLES)
"""The path in App Mesh's own image, and the usual ones."""
_HOST_ARGUMENTS: Final = ("--drain-time-s", "30", "--drain-strategy", "immediate")
"""A removed listener keeps its task's namespace alive while its connections drain. The task's shutdown has waited for
its connections before.
"""
_TEMPORARY: Final = TmpfsMount("/tmp", 64)  # noqa: S108 - a place in the proxy's own root
"""The directory that a proxy may write to, if it has no volume there."""


class ProxyInfo(msgspec.Struct, frozen=True):
    """Facts about a running proxy that the control plane needs. ``uid``: its user's id on the machine, outside of its
    user namespace; ``inner_ports``: listening ports of the proxy that only the task itself uses.
    """

    uid: int = UID
    admin_port: int | None = None
    inner_ports: tuple[int, ...] = ()


_READER = msgspec.json.Decoder(ProxyInfo)


def save_proxy_info(paths: RuntimePaths, spec: ProxySpec, users: int, inner_ports: Sequence[int]) -> None:
    """Write the facts to the task's directory, before the proxy starts. ``users``: the first id of its user namespace;
    0 = it has none.
    """
    admin = () if spec.admin_port is None else (spec.admin_port,)
    info = ProxyInfo(users + _uid_gid(spec)[0], spec.admin_port, (*inner_ports, *admin))
    new = paths.task(spec.task) / f"{_INFO_FILE}.new"
    new.write_bytes(msgspec.json.encode(info))
    new.replace(paths.task(spec.task) / _INFO_FILE)


def load_proxy_info(paths: RuntimePaths, task: TaskId) -> ProxyInfo:
    """The saved facts; the defaults for a proxy without a readable file."""
    try:
        return _READER.decode((paths.task(task) / _INFO_FILE).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return ProxyInfo()


def make_run_directory(run: Path, spec: ProxySpec) -> None:
    """Make the proxy's run directory, with the bootstrap in it."""
    run.mkdir(exist_ok=True)
    os.chown(run, *_uid_gid(spec))
    run.chmod(0o700)
    bootstrap = reduce(lambda text, pair: text.replace(*pair), configs.PATHS_IN_PROXY.items(), spec.bootstrap)
    configs.write_private_file(run / "bootstrap.json", bootstrap, _uid_gid(spec))


def proxy_config(
    spec: ProxySpec,
    place: ContainerPlace,
    envoy: Path,
    host: HostEnvironment,
    image: Image | None,
    *,
    keeps_client_addresses: bool,
) -> LaunchConfig:
    """The launch configuration of a sandbox's Envoy. ``image``: that of the container that it replaces, if it is here;
    ``keeps_client_addresses``: it may open connections from the addresses of its clients. Raises RuntimeFault for what
    the host access policy refuses.
    """
    paths, (uid, gid) = host.paths, _uid_gid(spec)
    run = paths.proxy(spec.task)
    fields = configs.envoy_fields(place, paths, envoy, run)
    arguments = configs.envoy_arguments(spec.log_level, spec.concurrency, spec.flush_interval)
    fields |= container_config.user_fields(host, no_new_privileges=True) | {
        "task": spec.task,
        "netns": str(host.netns),
        "host_name": "proxy",
        "arguments": (*arguments, *(_HOST_ARGUMENTS if spec.serves_host else ())),
        "user": f"{uid}:{gid}",
        "groups": (GID,),
        "held_output": spec.held_output,
        "stop_timeout": float(spec.stop_timeout),
        "attempt": spec.attempt,
    }
    if spec.serves_host:
        fields |= configs.host_proxy_fields(paths, envoy, run)
    if keeps_client_addresses:
        fields |= {"capabilities": (configs.NET_RAW,), "ambient": True}
    if spec.admin_port is not None:
        fields["probe"] = (ENVOY_PORT, str(spec.admin_port))
    if spec.container is not None:
        mounts = configs.envoy_mounts(paths, envoy, run)
        fields |= _container_fields(spec.container, mounts, host, image)
    return LaunchConfig(fields)


def _container_fields(
    container: ContainerSpec, mounts: Sequence[tuple[str, str, str]], host: HostEnvironment, image: Image | None
) -> dict[str, object]:
    """The fields that differ in a proxy that replaces this container. ``mounts``: the proxy's own."""
    container_spec = replace(container, capabilities=frozenset(), tmpfs=(_TEMPORARY, *container.tmpfs))
    image = image if image is not None and image.layers else None
    files = os_settings.etc_file_mounts(container, host.paths)
    return {
        **os_settings.os_fields(container_spec, host.paths, host.access, host.disk, host.users, host.file_systems),
        "groups": (GID, *os_settings.further_groups(container, host.file_systems)),
        **_readiness_fields(container.probe),
        "host_name": container.names.host_name or host.host_name,
        "layers": () if image is None else image.layers,
        "mounts": (*mounts, *files, *(() if image is not None else _ca_mounts())),
        "environment": container_config.reveal_secrets(container.environment),
        "limits": container_config.resource_limits(container.ulimits),
    }


def _readiness_fields(probe: Probe | None) -> dict[str, object]:
    """The timing of the readiness check: Envoy is healthy as soon as it is ready, and unhealthy when the container's
    own health check would have failed.
    """
    if probe is None:
        return {}
    return {
        "settled_interval": float(probe.interval),
        "retries": probe.retries,
        "timeout": float(probe.timeout),
        "start_period": float(probe.start_period + probe.interval * probe.retries),
    }


def _ca_mounts() -> list[tuple[str, str, str]]:
    bundle = next((path for path in _CA_BUNDLES if Path(path).is_file()), None)
    return (
        [] if bundle is None else [(BIND_READ_ONLY, str(Path(bundle).resolve()), path) for path in _CA_BUNDLES_IN_PROXY]
    )


def _uid_gid(spec: ProxySpec) -> tuple[int, int]:
    """The user id and group id of the proxy."""
    user = None if spec.container is None else spec.container.user
    uid, _, gid = (user or configs.PROXY_USER).partition(":")
    return int(uid), int(gid) if gid else GID
