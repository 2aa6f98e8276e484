"""Compiling Service Connect: what golden cases don't show at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.ecs.task_definition import LogConfiguration
from moyai.domain.world import Delete, Put, World
from moyai.kernel.ids import NamespaceArn
from moyai.mesh.ir import EndpointGroupSource, MeshIR, Protocol, RetryCondition, RouteRules
from moyai.mesh.service_connect import compile_mesh, compile_namespace
from tests.golden.mesh.worlds import load

CASES = Path(__file__).parents[2] / "golden" / "mesh"
CATALOG = "catalog.shop/srv-catalog"


@pytest.fixture
def world() -> World:
    return load(CASES / "http.in.yaml")


def test_every_name_used_in_a_mesh_is_defined_in_it():
    for case in CASES.glob("*.in.yaml"):
        mesh = compile_mesh(load(case))
        services = {call.service for w in mesh.workloads.values() for call in w.outbound.calls}
        assert services <= mesh.services.keys()
        assert {
            d.source.group for d in mesh.destinations.values() if isinstance(d.source, EndpointGroupSource)
        } <= mesh.groups.keys()
        routings = [service.routing for service in mesh.services.values()]
        rules = [rule for r in routings for rule in (r.rules if isinstance(r, RouteRules) else (r,))]
        assert {t.destination for rule in rules for t in rule.targets} == mesh.destinations.keys()


def test_the_same_world_compiles_to_the_same_mesh(world):
    assert compile_mesh(world) == compile_mesh(load(CASES / "http.in.yaml"))


def test_a_missing_namespace_is_empty(world):
    assert compile_namespace(world, NamespaceArn("arn:aws:servicediscovery:x:1:namespace/ns-none")) == MeshIR()


def test_a_task_is_a_workload_until_it_stops(world):
    task = next(t for t in world.tasks if t.id == "front-0")
    world.apply(Put(replace(task, last_status=TaskStatus.STOPPED)))
    assert task.arn not in compile_mesh(world).workloads
    world.apply(Put(replace(task, last_status=TaskStatus.PROVISIONING)))
    assert task.arn in compile_mesh(world).workloads


def test_the_log_driver_of_proxies_does_not_change_the_mesh(world):
    before = compile_mesh(world)
    logs = LogConfiguration("awslogs", {"awslogs-group": "shop", "awslogs-region": "us-east-1"})
    for task in [t for t in world.tasks if t.view is not None]:
        world.apply(Put(replace(task, view=replace(task.view, log_configuration=logs))))
    assert compile_mesh(world) == before


@pytest.mark.parametrize(
    "attributes",
    [{}, {INSTANCE_IPV4: "172.31.0.9"}, {INSTANCE_IPV4: "nonsense", INSTANCE_PORT: "1"}]
    + [{INSTANCE_IPV4: "172.31.0.9", INSTANCE_PORT: port} for port in ("", "x", "0", "65536", "-1")],
    ids=str,
)
def test_an_instance_without_a_valid_address_is_omitted_and_reported(world, attributes):
    before = compile_mesh(world).groups[CATALOG].members
    instance = next(iter(world.discovery_instances))
    world.apply(Put(replace(instance, attributes=attributes)))
    mesh = compile_mesh(world)
    assert len(mesh.groups[CATALOG].members) == len(before) - 1
    assert [d.subject for d in mesh.diagnostics] == [instance.service]


def test_a_change_of_members_changes_only_endpoints(world):
    before = compile_mesh(world)
    instance = next(iter(world.discovery_instances))
    world.apply(Delete(type(instance), instance.key))
    after = compile_mesh(world)
    assert after.groups != before.groups
    assert replace(after, groups=before.groups) == before


def test_callers_use_the_newest_timeouts_of_the_target(world):
    service = next(s for s in world.services if s.name == "catalog")
    deployment = service.primary
    assert deployment.view is not None
    offer = replace(deployment.view.offers[0], per_request_timeout_seconds=3)
    view = replace(deployment.view, offers=(offer,))
    world.apply(Put(replace(service, deployments=(replace(deployment, view=view),))))
    mesh = compile_mesh(world)
    routing = mesh.services[CATALOG].routing
    assert isinstance(routing, RouteRules)
    assert {rule.timeouts.request for rule in routing.rules} == {3}
    inbound = {w.inbound[0].timeouts.request for w in mesh.workloads.values() if w.inbound}
    assert inbound == {15}


def test_only_idempotent_requests_are_retried_after_a_reset():
    for case in (case for case in CASES.glob("*.in.yaml") if not case.name.startswith("tuned-")):
        for service in compile_mesh(load(case)).services.values():
            if isinstance(service.routing, RouteRules):
                for rule in service.routing.rules:
                    assert rule.retry is not None
                    replays = RetryCondition.RESET in rule.retry.conditions or 502 in rule.retry.status_codes
                    assert not replays or "POST" not in rule.match.methods
                    assert not replays or (rule.match.methods and service.protocol is not Protocol.GRPC)
