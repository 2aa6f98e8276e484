"""Which proxy reports about a sandbox, and which output is read as Envoy's."""

from __future__ import annotations

import msgspec
import pytest

from moyai.domain.elb.front import FRONT_NAME
from moyai.domain.sandbox.network import NodesNetwork, NoNetwork
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.kernel.ids import TaskId, VpcId
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.network.namespaces import NetworkThread
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks.health_events import HealthEvents
from moyai.runtime.linux.tasks.running_proxies import RunningProxies
from moyai.runtime.linux.tasks.shared_usage import SharedUsage
from moyai.testing.clock import ManualClock

TASK = TaskId("1" * 32)
NODES = NodesNetwork(VpcId("vpc-1"), "10.0.0.0/16", "02:00:00:00:00:01", "front", ())


class Outputs(HealthEvents):
    """The health events, and which outputs are watched."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, ManualClock())
        self.watched: list[str] = []

    async def watch(self, task, run, directory):
        self.watched.append(directory.name)
        return await super().watch(task, run, directory)


@pytest.mark.parametrize(("network", "watched"), [(NoNetwork("task"), []), (NODES, [FRONT_NAME])])
async def test_only_a_front_proxys_output_is_read_as_health_events(tmp_path, network, watched):
    paths, outputs = RuntimePaths(tmp_path), Outputs()
    paths.create_directories()
    paths.task(TASK).mkdir()
    paths.sandbox(TASK).write_bytes(msgspec.json.encode(SandboxSpec(TASK, network)))
    running = RunningProxies(
        paths, NetworkThread(), outputs, SharedUsage(paths, Cgroups("none", lambda: ()), ManualClock())
    )
    assert await running.endpoints(TASK) is None
    assert outputs.watched == watched
    await running.close()
