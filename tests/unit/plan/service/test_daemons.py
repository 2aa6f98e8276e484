from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstanceStatus, Resources
from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.task import DesiredStatus, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PortMapping
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Put
from moyai.testing.instances import for_instances, instance, on_instances, set_instance_status
from moyai.testing.world import CHECK, Builder
from tests.unit.plan.tasks import put, schedule

STEADY = "has reached a steady state."


def agent(build, port=0, **container):
    ports = (PortMapping(80, port),) if port else ()
    app = ContainerDefinition("app", "moyai.local/host", cpu=256, memory=256, port_mappings=ports, **container)
    return for_instances(build, build.definition("agent", app))


def settle(build, *services):
    """Run the started tasks and end the stopped ones, until nothing changes."""
    for _ in range(20):
        before = {t.arn: t.version for t in build.world.tasks}
        for service in services:
            schedule(build, service)
        for task in build.world.tasks:
            if task.stopped:
                continue
            if task.desired_status is DesiredStatus.STOPPED:
                put(build, task.arn, last_status=TaskStatus.STOPPED, version=task.version + 1)
            elif task.last_status is not TaskStatus.RUNNING:
                checked = build.world.task_definitions[task.task_definition].container_definitions[0].health_check
                health = Health.HEALTHY if checked else Health.UNKNOWN
                ready = {"ready_at": build.clock.now(), "version": task.version + 1}
                put(build, task.arn, last_status=TaskStatus.RUNNING, health_status=health, **ready)
        if before == {t.arn: t.version for t in build.world.tasks}:
            return
    raise AssertionError("it never settles")


def where(build, service):
    return sorted(t.container_instance for t in build.tasks(service))


def test_a_daemon_runs_one_task_on_each_instance():
    build = Builder()
    instances = [instance(build) for _ in range(3)]
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    assert where(build, logs) == sorted(i.arn for i in instances)
    assert build.world.services[logs].desired_count == 3
    assert build.messages(logs)[-1].endswith(STEADY)
    instances.append(instance(build))
    settle(build, logs)
    assert where(build, logs) == sorted(i.arn for i in instances)
    assert build.world.services[logs].desired_count == 4


def test_a_daemon_without_instances_is_steady():
    build = Builder()
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    assert build.world.services[logs].desired_count == 0
    assert build.messages(logs)[-1].endswith(STEADY)


@pytest.mark.parametrize("status", [ContainerInstanceStatus.DRAINING, ContainerInstanceStatus.INACTIVE])
def test_a_removed_instances_task_is_not_replaced(status):
    build = Builder()
    removed, stays = instance(build), instance(build)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    set_instance_status(build, removed.arn, status)
    settle(build, logs)
    assert where(build, logs) == [stays.arn]
    assert build.world.services[logs].desired_count == 1
    set_instance_status(build, removed.arn, ContainerInstanceStatus.ACTIVE)
    settle(build, logs)
    assert where(build, logs) == sorted([removed.arn, stays.arn])


def test_a_daemon_task_leaves_a_draining_instance_last():
    build = Builder()
    draining, other = instance(build), instance(build)
    logs = on_instances(build, "logs", agent(build))
    web = on_instances(build, "web", for_instances(build, build.definition("web")), 2)
    settle(build, logs, web)
    set_instance_status(build, draining.arn, ContainerInstanceStatus.DRAINING)
    schedule(build, logs)
    assert {t.desired_status for t in build.tasks(logs)} == {DesiredStatus.RUNNING}
    settle(build, web)
    assert where(build, web) == [other.arn, other.arn]
    settle(build, logs)
    assert where(build, logs) == [other.arn]


def test_other_launch_types_and_excluded_instances_get_no_task():
    build = Builder()
    instance(build, launch_type="EXTERNAL")
    instance(build, attributes={"stack": "test"})
    prod = instance(build, attributes={"stack": "prod"})
    constraint = PlacementConstraint("memberOf", "attribute:stack == prod")
    logs = on_instances(build, "logs", agent(build), placement_constraints=(constraint,))
    settle(build, logs)
    assert where(build, logs) == [prod.arn]


def test_a_constraint_that_no_longer_holds_stops_the_task():
    build = Builder()
    first, second = instance(build, attributes={"stack": "prod"}), instance(build, attributes={"stack": "prod"})
    constraint = PlacementConstraint("memberOf", "attribute:stack == prod")
    logs = on_instances(build, "logs", agent(build), placement_constraints=(constraint,))
    settle(build, logs)
    known = build.world.container_instances[first.arn]
    without = tuple(a for a in known.attributes if a.name != "stack")
    build.book.apply([Put(replace(known, attributes=without))])
    settle(build, logs)
    assert where(build, logs) == [second.arn]


def test_a_daemons_own_task_does_not_block_its_placement():
    build = Builder()
    instance(build)
    alone = PlacementConstraint("memberOf", "runningTasksCount == 0 and task:group != service:logs")
    logs = on_instances(build, "logs", agent(build), placement_constraints=(alone,))
    settle(build, logs)
    assert len(where(build, logs)) == 1


def test_a_deployment_stops_each_task_before_its_successor_within_the_minimum():
    build = Builder()
    for _ in range(4):
        instance(build)
    half = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=50)
    logs = on_instances(build, "logs", agent(build, port=8080), deployment_configuration=half)
    settle(build, logs)
    build.deploy(logs, agent(build, port=8080))
    schedule(build, logs)
    tasks = build.tasks(logs)
    assert [t.desired_status for t in tasks].count(DesiredStatus.STOPPED) == 2
    schedule(build, logs)
    assert len(build.tasks(logs)) == 4  # not before the former ones are STOPPED
    settle(build, logs)
    service = build.world.services[logs]
    assert {t.deployment for t in build.tasks(logs)} == {service.primary.id}
    assert len(where(build, logs)) == len(set(where(build, logs))) == 4
    assert not [m for m in build.messages(logs) if "unable" in m]


def test_a_minimum_of_zero_replaces_all_at_once():
    build = Builder()
    for _ in range(3):
        instance(build)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    build.deploy(logs, agent(build))
    schedule(build, logs)
    assert {t.desired_status for t in build.tasks(logs)} == {DesiredStatus.STOPPED}
    settle(build, logs)
    assert len(where(build, logs)) == 3


def test_bounds_that_allow_no_move_are_reported():
    build = Builder()
    instance(build)
    most = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=60)
    logs = on_instances(build, "logs", agent(build), deployment_configuration=most)
    settle(build, logs)
    build.deploy(logs, agent(build))
    settle(build, logs)
    assert "because of the service deployment configuration" in build.messages(logs)[-1]


def test_a_full_instance_is_reported_and_retried_without_delaying_others():
    build = Builder()
    small = instance(build, resources=Resources(100, 100))
    good = instance(build)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    assert where(build, logs) == [good.arn]
    assert build.world.services[logs].desired_count == 2
    assert f"(container-instance {small.id}) has insufficient CPU" in build.messages(logs)[-1]
    build.book.apply([Put(replace(small, resources=Resources(1000, 1000)))])
    settle(build, logs)
    assert where(build, logs) == sorted([good.arn, small.arn])
    assert build.messages(logs)[-1].endswith(STEADY)


def test_a_disconnected_instance_counts_and_is_waited_for():
    build = Builder()
    disconnected = instance(build, is_connected=False)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    assert (build.world.services[logs].desired_count, where(build, logs), build.messages(logs)) == (1, [], [])
    build.book.apply([Put(replace(disconnected, agent_connected=True))])
    settle(build, logs)
    assert where(build, logs) == [disconnected.arn]


def test_resources_are_reserved_for_daemons():
    build = Builder()
    logs = on_instances(build, "logs", agent(build, port=8080))
    instance(build, resources=Resources(1024, 1024))
    web = on_instances(build, "web", for_instances(build, build.definition("web")), 4)
    settle(build, web)
    assert len(where(build, web)) == 3
    settle(build, logs)
    assert len(where(build, logs)) == 1
    settle(build, web)
    assert len(where(build, web)) == 3


def test_fixed_ports_are_reserved_for_daemons():
    build = Builder()
    logs = on_instances(build, "logs", agent(build, port=8080))
    instance(build)
    taker = for_instances(
        build, build.definition("web", ContainerDefinition("w", "i", port_mappings=(PortMapping(80, 8080),)))
    )
    web = on_instances(build, "web", taker, 1)
    settle(build, web, logs)
    assert where(build, web) == []
    assert len(where(build, logs)) == 1


def test_unhealthy_daemon_tasks_are_replaced_on_their_instances():
    build = Builder()
    for _ in range(2):
        instance(build)
    logs = on_instances(build, "logs", agent(build, health_check=CHECK))
    settle(build, logs)
    for task in build.tasks(logs):
        put(build, task.arn, health_status=Health.UNHEALTHY)
    sick = {t.arn for t in build.tasks(logs)}
    settle(build, logs)
    assert not sick & {t.arn for t in build.tasks(logs)}
    assert len(set(where(build, logs))) == 2


def test_a_protected_task_stays_on_an_instance_that_is_drained():
    build = Builder()
    draining = instance(build)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    [task] = build.tasks(logs)
    put(build, task.arn, protected_until=build.clock.now() + 600)
    set_instance_status(build, draining.arn, ContainerInstanceStatus.DRAINING)
    settle(build, logs)
    assert where(build, logs) == [draining.arn]


def test_a_deleted_daemon_stops_everywhere():
    build = Builder()
    instance(build)
    logs = on_instances(build, "logs", agent(build))
    settle(build, logs)
    build.delete(logs)
    settle(build, logs)
    schedule(build, logs)
    assert where(build, logs) == []
    assert build.world.services[logs].status.value == "INACTIVE"
    assert build.world.services[logs].desired_count == 0


def test_an_awsvpc_daemon_task_has_an_interface_in_its_instances_zone():
    build = Builder()
    instances = [instance(build) for _ in range(3)]
    definition = for_instances(build, build.definition("agent"), NetworkMode.AWSVPC)
    logs = on_instances(build, "logs", definition)
    settle(build, logs)
    zones: dict[str, str] = {i.arn: i.availability_zone for i in instances}
    assert all(zones[t.container_instance or ""] == t.availability_zone for t in build.tasks(logs))
    assert len({t.interface.address for t in build.tasks(logs)}) == 3
