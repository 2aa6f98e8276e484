"""The gateways of public UDP ports: for each VPC that has some, one Envoy in its router, with listeners in the network
of the machine.

One is started with the first such port of its VPC and ends with the last. It answers while the control plane is down.
A port that another program of the machine uses is not opened; the others work (``public_gateway``).
Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/listeners/udp_filters/udp_proxy
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Final

import pyroute2

from moyai.domain.sandbox.network_spec import PublishedPort
from moyai.images.store.trees import remove_tree
from moyai.kernel.ids import VpcId
from moyai.ports.runtime import RuntimeFault
from moyai.runtime.linux.cgroups.groups import SYSTEM_PREFIX, Cgroups
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.runtime_paths import RuntimePaths, path_component, subdirectories
from moyai.runtime.linux.system_containers import configs
from moyai.runtime.linux.system_containers.datagram_config import datagram_clusters, datagram_listeners
from moyai.runtime.linux.system_containers.gateway_config import Json
from moyai.runtime.linux.system_containers.gateway_files import (
    make_place,
    make_run_directory,
    write_if_changed,
    write_listeners,
)
from moyai.runtime.linux.system_containers.gateway_ports import GatewayEntrance

_log = logging.getLogger(__name__)

_PREFIX: Final = "datagrams-"
_LOOPBACK: Final = "127."


class DatagramGateways:
    """The gateways of one installation. Blocking, one caller at a time."""

    def __init__(
        self, paths: RuntimePaths, cgroups: Cgroups, envoy: Path, entrance: GatewayEntrance, server: MonitorServer
    ) -> None:
        self._paths = paths
        self._cgroups = cgroups
        self._envoy = envoy
        self._entrance = entrance
        self._monitors = server

    def publish(
        self, ports: Sequence[PublishedPort], assigned: Mapping[PublishedPort, int], retried: Collection[Path] = ()
    ) -> None:
        """Make exactly these ports public. Where an Envoy can't be started, the next call tries again. ``retried``: as
        in ``PublicGateway.publish``.
        """
        by_vpc = attrgetter("vpc")
        ports_of_vpcs = {vpc: tuple(entries) for vpc, entries in groupby(sorted(ports, key=by_vpc), key=by_vpc)}
        for vpc in sorted(self._vpcs() - ports_of_vpcs.keys()):
            try:
                self._end(vpc)
            except RuntimeFault as failure:
                _log.warning("the gateway of UDP ports of %s, which has none any more, can't stop: %s", vpc, failure)
        machine_addresses = _own_addresses() if ports_of_vpcs else frozenset()
        for vpc, entries in ports_of_vpcs.items():
            try:
                listeners = datagram_listeners(entries, assigned, self._entrance, machine_addresses)
                clusters = datagram_clusters(entries, configs.limits_of_proxies().sessions)
                self._publish(vpc, clusters, listeners, retried)
            except RuntimeFault as failure:
                _log.warning("the public UDP ports of %s can't be forwarded: %s", vpc, failure)

    def run_directories(self) -> tuple[Path, ...]:
        """The directories of the gateways' files."""
        return tuple(_run_directory(home) for home in subdirectories(self._paths.datagrams))

    def remove(self) -> None:
        """Stop all gateways and remove their files. Raises RuntimeFault where one can't be stopped."""
        for vpc in self._vpcs():
            self._end(vpc)

    def _vpcs(self) -> frozenset[VpcId]:
        """The VPCs that have a gateway, or files of one."""
        homes = subdirectories(self._paths.datagrams)
        return frozenset(VpcId(home.name.removeprefix(_PREFIX)) for home in homes)

    def _publish(self, vpc: VpcId, clusters: Json, listeners: Json, retried: Collection[Path]) -> None:
        home = self._home(vpc)
        is_running = self._is_running(vpc)
        if not is_running:
            self._remove(vpc)
        run = _run_directory(home)
        make_run_directory(run)
        write_if_changed(run, "cds.json", clusters)
        write_listeners(run, listeners, retry=run in retried)
        if not is_running:
            self._start(vpc, run)

    def _is_running(self, vpc: VpcId) -> bool:
        """Whether a gateway runs in the VPC's router as it is now."""
        record = monitors.read_record(self._home(vpc) / "container")
        if record is None or not record.is_running():
            return False
        try:
            inside = Path(f"/proc/{record.init}/ns/net").stat()
            return inside.st_ino == self._paths.router_netns(vpc).stat().st_ino
        except OSError:
            return False

    def _start(self, vpc: VpcId, run: Path) -> None:
        home = self._home(vpc)
        group = f"{SYSTEM_PREFIX}{home.name}"
        place = make_place(self._cgroups, group, home / "container", self._logs(vpc), run)
        router, machine = self._paths.router_netns(vpc), Path(f"/proc/{os.getpid()}/ns/net")
        config = configs.datagram_container(place, self._paths, self._envoy, run, (router, machine))
        monitors.start_monitor(self._monitors, config)

    def _end(self, vpc: VpcId) -> None:
        """Remove a gateway with its logs."""
        self._remove(vpc)
        with contextlib.suppress(OSError):
            remove_tree(str(self._logs(vpc)))

    def _remove(self, vpc: VpcId) -> None:
        home = self._home(vpc)
        monitors.remove_containers(home, self._paths.removing / home.name, "container")
        self._cgroups.remove(f"{SYSTEM_PREFIX}{home.name}")

    def _logs(self, vpc: VpcId) -> Path:
        return self._paths.logs / self._home(vpc).name

    def _home(self, vpc: VpcId) -> Path:
        return self._paths.datagrams / path_component(f"{_PREFIX}{vpc}")


def _run_directory(home: Path) -> Path:
    return home / "run"


def _own_addresses() -> frozenset[str]:
    """The machine's IPv4 addresses, but for those of its loopback."""
    with pyroute2.IPRoute() as links:
        entries = links.get_addr(family=socket.AF_INET)
        addresses = {str(entry.get_attr("IFA_LOCAL") or entry.get_attr("IFA_ADDRESS")) for entry in entries}
    return frozenset(address for address in addresses if not address.startswith(_LOOPBACK))
