"""Public addresses: one Envoy in the host's network that leads each public port to a task.

It is made when the first port is published and lives until everything is destroyed, so what is published
keeps answering while the control plane is down. Its listeners and clusters are two files that are replaced
atomically; each cluster opens its connections inside the VPC's router, so that they reach a task like any
neighbour's and pass its proxy. A port that the host already uses is refused alone; the others work.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto (network_namespace_filepath)
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from moyai.domain.sandbox.spec import PublishedPort
from moyai.runtime.linux import attendants, orders, processes
from moyai.runtime.linux.cgroups import NO_TASK, Cgroups
from moyai.runtime.linux.layout import Layout, checked
from moyai.runtime.linux.limits import Bounds

_ENVOY_TYPES = "type.googleapis.com/envoy."
_LISTENER = _ENVOY_TYPES + "config.listener.v3.Listener"
_CLUSTER = _ENVOY_TYPES + "config.cluster.v3.Cluster"
_TCP_PROXY = _ENVOY_TYPES + "extensions.filters.network.tcp_proxy.v3.TcpProxy"
_GROUP = f"{NO_TASK}gateway"
_OWNER = int(attendants.PROXY_USER.partition(":")[0])


class Gateway:
    """The gateway of one installation. Blocking, one caller at a time."""

    def __init__(self, layout: Layout, cgroups: Cgroups, envoy: Path) -> None:
        self._layout = layout
        self._cgroups = cgroups
        self._envoy = envoy
        self._home = layout.gateway / "container"
        self._run = layout.gateway / "run"

    def publish(self, ports: Sequence[PublishedPort]) -> None:
        """Make exactly these ports answer. Raises CannotCreate or CannotStart when Envoy can't be started."""
        if not ports and not self._home.exists():
            return
        kept = processes.read(self._home)
        alive = kept is not None and kept.keeper_lives()
        if not alive:
            self.remove()
            self._layout.make()
        self._run.mkdir(parents=True, exist_ok=True)
        os.chown(self._run, _OWNER, _OWNER)
        self._run.chmod(0o700)
        self._put("cds.json", {"resources": [_cluster(port) for port in ports]})
        self._put("lds.json", {"resources": [_listener(port) for port in ports]})
        if not alive:
            self._start()

    def remove(self) -> None:
        """Stop the gateway and forget it."""
        processes.bury(self._layout.gateway, self._layout.gone / "gateway", "container")
        self._cgroups.remove(_GROUP)

    def _start(self) -> None:
        logs = self._layout.logs / "gateway"
        for directory in (self._home, logs):
            directory.mkdir(parents=True, exist_ok=True)
        self._put("bootstrap.json", _bootstrap())
        place = orders.Place(self._home, logs, self._cgroups.make_container(_GROUP, Bounds()))
        processes.start(attendants.gateway(place, self._layout, self._envoy, self._run))

    def _put(self, name: str, value: Mapping[str, object]) -> None:
        """Replace a file atomically, unless it says this already: Envoy reloads whatever moves."""
        raw = msgspec.json.encode(value)
        path = self._run / name
        if not path.is_symlink() and path.is_file() and path.read_bytes() == raw:
            return
        fresh = self._run / f".{name}"
        attendants.write_for(fresh, raw, (_OWNER, _OWNER))
        fresh.replace(path)


def _bootstrap() -> Mapping[str, object]:
    run = attendants.RUN_IN_PROXY
    source = {
        name: {"resource_api_version": "V3", "path_config_source": {"path": f"{run}/{name[:3]}.json"}}
        for name in ("lds_config", "cds_config")
    }
    return {
        "node": {"id": "gateway", "cluster": "moyai"},
        "admin": {"address": {"pipe": {"path": f"{run}/admin.sock", "mode": 0o600}}},
        "dynamic_resources": source,
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
                "address": "0.0.0.0",  # noqa: S104 - any address of the router; it is where the connection comes from
                "port_value": 0,
                "network_namespace_filepath": f"/run/netns/vpc-{checked(port.vpc)}",
            }
        },
    }
