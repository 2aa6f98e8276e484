"""Where a task is placed, and what is said when it is placed nowhere."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.task import TaskOverride, TaskStatus
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping, RuntimePlatform
from moyai.domain.world import Put
from moyai.plan.placement.reasons import Unplaced
from tests.unit.plan.placement.placement_cluster import ZONES, PlacementCluster, container_of_size

ZONE = ("spread", "attribute:ecs.availability-zone")
ITSELF = ("spread", "instanceId")
MORE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
UNPLACED = "was unable to place a task because no container instance met all of its requirements."


@pytest.fixture
def cluster() -> PlacementCluster:
    return PlacementCluster()


def test_spread_over_three_zones_and_their_instances(cluster):
    for zone in ZONES * 2:
        cluster.instance(zone)
    web = cluster.definition()
    tasks = [cluster.run(web, ZONE, ITSELF) for _ in range(6)]
    assert Counter(t.availability_zone for t in tasks) == dict.fromkeys(ZONES, 2)
    assert len({t.container_instance for t in tasks}) == 6
    assert all(t.availability_zone == cluster.instance_of(t).availability_zone for t in tasks)


def test_tasks_are_spread_over_zones_by_default(cluster):
    for zone in ZONES:
        cluster.instance(zone)
    web = cluster.definition()
    assert {cluster.run(web).availability_zone for _ in range(3)} == set(ZONES)


def test_spread_counts_tasks_in_full_zones(cluster):
    small, big = cluster.instance(ZONES[0], cpu=256), cluster.instance(ZONES[1], cpu=4096)
    other = cluster.instance(ZONES[0], cpu=256)
    web = cluster.definition()
    made = [cluster.run(web, ZONE) for _ in range(3)]
    assert Counter(cluster.instance_of(t).arn for t in made) == {big.arn: 1, small.arn: 1, other.arn: 1}


def test_spread_over_a_custom_attribute(cluster):
    racks = [cluster.instance(rack=rack) for rack in ("a", "a", "b")]
    web = cluster.definition()
    made = [cluster.instance_of(cluster.run(web, ("spread", "attribute:rack"))) for _ in range(4)]
    assert Counter(i.arn == racks[2].arn for i in made) == {True: 2, False: 2}


@pytest.mark.parametrize(("field", "chosen"), [("cpu", 0), ("memory", 1), ("MEMORY", 1)])
def test_binpack_chooses_the_fullest_instance(cluster, field, chosen):
    places = [cluster.instance(cpu=512, memory=2048), cluster.instance(cpu=2048, memory=512)]
    assert cluster.instance_of(cluster.run(cluster.definition(), ("binpack", field))) == places[chosen]


def test_binpack_fills_instances_one_by_one(cluster):
    for zone in ZONES:
        cluster.instance(zone)
    web = cluster.definition()
    container_instances = [cluster.run(web, ("binpack", "cpu")).container_instance for _ in range(5)]
    assert sorted(Counter(container_instances).values()) == [1, 4]


def test_random_uses_every_suitable_instance(cluster):
    for zone in ZONES:
        cluster.instance(zone, cpu=8192, memory=8192)
    web = cluster.definition()
    assert len({cluster.run(web, ("random", None)).container_instance for _ in range(20)}) == 3


def test_distinct_instance_applies_within_a_group(cluster):
    for zone in ZONES:
        cluster.instance(zone)
    web = cluster.definition()
    apart = (PlacementConstraint("distinctInstance"),)
    assert len({cluster.run(web, ("binpack", "cpu"), constraints=apart).container_instance for _ in range(3)}) == 3
    with pytest.raises(Unplaced) as exc_info:
        cluster.run(web, constraints=apart)
    assert {r.reason for r in exc_info.value.refusals} == {"DistinctInstance placement constraint unsatisfied."}
    cluster.run(web, constraints=apart, group="others")


def test_constraints_of_definition_and_request_are_combined(cluster):
    cluster.instance(ZONES[0], stack="prod")
    right = cluster.instance(ZONES[1], stack="prod")
    cluster.instance(ZONES[1], stack="dev")
    bound = cluster.definition(placement_constraints=(PlacementConstraint("memberOf", "attribute:stack == prod"),))
    zone = (PlacementConstraint("memberOf", f"attribute:ecs.availability-zone == {ZONES[1]}"),)
    assert {cluster.instance_of(cluster.run(bound, constraints=zone)).arn for _ in range(3)} == {right.arn}


def test_constraints_can_exclude_instances_of_another_group(cluster):
    instance, two = cluster.instance(), cluster.instance()
    first = cluster.run(cluster.definition("db"), group="databases")
    away = (PlacementConstraint("memberOf", "not(task:group == databases)"),)
    made = cluster.run(cluster.definition(), ("binpack", "cpu"), constraints=away)
    assert {first.container_instance, made.container_instance} == {instance.arn, two.arn}


def _lack_cpu(cluster):
    cluster.instance(cpu=128)
    return cluster.definition()


def _lack_memory(cluster):
    cluster.instance(memory=128)
    return cluster.definition()


def _lack_agent(cluster):
    cluster.put(replace(cluster.instance(), agent_connected=False))
    return cluster.definition()


def _lack_machine(cluster):
    cluster.instance()
    return cluster.definition(runtime_platform=RuntimePlatform("ARM64"))


def _lack_attribute(cluster):
    instance = cluster.instance()
    cluster.put(
        replace(instance, attributes=tuple(a for a in instance.attributes if a.name != "ecs.capability.task-eni"))
    )
    return cluster.definition()


def _lack_port(cluster):
    cluster.instance()
    ports = (PortMapping(80, 22),)
    container = replace(container_of_size(10, 10)[0], port_mappings=ports)
    return cluster.definition(network_mode=NetworkMode.BRIDGE, container_definitions=(container,))


def _lack_member(cluster):
    cluster.instance()
    return cluster.definition(placement_constraints=(PlacementConstraint("memberOf", "attribute:x exists"),))


def _too_slow(cluster):
    cluster.instance(stack="a" * 100 + "c")
    slow = PlacementConstraint("memberOf", "attribute:stack =~ (a|aa|aaa|a+)+(a|aa)+b(?=x)\\1?")
    return cluster.definition(placement_constraints=(slow,))


@pytest.mark.parametrize(
    ("given", "reason", "message"),
    [
        (_lack_cpu, "RESOURCE:CPU", "has insufficient CPU units available."),
        (_lack_memory, "RESOURCE:MEMORY", "has insufficient memory available."),
        (_lack_agent, "AGENT", 'encountered error "AGENT".'),
        (_lack_machine, "ATTRIBUTE", "is missing an attribute required by your task."),
        (_lack_attribute, "ATTRIBUTE", "is missing an attribute required by your task."),
        (_lack_port, "RESOURCE:PORTS", "is already using a port required by your task."),
        (
            _lack_member,
            "MemberOf placement constraint unsatisfied.",
            'encountered error "MemberOf placement constraint unsatisfied.".',
        ),
        (
            _too_slow,
            "MemberOf placement constraint unsatisfied.",
            'encountered error "MemberOf placement constraint unsatisfied.".',
        ),
    ],
)
def test_a_refusal_names_what_an_instance_lacks(cluster, given, reason, message):
    definition = given(cluster)
    with pytest.raises(Unplaced) as exc_info:
        cluster.run(definition)
    [refusal] = exc_info.value.refusals
    assert refusal.reason == reason
    identity = refusal.instance.rpartition("/")[2]
    assert exc_info.value.event == f"{UNPLACED} The closest matching (container-instance {identity}) {message} {MORE}"


def test_the_closest_instance_fails_the_last_check(cluster):
    cluster.put(replace(cluster.instance(), agent_connected=False))
    closest = cluster.instance(memory=1)
    cluster.instance(cpu=1)
    with pytest.raises(Unplaced) as exc_info:
        cluster.run(cluster.definition())
    assert closest.id in exc_info.value.event
    assert len(exc_info.value.refusals) == 3


def test_a_cluster_without_instances_places_nothing(cluster):
    cluster.drain(cluster.instance())
    with pytest.raises(Unplaced) as exc_info:
        cluster.run(cluster.definition())
    assert exc_info.value.refusals == ()
    assert exc_info.value.event == f"{UNPLACED} Reason: No Container Instances were found in your cluster."


def test_a_task_holds_its_resources_until_it_stops(cluster):
    cluster.instance(cpu=256)
    web = cluster.definition()
    first = cluster.run(web)
    with pytest.raises(Unplaced):
        cluster.run(web)
    cluster.builder.book.apply([Put(replace(first, last_status=TaskStatus.STOPPED))])
    cluster.run(web)


def test_the_tasks_size_overrides_its_containers(cluster):
    cluster.instance(cpu=1024)
    web = cluster.definition(cpu="1024", container_definitions=container_of_size(10, 10))
    with pytest.raises(Unplaced):
        cluster.run(web, overrides=TaskOverride(cpu="2048"))
    cluster.run(web)


def test_an_awsvpc_task_is_in_its_instances_zone(cluster):
    place = cluster.instance(ZONES[2])
    task = cluster.run(cluster.definition())
    subnet = next(a.value for a in place.attributes if a.name == "ecs.subnet-id")
    assert task.interface.subnet == subnet
    assert task.interface.address != place.interface.address
    assert (task.launch_type, task.platform_version) == ("EC2", None)


def _bridge(cluster, *ports):
    one = replace(container_of_size(10, 10)[0], port_mappings=ports)
    return cluster.definition(network_mode=NetworkMode.BRIDGE, container_definitions=(one,))


def test_host_ports_of_an_instance_are_unique(cluster):
    only = cluster.instance()
    web = _bridge(cluster, PortMapping(80, 0), PortMapping(53, 0, protocol="udp"))
    tasks = [cluster.run(web) for _ in range(5)]
    bound = [(b.host_port, b.protocol) for t in tasks for c in t.containers for b in c.network_bindings]
    assert len(bound) == len(set(bound)) == 10
    assert {t.interface for t in tasks} == {only.interface}
    assert len({t.bridge_address for t in tasks}) == 5


def test_a_fixed_port_allows_one_task_per_instance(cluster):
    places = {cluster.instance(zone).arn for zone in ZONES}
    web = _bridge(cluster, PortMapping(80, 8080))
    assert {cluster.run(web, ("binpack", "cpu")).container_instance for _ in range(3)} == places
    with pytest.raises(Unplaced) as exc_info:
        cluster.run(web)
    assert {r.reason for r in exc_info.value.refusals} == {"RESOURCE:PORTS"}
