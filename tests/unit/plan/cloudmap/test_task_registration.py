from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import (
    INSTANCE_IPV4,
    INSTANCE_IPV6,
    INSTANCE_PORT,
    DiscoveryInstance,
    DnsConfig,
    DnsRecord,
    RecordType,
)
from moyai.domain.connect.config import ServiceConnectConfiguration, ServiceConnectService
from moyai.domain.connect.names import ConnectView, Offer
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.task import NetworkBinding
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping
from moyai.domain.world import Put
from moyai.kernel.ids import ContainerInstanceArn
from moyai.mesh.service_connect import compile_namespace
from moyai.plan.cloudmap.task_registration import endpoints, reachable_port, register
from moyai.plan.network.host_ports import fixed_ports, port_bindings, taken_ports
from moyai.plan.network.sandbox_network import sandbox_network
from moyai.plan.service_connect.validation import check_configuration
from moyai.testing.world import Builder
from tests.unit.plan.instances import bound, definition, instance, on
from tests.unit.plan.nets import Nets

BRIDGE = NetworkMode.BRIDGE


def offering(build: Builder, *ports: int, ingress: int | None = None) -> ConnectView:
    service = build.registry("orders", 10).registry_arn
    return ConnectView(
        build.namespace(), offers=tuple(Offer(service, "orders", port, ingress_port=ingress) for port in ports)
    )


def test_a_bridge_tasks_offer_is_reached_at_its_host_port():
    build = Builder()
    host, new_definition = instance(build), definition(build, BRIDGE, PortMapping(80, 0), PortMapping(81, 8081))
    task = on(build, host, new_definition, offering(build, 80, 81))
    assert task.view is not None
    first, second = (reachable_port(task, offer) for offer in task.view.offers)
    assert first == bound(task)[0].host_port
    assert second == 8081
    assert [endpoint.port for endpoint in endpoints(task)] == [first, second]


def test_an_ingress_port_is_mapped_to_a_host_port():
    build = Builder()
    host, new_definition = instance(build), definition(build, BRIDGE, PortMapping(80, 0))
    view = offering(build, 80, ingress=9000)
    assert fixed_ports(new_definition, view) == {("tcp", 9000)}
    bindings = port_bindings(
        new_definition, build.world.tasks[build.run(new_definition)].id, taken_ports(build.world, host), view
    )
    assert bindings is not None
    assert bindings.proxy == (NetworkBinding(9000, 9000),)
    assert bindings.containers["app"][0].host_port != 9000


def test_a_registry_has_the_instances_address_and_the_host_port():
    build = Builder()
    host, new_definition = instance(build), definition(build, BRIDGE, PortMapping(80, 0), PortMapping(90, 0, "udp"))
    registry = replace(build.registry("found", 10, srv=True), port=None, container_name="app", container_port=80)
    task = on(build, host, new_definition, service_registries=(registry,))
    build.book.apply(register(build.world, task, new_definition, build.clock.now()))
    (record,) = build.world.discovery_instances.by("task", task.arn)
    attributes = record.attributes
    assert (attributes[INSTANCE_IPV4], attributes[INSTANCE_PORT]) == (
        "172.31.0.101",
        str(bound(task)[0].host_port),
    )
    inside = on(build, host, definition(build, NetworkMode.HOST, PortMapping(80, 80)), service_registries=(registry,))
    assert [endpoint.port for endpoint in endpoints(inside)] == [80]
    udp = replace(registry, container_port=90)
    (found_endpoint,) = endpoints(replace(task, service_registries=(udp,)))
    assert found_endpoint.port == bound(task)[1].host_port


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ((RecordType.A,), None),
        ((RecordType.A, RecordType.AAAA), "fd00::101:0:0:a01:104"),
        ((RecordType.AAAA,), "fd00::101:0:0:a01:104"),
        ((RecordType.SRV,), "fd00::101:0:0:a01:104"),
        ((), None),
    ],
)
def test_a_registry_with_aaaa_records_has_the_ipv6_address(types, expected):
    nets = Nets()
    nets.vpc("a", 1, ipv6=True)
    registry = nets.build.registry("found", 10)
    service = nets.world.discovery_services[registry.registry_arn]
    dns = DnsConfig(tuple(DnsRecord(one, 10) for one in types)) if types else None
    nets.put(Put(replace(service, dns=dns)))
    task = replace(nets.task("a"), service_registries=(registry,))
    task_definition = nets.world.task_definitions[task.task_definition]
    nets.build.book.apply([Put(task), *register(nets.world, task, task_definition, nets.build.clock.now())])
    (record,) = nets.world.discovery_instances.by("task", task.arn)
    assert record.attributes[INSTANCE_IPV4] == "10.1.1.4"
    assert record.attributes.get(INSTANCE_IPV6) == expected
    plain = replace(task, interface=replace(task.interface, ipv6_address=None))
    changes = register(nets.world, plain, task_definition, nets.build.clock.now())
    records = [c.record for c in changes if isinstance(c, Put) and isinstance(c.record, DiscoveryInstance)]
    assert [INSTANCE_IPV6 in each_record.attributes for each_record in records] == [False]


def test_callers_behind_one_address_are_counted_separately():
    build = Builder()
    host, new_definition = instance(build), definition(build, BRIDGE)
    service = build.service("calls", build.definition("calls"), 0)
    namespace = build.namespace()
    for _ in range(3):
        on(build, host, new_definition, ConnectView(namespace), service=service)
    (group,) = compile_namespace(build.world, namespace).groups.values()
    assert len(set(group.members)) == 3


@pytest.mark.parametrize("mode", [NetworkMode.HOST, NetworkMode.NONE])
def test_service_connect_needs_a_namespace_of_the_tasks_own(mode):
    build = Builder()
    service_connect_configuration = ServiceConnectConfiguration(enabled=True, services=(ServiceConnectService("web"),))
    with pytest.raises(InvalidParameter, match=f"network mode {mode}"):
        check_configuration(service_connect_configuration, definition(build, mode))


def test_service_connect_offers_single_ports():
    build = Builder()
    service_connect_configuration = ServiceConnectConfiguration(enabled=True, services=(ServiceConnectService("web"),))
    new_definition = definition(build, BRIDGE, PortMapping(container_port_range="80-90", name="web"))
    with pytest.raises(InvalidParameter, match="range of ports"):
        check_configuration(service_connect_configuration, new_definition)


def test_a_task_of_an_unknown_instance_has_no_network():
    build = Builder()
    task = on(build, instance(build), definition(build, BRIDGE))
    gone_task = replace(task, container_instance=ContainerInstanceArn("gone"))
    with pytest.raises(KeyError):
        sandbox_network(build.world, gone_task)
