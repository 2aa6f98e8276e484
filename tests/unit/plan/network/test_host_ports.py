from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import Resources
from moyai.domain.ecs.task import NetworkBinding, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from moyai.domain.sandbox.network import AwsvpcNetwork, BridgeNetwork, Forward, HostName, HostNetwork, NoNetwork
from moyai.domain.sandbox.network_spec import UDP, PublishedPort
from moyai.domain.world import Put
from moyai.kernel.ids import TaskId
from moyai.plan.network.host_ports import (
    EPHEMERAL,
    bridge_address,
    bridge_range,
    fixed_ports,
    port_bindings,
    taken_ports,
)
from moyai.plan.network.published_ports import published_ports
from moyai.plan.network.sandbox_network import instance_sandbox
from moyai.plan.task.sandbox_spec import sandbox_spec
from moyai.testing.world import Builder
from tests.unit.plan.instances import bound, definition, instance, on

BRIDGE, HOST = NetworkMode.BRIDGE, NetworkMode.HOST
FIRST = TaskId("0" * 32)
LAST = TaskId(f"{len(EPHEMERAL) - 1:08x}" + "0" * 24)


def test_fixed_ports_are_used_and_dynamic_ports_are_ephemeral():
    build = Builder()
    new_definition = definition(build, BRIDGE, PortMapping(80, 8080), PortMapping(81, 0), PortMapping(53, 0, "udp"))
    bindings = port_bindings(new_definition, FIRST, set())
    assert bindings is not None
    assert bindings.containers["app"] == (
        NetworkBinding(80, 8080),
        NetworkBinding(81, 32768),
        NetworkBinding(53, 32768, "udp"),
    )


def test_a_fixed_port_must_be_free_on_the_instance():
    build = Builder()
    host = instance(build)
    new_definition = definition(build, BRIDGE, PortMapping(80, 8080))
    assert fixed_ports(new_definition) == {("tcp", 8080)}
    first = on(build, host, new_definition)
    assert port_bindings(new_definition, FIRST, taken_ports(build.world, host)) is None
    assert port_bindings(new_definition, FIRST, taken_ports(build.world, instance(build, 2))) is not None
    build.book.apply([Put(replace(first, last_status=TaskStatus.STOPPED))])
    assert port_bindings(new_definition, FIRST, taken_ports(build.world, host)) is not None
    assert port_bindings(new_definition, FIRST, taken_ports(build.world, host, [first])) is None
    assert port_bindings(definition(build, BRIDGE, PortMapping(22, 22)), FIRST, taken_ports(build.world, host)) is None
    assert port_bindings(definition(build, BRIDGE, PortMapping(22, 22, "udp")), FIRST, taken_ports(build.world, host))


def test_dynamic_ports_are_assigned_until_none_is_free():
    build = Builder()
    new_definition = definition(build, BRIDGE, PortMapping(80, 0))
    used = {("tcp", port) for port in EPHEMERAL}
    for task in (FIRST, LAST):
        assert port_bindings(new_definition, task, used) is None
        for free in (EPHEMERAL[0], EPHEMERAL[-1], 40000):
            bindings = port_bindings(new_definition, task, used - {("tcp", free)})
            assert bindings is not None
            assert bindings.containers["app"][0].host_port == free


def test_a_port_range_is_contiguous():
    build = Builder()
    new_definition = definition(build, BRIDGE, PortMapping(container_port_range="7000-7009"))
    for task in (FIRST, LAST):
        taken = {("tcp", port) for port in EPHEMERAL if port % 10 == 7} - {("tcp", 40007)}
        bindings = port_bindings(new_definition, task, taken)
        assert bindings is not None
        (binding,) = bindings.containers["app"]
        assert binding.count == 10
        assert set(binding.host_ports) <= set(range(39998, 40017))
        assert binding.host_port_of(7009) == binding.host_port + 9
        assert binding.host_port_of(7010) is None
    assert port_bindings(new_definition, FIRST, {("tcp", port) for port in EPHEMERAL if port % 10 == 7}) is None


def test_host_mode_binds_instance_ports_and_awsvpc_and_none_bind_nothing():
    build = Builder()
    bindings = port_bindings(definition(build, HOST, PortMapping(80, 80)), FIRST, set())
    assert bindings is not None
    assert bindings.containers["app"] == (NetworkBinding(80, 80),)
    for mode in (NetworkMode.AWSVPC, NetworkMode.NONE):
        new_definition = definition(build, mode, PortMapping(80, 80))
        assert port_bindings(new_definition, FIRST, {("tcp", 80)}) == ({}, ())


def test_the_bridge_range_does_not_overlap_the_vpc():
    assert str(bridge_range("172.31.0.0/16")) == "172.17.0.0/16"
    assert str(bridge_range("172.17.128.0/20")) == "172.18.0.0/16"


def test_bridge_addresses_are_unique_on_an_instance():
    build = Builder()
    host = instance(build)
    assert bridge_address(build.world, host, "172.31.0.0/16", FIRST) == "172.17.0.2"
    taken_on = replace(on(build, host, definition(build, BRIDGE)), bridge_address="172.17.0.2")
    build.book.apply([Put(taken_on)])
    assert bridge_address(build.world, host, "172.31.0.0/16", FIRST) == "172.17.0.3"
    assert bridge_address(build.world, instance(build, 2), "172.31.0.0/16", FIRST) == "172.17.0.2"
    assert bridge_address(build.world, instance(build, 3), "172.31.0.0/16", FIRST, [taken_on]) == "172.17.0.2"


def test_each_network_mode_has_its_sandbox():
    build = Builder()
    host = instance(build)
    own = instance_sandbox(build.world, host)
    assert isinstance(own.network, AwsvpcNetwork)
    assert (own.task, own.network.address, own.network.bridge) == (host.id, "172.31.0.101", "172.17.0.0/16")

    behind = on(build, host, definition(build, BRIDGE, PortMapping(80, 8080), links=("app:web",)))
    spec = sandbox_spec(build.world, behind, build.world.task_definitions[behind.task_definition])
    name, at = behind.id[:12], behind.bridge_address
    assert spec.network == BridgeNetwork(
        host.id, "172.31.0.0/16", "172.17.0.0/16", str(at), name, "ec2.internal", (Forward(8080, 80),)
    )
    assert spec.hosts == (
        HostName("127.0.0.1", "localhost"),
        *(HostName(str(at), host_name) for host_name in (name, "web", "app")),
    )

    inside = on(build, host, definition(build, HOST, PortMapping(9090, 9090)))
    spec = sandbox_spec(build.world, inside, build.world.task_definitions[inside.task_definition])
    assert spec.network == HostNetwork(host.id, "172.31.0.0/16", "172.31.0.101", "ip-172-31-0-101.ec2.internal")

    alone = on(build, host, definition(build, NetworkMode.NONE))
    spec = sandbox_spec(build.world, alone, build.world.task_definitions[alone.task_definition])
    assert spec.network == NoNetwork(alone.id[:12])
    assert spec.instance is None


def test_an_instances_public_address_forwards_its_tasks_ports():
    build = Builder()
    host = instance(build, public="127.83.0.9")
    first = on(build, host, definition(build, BRIDGE, PortMapping(80, 0), PortMapping(53, 53, "udp")))
    other = on(build, host, definition(build, HOST, PortMapping(9090, 9090)))
    on(build, host, definition(build, NetworkMode.NONE))
    port = bound(first)[0].host_port
    own = host.interface
    assert set(published_ports(build.world)) == {
        PublishedPort(first.id, "127.83.0.9", own.vpc, own.address, port),
        PublishedPort(first.id, "127.83.0.9", own.vpc, own.address, 53, protocol=UDP),
        PublishedPort(other.id, "127.83.0.9", own.vpc, own.address, 9090),
    }
    long = definition(build, BRIDGE, PortMapping(container_port_range="1000-9999"))
    on(build, host, long)
    assert len(published_ports(build.world)) == 103
    assert Resources(1, 1).ports[0] == 22
