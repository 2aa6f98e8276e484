"""A Cloud Map service that no ECS service made is called by name like the others."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.world import Put
from moyai.kernel.ids import DiscoveryServiceArn
from moyai.mesh.service_connect import compile_mesh
from moyai.testing.world import Builder, container
from tests.unit.api.cloudmap.client import PREFIX, CloudMapClient


@pytest.fixture
def cloud_map():
    return CloudMapClient()


@pytest.fixture
def build(cloud_map):
    return Builder(cloud_map.store)


def outside(cloud_map, build, name="db", port="5432"):
    """A service with an instance on 172.31.0.99:5433, to be called on this port."""
    service = cloud_map.service(build.namespace().rpartition("/")[2], name)
    attributes = {"AWS_INSTANCE_IPV4": "172.31.0.99", "AWS_INSTANCE_PORT": "5433"}
    cloud_map.run_operation("RegisterInstance", ServiceId=service, InstanceId="one", Attributes=attributes)
    if port:
        cloud_map.call("UpdateServiceAttributes", ServiceId=service, Attributes={"moyai:client-port": port})
    return DiscoveryServiceArn(f"{PREFIX}service/{service}")


def client(build, name="web", offers=()):
    service = build.service(name, build.definition(name, container("http", port=8080)), offers=list(offers))
    return build.world.services[service].primary.view


def test_an_external_service_is_called_by_full_and_short_name(cloud_map, build):
    service = outside(cloud_map, build)
    names = client(build).names
    assert {(n.dns_name, n.port, n.target) for n in names} == {("db.shop", 5432, service), ("db", 5432, service)}
    assert len({n.address for n in names}) == len(names)


def test_an_external_services_instances_are_its_endpoints(cloud_map, build):
    outside(cloud_map, build)
    view = client(build)
    task = build.world.tasks[build.run(build.definition("job"))]
    build.book.apply([Put(replace(task, view=view))])
    mesh = compile_mesh(build.world)
    [group] = mesh.groups.values()
    assert [(member.address, member.port) for member in group.members] == [("172.31.0.99", 5433)]
    assert mesh.diagnostics == ()


@pytest.mark.parametrize(
    ("expected", "members"),
    [
        ({"one": "UNHEALTHY"}, ["172.31.0.98"]),
        ({"one": "UNHEALTHY", "two": "UNHEALTHY"}, ["172.31.0.98", "172.31.0.99"]),
        ({"two": "HEALTHY"}, ["172.31.0.98", "172.31.0.99"]),
    ],
)
def test_unhealthy_instances_are_skipped_while_another_is_healthy(cloud_map, build, expected, members):
    service = cloud_map.service(build.namespace().rpartition("/")[2], "db", HealthCheckCustomConfig={})
    for name, address in (("one", "172.31.0.99"), ("two", "172.31.0.98")):
        attributes = {"AWS_INSTANCE_IPV4": address, "AWS_INSTANCE_PORT": "5433"}
        cloud_map.run_operation("RegisterInstance", ServiceId=service, InstanceId=name, Attributes=attributes)
    cloud_map.call("UpdateServiceAttributes", ServiceId=service, Attributes={"moyai:client-port": "5432"})
    view = client(build)
    task = build.world.tasks[build.run(build.definition("job"))]
    build.book.apply([Put(replace(task, view=view))])
    for name, status in expected.items():
        cloud_map.call("UpdateInstanceCustomHealthStatus", ServiceId=service, InstanceId=name, Status=status)
    [group] = compile_mesh(build.world).groups.values()
    assert [member.address for member in group.members] == members


def test_a_service_without_the_port_attribute_is_not_callable(cloud_map, build):
    outside(cloud_map, build, port="")
    assert client(build).names == ()


def test_a_name_of_an_ecs_service_has_precedence(cloud_map, build):
    view = client(build, "api", ["http"])
    [own] = view.names
    outside(cloud_map, build, name=own.dns_name.upper(), port=str(own.port))
    seen = {(n.dns_name, n.port): n.target for n in client(build).names}
    assert seen[own.dns_name, own.port] == own.target
    assert len(seen) == 2


def test_an_invalid_dns_name_is_omitted(cloud_map, build):
    outside(cloud_map, build, name="localhost")
    assert {n.dns_name for n in client(build).names} == {"localhost.shop"}
