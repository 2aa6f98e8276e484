from __future__ import annotations

import pytest

from moyai.api.metadata.answer import answer, parse_request
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from moyai.testing.world import Builder
from tests.unit.plan.instances import bound, definition, instance, on


def test_a_bridge_task_reads_only_its_own_metadata():
    build = Builder()
    host = instance(build)
    new_definition = definition(build, NetworkMode.BRIDGE, PortMapping(80, 0))
    task, other = on(build, host, new_definition), on(build, host, new_definition)
    identity = runtime_id(task.containers[0].arn)
    request = parse_request(build.world, f"/v4/{identity}", host.interface.address)
    body = answer(build.world, {}, request).body
    assert isinstance(body, dict)
    assert body["Networks"] == [{"NetworkMode": "bridge", "IPv4Addresses": [task.bridge_address]}]
    binding = bound(task)[0]
    assert body["Ports"] == [
        {"ContainerPort": 80, "Protocol": "tcp", "HostPort": binding.host_port, "HostIp": binding.bind_ip}
    ]
    whole = answer(build.world, {}, parse_request(build.world, f"/v4/{identity}/task", host.interface.address)).body
    assert isinstance(whole, dict)
    assert whole["VPCID"] == host.interface.vpc
    elsewhere = instance(build, 2).interface.address
    guess = f"{other.id}-{identity.rpartition('-')[2]}"
    assert parse_request(build.world, f"/v4/{identity}", elsewhere) is None
    assert parse_request(build.world, f"/v4/{guess}", host.interface.address) is None


@pytest.mark.parametrize("mode", [NetworkMode.HOST, NetworkMode.NONE])
def test_metadata_shows_the_network_mode(mode):
    build = Builder()
    host = instance(build)
    task = on(build, host, definition(build, mode))
    path = f"/v4/{runtime_id(task.containers[0].arn)}"
    body = answer(build.world, {}, parse_request(build.world, path, host.interface.address)).body
    assert isinstance(body, dict)
    assert body["Networks"] == [{"NetworkMode": mode}]
    assert "Ports" not in body
