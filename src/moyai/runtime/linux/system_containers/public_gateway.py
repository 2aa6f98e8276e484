"""The gateway of public addresses: one Envoy in the host's network that forwards each public port to a task, or to a
node of a load balancer with a PROXY header, by which that knows the client.

It is started when the first port is published and lives until everything is destroyed, so published ports answer while
the control plane is down. Its listeners, clusters and routes are files that are replaced atomically. Each cluster opens
its connections inside the VPC's router, so that they reach a task like a neighbour's and pass its proxy. A port that
the host already uses is refused; the others work.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto (network_namespace_filepath)
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.container_config import ContainerPlace
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import configs, gateway_config
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, assign_ports, public_name

_log = logging.getLogger(__name__)

_ASSIGNED = msgspec.json.Decoder(dict[str, int])
_CGROUP = f"{SYSTEM_PREFIX}gateway"
_OWNER = int(configs.PROXY_USER.partition(":")[0])


class PublicGateway:
    """The gateway of one installation. Blocking, one caller at a time."""

    def __init__(
        self, paths: RuntimePaths, cgroups: Cgroups, envoy: Path, entrance: GatewayEntrance, server: MonitorServer
    ) -> None:
        self._paths = paths
        self._cgroups = cgroups
        self._envoy = envoy
        self._entrance = entrance
        self._monitors = server
        self._home = paths.gateway / "container"
        self._run = paths.gateway / "run"

    def publish(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """Make exactly these ports public; the gateway ports of those that have one. Raises CannotCreate or CannotStart
        when Envoy can't be started.
        """
        if not ports and not self._home.exists():
            return {}
        record = monitors.read_record(self._home)
        alive = record is not None and record.monitor_lives()
        if not alive:
            self.remove()
            self._paths.create_directories()
        self._run.mkdir(parents=True, exist_ok=True)
        os.chown(self._run, _OWNER, _OWNER)
        self._run.chmod(0o700)
        assigned = self._assign(ports)
        self._write_if_changed("cds.json", gateway_config.clusters(ports))
        self._write_if_changed("rds.json", gateway_config.routes(ports))
        self._write_if_changed("lds.json", gateway_config.listeners(ports, assigned, self._entrance))
        if not alive:
            self._start()
        return assigned

    def _assign(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """Gateway ports, recorded in a file, so that they stay the same when the control plane starts again."""
        available = self._entrance.ports
        if not available:
            return {}
        file = self._run / "ports.json"
        assigned = assign_ports(ports, available, read_assigned(file))
        self._write_if_changed(file.name, {public_name(port): number for port, number in assigned.items()})
        without = [public_name(port) for port in ports if port not in assigned]
        if without:
            _log.warning("all %d gateway ports are in use; %s has none", len(available), ", ".join(without))
        return assigned

    def remove(self) -> None:
        """Stop the gateway and remove its files."""
        monitors.remove_containers(self._paths.gateway, self._paths.removing / "gateway", "container")
        self._cgroups.remove(_CGROUP)

    def _start(self) -> None:
        logs = self._paths.logs / "gateway"
        for directory in (self._home, logs):
            directory.mkdir(parents=True, exist_ok=True)
        self._write_if_changed("bootstrap.json", gateway_config.bootstrap())
        place = ContainerPlace(self._home, logs, self._cgroups.create_for_container(_CGROUP, GroupLimits()))
        monitors.start_monitor(self._monitors, configs.gateway_container(place, self._paths, self._envoy, self._run))

    def _write_if_changed(self, name: str, value: Mapping[str, object]) -> None:
        """Replace a file atomically, unless it has this content already: Envoy reloads every file that is replaced."""
        content = msgspec.json.encode(value)
        path = self._run / name
        if not path.is_symlink() and path.is_file() and path.read_bytes() == content:
            return
        new = self._run / f".{name}"
        configs.write_private_file(new, content, (_OWNER, _OWNER))
        new.replace(path)


def read_assigned(file: Path) -> Mapping[str, int]:
    """The gateway ports that public ports had; none if the file is damaged, which is logged."""
    try:
        return _ASSIGNED.decode(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("%s is damaged, so public ports get other gateway ports than before: %s", file, error)
        return {}
