"""The gateways of public UDP ports, of which one can't be ended."""

from __future__ import annotations

import fcntl
from pathlib import Path

from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.launch.monitor_server import MonitorServer
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers.datagram_gateways import DatagramGateways
from moyai.runtime.linux.system_containers.gateway_ports import NO_GATEWAY_PORTS


def test_a_gateway_that_cannot_be_ended_leaves_the_others_as_they_should_be(tmp_path, caplog):
    paths = RuntimePaths(tmp_path)
    paths.create_directories()
    stuck, other = (paths.datagrams / f"datagrams-vpc-{number}" for number in (1, 2))
    for home in (stuck, other):
        (home / "container").mkdir(parents=True)
        (paths.logs / home.name).mkdir()
    gateways = DatagramGateways(
        paths, Cgroups("none", lambda: ()), Path("/nowhere"), NO_GATEWAY_PORTS, MonitorServer(tmp_path)
    )
    with (stuck / "container" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a monitor that hangs
        gateways.publish((), {})
    assert [home.name for home in paths.datagrams.iterdir()] == [stuck.name]
    assert [home.name for home in paths.logs.iterdir()] == [stuck.name]
    [record] = caplog.records
    assert record.message.startswith("the gateway of UDP ports of vpc-1, which has none any more, can't stop: ")
    gateways.publish((), {})
    assert list(paths.datagrams.iterdir()) == []
