"""The gateway of public addresses: one Envoy in the host's network that forwards each public port to a task.

It is started when the first port is published and lives until everything is destroyed, so published ports answer while
the control plane is down. Its listeners and clusters are two files that are replaced atomically. Each cluster opens its
connections inside the VPC's router, so that they reach a task like a neighbour's and pass its proxy. A port that the
host already uses is refused; the others work.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto (network_namespace_filepath)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from moyai.domain.sandbox.spec import PublishedPort
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.container_config import ContainerPlace
from moyai.runtime.linux.runtime_paths import RuntimePaths, path_component
from moyai.runtime.linux.system_containers import configs

_ENVOY_TYPES = "type.googleapis.com/envoy."
_LISTENER = _ENVOY_TYPES + "config.listener.v3.Listener"
_CLUSTER = _ENVOY_TYPES + "config.cluster.v3.Cluster"
_TCP_PROXY = _ENVOY_TYPES + "extensions.filters.network.tcp_proxy.v3.TcpProxy"
_CGROUP = f"{SYSTEM_PREFIX}gateway"
_OWNER = int(configs.PROXY_USER.partition(":")[0])


class PublicGateway:
    """The gateway of one installation. Blocking, one caller at a time."""

    def __init__(self, paths: RuntimePaths, cgroups: Cgroups, envoy: Path) -> None:
        self._paths = paths
        self._cgroups = cgroups
        self._envoy = envoy
        self._home = paths.gateway / "container"
        self._run = paths.gateway / "run"

    def publish(self, ports: Sequence[PublishedPort]) -> None:
        """Make exactly these ports public. Raises CannotCreate or CannotStart when Envoy can't be started."""
        if not ports and not self._home.exists():
            return
        record = monitors.read_record(self._home)
        alive = record is not None and record.monitor_lives()
        if not alive:
            self.remove()
            self._paths.create_directories()
        self._run.mkdir(parents=True, exist_ok=True)
        os.chown(self._run, _OWNER, _OWNER)
        self._run.chmod(0o700)
        self._write_if_changed("cds.json", {"resources": [_cluster(port) for port in ports]})
        self._write_if_changed("lds.json", {"resources": [_listener(port) for port in ports]})
        if not alive:
            self._start()

    def remove(self) -> None:
        """Stop the gateway and remove its files."""
        monitors.remove_containers(self._paths.gateway, self._paths.removing / "gateway", "container")
        self._cgroups.remove(_CGROUP)

    def _start(self) -> None:
        logs = self._paths.logs / "gateway"
        for directory in (self._home, logs):
            directory.mkdir(parents=True, exist_ok=True)
        self._write_if_changed("bootstrap.json", _bootstrap())
        place = ContainerPlace(self._home, logs, self._cgroups.create_for_container(_CGROUP, GroupLimits()))
        monitors.start_monitor(configs.gateway_container(place, self._paths, self._envoy, self._run))

    def _write_if_changed(self, name: str, value: Mapping[str, object]) -> None:
        """Replace a file atomically, unless it has this content already: Envoy reloads every file that is replaced."""
        content = msgspec.json.encode(value)
        path = self._run / name
        if not path.is_symlink() and path.is_file() and path.read_bytes() == content:
            return
        new = self._run / f".{name}"
        configs.write_private_file(new, content, (_OWNER, _OWNER))
        new.replace(path)


def _bootstrap() -> Mapping[str, object]:
    run = configs.RUN_IN_PROXY
    sources = {
        name: {"resource_api_version": "V3", "path_config_source": {"path": f"{run}/{name[:3]}.json"}}
        for name in ("lds_config", "cds_config")
    }
    return {
        "node": {"id": "gateway", "cluster": "moyai"},
        "admin": {"address": {"pipe": {"path": f"{run}/admin.sock", "mode": 0o600}}},
        "dynamic_resources": sources,
    }


def _name(port: PublishedPort) -> str:
    return f"{port.public_address}:{port.port}"


def _listener(port: PublishedPort) -> Mapping[str, object]:
    proxy = {"@type": _TCP_PROXY, "stat_prefix": "public", "cluster": _name(port)}
    return {
        "@type": _LISTENER,
        "name": _name(port),
        "address": {"socket_address": {"address": port.public_address, "port_value": port.port}},
        "enable_reuse_port": False,  # else two installations would share the port, and each get some of the connections
        "filter_chains": [{"filters": [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]}],
    }


def _cluster(port: PublishedPort) -> Mapping[str, object]:
    target = {"address": {"socket_address": {"address": port.address, "port_value": port.port}}}
    return {
        "@type": _CLUSTER,
        "name": _name(port),
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": _name(port),
            "endpoints": [{"lb_endpoints": [{"endpoint": target}]}],
        },
        "upstream_bind_config": {
            "source_address": {
                "address": "0.0.0.0",  # noqa: S104 - any address of the router
                "port_value": 0,
                "network_namespace_filepath": f"/run/netns/vpc-{path_component(port.vpc)}",
            }
        },
    }
