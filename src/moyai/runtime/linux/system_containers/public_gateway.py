"""The gateway of public addresses: one Envoy in the host's network that forwards each public TCP port to a task, or to
a node of a load balancer, with a PROXY header that names the client. ``datagram_gateways`` forwards UDP ports.

It is started when the first port is published and lives until everything is destroyed, so published ports answer while
the control plane is down. Its listeners, clusters and routes are files that are replaced atomically. Each cluster opens
its connections inside the VPC's router, so that they reach a task like a neighbour's and pass its proxy.

Envoy does not open a port that another program of the machine uses, and does not try again by itself; the others work.
So when the same ports are published again, which happens every half minute, ``PublicPorts`` asks Envoy which listeners
have failed, and has it read them again.
Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/core/v3/address.proto (network_namespace_filepath)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from moyai.domain.sandbox.network_spec import TCP, UDP, PublishedPort
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import configs, envoy_admin, gateway_config
from moyai.runtime.linux.system_containers.datagram_gateways import DatagramGateways
from moyai.runtime.linux.system_containers.gateway_files import (
    make_place,
    make_run_directory,
    write_if_changed,
    write_listeners,
)
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance, assign_ports, public_name
from moyai.runtime.linux.workers import Workers

_log = logging.getLogger(__name__)

_ASSIGNED = msgspec.json.Decoder(dict[str, int])
_CGROUP = f"{SYSTEM_PREFIX}gateway"
_RECORD = "ports.json"
"""The file with the gateway ports that public ports have."""


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
        self._home = _container_directory(paths)
        self._run = paths.gateway / "run"
        self._datagrams = DatagramGateways(paths, cgroups, envoy, entrance, server)

    def publish(self, ports: Sequence[PublishedPort], retried: Collection[Path] = ()) -> Mapping[PublishedPort, int]:
        """Make exactly these ports public. Returns the gateway ports of those that have one. Raises CannotCreate or
        CannotStart when the Envoy of TCP ports can't be started; a failure of UDP ports is logged. ``retried``: the run
        directories of the gateways that try again to open ports.
        """
        assigned = self._assign(ports)
        try:
            if ports or self._home.exists():
                streams = [port for port in ports if port.protocol == TCP]
                self._publish_streams(streams, assigned, retry=self._run in retried)
        finally:
            self._datagrams.publish([port for port in ports if port.protocol == UDP], assigned, retried)
        return assigned

    def run_directories(self) -> tuple[Path, ...]:
        """The directories of the gateways' files, in which their admin sockets are."""
        return (self._run, *self._datagrams.run_directories())

    def _publish_streams(
        self, ports: Sequence[PublishedPort], assigned: Mapping[PublishedPort, int], *, retry: bool
    ) -> None:
        is_running = is_gateway_running(self._paths)
        if not is_running:
            self._remove_streams()
            self._paths.create_directories()
        make_run_directory(self._run)
        numbers = {public_name(port): number for port, number in assigned.items()}
        by_stream = {port: number for port, number in assigned.items() if port.protocol == TCP}
        write_if_changed(self._run, _RECORD, numbers)
        write_if_changed(self._run, "cds.json", gateway_config.clusters(ports, configs.limits_of_proxies().pooled))
        write_if_changed(self._run, "rds.json", gateway_config.routes(ports))
        write_listeners(self._run, gateway_config.listeners(ports, by_stream, self._entrance), retry=retry)
        if not is_running:
            self._start()

    def _assign(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """The gateway ports. They are in a file, so that they stay when the control plane or Envoy starts again."""
        available = self._entrance.ports
        if not available:
            return {}
        assigned = assign_ports(ports, available, read_assigned(self._run / _RECORD))
        unassigned = [public_name(port) for port in ports if port not in assigned]
        if unassigned:
            _log.warning("all %d gateway ports are in use; %s has none", len(available), ", ".join(unassigned))
        return assigned

    def remove(self) -> None:
        """Stop the gateways and remove their files."""
        self._datagrams.remove()
        self._remove_streams()

    def _remove_streams(self) -> None:
        """Stop the gateway of TCP ports and remove its files."""
        monitors.remove_containers(self._paths.gateway, self._paths.removing / "gateway", "container")
        self._cgroups.remove(_CGROUP)

    def _start(self) -> None:
        place = make_place(self._cgroups, _CGROUP, self._home, self._paths.logs / "gateway", self._run)
        monitors.start_monitor(self._monitors, configs.gateway_container(place, self._paths, self._envoy, self._run))


class PublicPorts:
    """The public ports of one installation, used from one event loop."""

    def __init__(self, gateway: PublicGateway, workers: Workers) -> None:
        self._gateway = gateway
        self._workers = workers
        self._lock = asyncio.Lock()
        self._last: tuple[PublishedPort, ...] | None = None
        self._known: dict[Path, Mapping[str, str]] = {}
        """The failures of each gateway, as it last answered."""

    async def publish(self, ports: Sequence[PublishedPort]) -> Mapping[PublishedPort, int]:
        """Make exactly these ports public. If they are those of the last call, try again to open those that have
        failed, and log new failures. Returns and raises what ``PublicGateway.publish`` does, and CannotCreate.
        """
        async with self._lock:
            is_repeated, self._last = self._last == tuple(ports), tuple(ports)
            answers = await self._failures_by_directory() if is_repeated else {}
            retried = [run for run, failures in answers.items() if failures]
            if is_repeated:
                earlier = {run: self._known.get(run, {}) for run in answers}
                self._known = {run: earlier[run] if answer is None else answer for run, answer in answers.items()}
                for run, failures in self._known.items():
                    _log_changes(earlier[run], failures)
            return await self._workers.run_with_port_errors(partial(self._gateway.publish, ports, retried))

    async def failures(self) -> Mapping[str, str]:
        """See ``TaskRuntime.public_port_failures``."""
        answers = (await self._failures_by_directory()).values()
        return {subject: reason for failures in answers if failures for subject, reason in failures.items()}

    async def remove(self) -> None:
        """Stop the gateways and remove their files."""
        async with self._lock:
            await self._workers.run(self._gateway.remove)

    async def _failures_by_directory(self) -> Mapping[Path, Mapping[str, str] | None]:
        """What each gateway could not open, with the reasons; None for one that doesn't answer."""
        directories = await self._workers.run(self._gateway.run_directories)
        connects = [partial(envoy_admin.connect_to_socket, run) for run in directories]
        answers = await asyncio.gather(*map(envoy_admin.listener_failures, connects))
        return {
            run: failures and {gateway_config.listener_subject(name): reason for name, reason in failures.items()}
            for run, failures in zip(directories, answers, strict=True)
        }


def is_gateway_running(paths: RuntimePaths) -> bool:
    """Whether the gateway of TCP ports runs."""
    record = monitors.read_record(_container_directory(paths))
    return record is not None and record.is_running()


def _container_directory(paths: RuntimePaths) -> Path:
    return paths.gateway / "container"


def _log_changes(before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for subject in sorted(after.keys() - before.keys()):
        _log.warning("%s can't be opened; moyai tries again every half minute: %s", subject, after[subject])
    for subject in sorted(before.keys() - after.keys()):
        _log.info("%s is open now, or no longer public", subject)


def read_assigned(file: Path) -> Mapping[str, int]:
    """The gateway ports that public ports had; none if the file is damaged, which is logged."""
    try:
        return _ASSIGNED.decode(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("%s is damaged, so public ports get other gateway ports than before: %s", file, error)
        return {}
