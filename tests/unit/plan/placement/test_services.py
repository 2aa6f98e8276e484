"""Services on container instances: where their tasks go, and from where they are taken away."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.cluster import CapacityProviderStrategyItem
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.task import ContainerStatus, DesiredStatus, TaskStatus
from moyai.domain.world import Put
from moyai.kernel.clock import later
from tests.unit.plan.placement.placement_cluster import ZONES, PlacementCluster
from tests.unit.plan.tasks import schedule


class Shop(PlacementCluster):
    """PlacementCluster with one service."""

    def open(self, desired: int, bounds: DeploymentConfiguration | None = None, **changes: object) -> None:
        web = self.definition()
        self.service = self.builder.service("web", web, desired, bounds=bounds)
        service = self.world.services[self.service]
        self.builder.book.apply([Put(replace(service, **({"launch_type": "EC2"} | changes)))])
        self.settle()

    def turn(self) -> None:
        """One turn of the scheduler; then started tasks run, and stopped ones are gone."""
        self.builder.clock.turn_to(later(self.builder.clock.now(), 1))
        schedule(self.builder, self.service)
        for task in self.builder.tasks(self.service):
            if task.desired_status is DesiredStatus.STOPPED:
                changed_task = replace(task, last_status=TaskStatus.STOPPED)
            else:
                containers = tuple(replace(c, last_status=ContainerStatus.RUNNING) for c in task.containers)
                now = self.builder.clock.now()
                changed_task = replace(
                    task, last_status=TaskStatus.RUNNING, containers=containers, started_at=now, ready_at=now
                )
            self.builder.book.apply([Put(changed_task)])

    def settle(self) -> None:
        for _ in range(6):
            self.turn()

    def scale(self, desired: int) -> None:
        self.builder.scale(self.service, desired)
        self.settle()

    def by_instance(self) -> Counter[str]:
        return Counter(t.container_instance or "" for t in self.builder.tasks(self.service))

    def by_zone(self) -> Counter[str]:
        return Counter(t.availability_zone for t in self.builder.tasks(self.service))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_a_service_spreads_and_shrinks_evenly(shop):
    for zone in ZONES * 2:
        shop.instance(zone)
    shop.open(12)
    assert sorted(shop.by_instance().values()) == [2] * 6
    shop.scale(6)
    assert sorted(shop.by_instance().values()) == [1] * 6
    shop.scale(3)
    assert sorted(shop.by_zone().values()) == [1, 1, 1]


def test_scaling_in_a_binpacked_service_empties_the_least_used_instance(shop):
    for zone in ZONES:
        shop.instance(zone)
    shop.open(5, placement_strategy=(PlacementStrategy("binpack", "memory"),))
    assert sorted(shop.by_instance().values()) == [1, 4]
    shop.scale(4)
    assert list(shop.by_instance().values()) == [4]


def test_draining_moves_tasks_within_the_bounds(shop):
    first, second = shop.instance(), shop.instance()
    shop.open(2)
    assert shop.by_instance() == {first.arn: 1, second.arn: 1}
    shop.drain(first)
    shop.turn()
    running = [t for t in shop.builder.tasks(shop.service) if t.desired_status is DesiredStatus.RUNNING]
    assert len(running) == 3
    shop.settle()
    assert shop.by_instance() == {second.arn: 2}


def test_draining_stops_tasks_first_at_the_maximum(shop):
    first, second = shop.instance(), shop.instance()
    shop.open(2, DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=50))
    shop.drain(first)
    counts = []
    for _ in range(6):
        shop.turn()
        counts.append(len(shop.builder.tasks(shop.service)))
    assert max(counts) <= 2
    assert shop.by_instance() == {second.arn: 2}


def test_tasks_stay_if_no_instance_fits_and_the_reason_is_reported_once(shop):
    only = shop.instance()
    shop.open(2)
    shop.drain(only)
    shop.settle()
    assert shop.by_instance() == {only.arn: 2}
    none = (
        "no container instance met all of its requirements. Reason: No Container Instances were found in your cluster."
    )
    assert sum(none in message for message in shop.builder.messages(shop.service)) == 1


def test_a_standalone_task_stays_on_a_drained_instance(shop):
    only = shop.instance()
    task = shop.run(shop.definition("job"))
    shop.drain(only)
    assert shop.world.tasks[task.arn].desired_status is DesiredStatus.RUNNING


def test_unplaced_tasks_make_an_event_with_the_closest_instance(shop):
    only = shop.instance(cpu=300)
    shop.open(2)
    assert shop.by_instance() == {only.arn: 1}
    said = f"The closest matching (container-instance {only.id}) has insufficient CPU units available."
    assert sum(said in message for message in shop.builder.messages(shop.service)) == 1


def test_distinct_instance_allows_one_task_per_instance(shop):
    for zone in ZONES:
        shop.instance(zone)
    shop.open(5, placement_constraints=(PlacementConstraint("distinctInstance"),))
    assert sorted(shop.by_instance().values()) == [1, 1, 1]


def test_a_rollout_moves_every_task(shop):
    for zone in ZONES:
        shop.instance(zone, cpu=2048, memory=2048)
    shop.open(3)
    shop.builder.deploy(shop.service, shop.definition())
    shop.settle()
    assert sorted(shop.by_zone().values()) == [1, 1, 1]
    assert len({t.task_definition for t in shop.builder.tasks(shop.service)}) == 1


def test_a_strategy_is_kept_while_scaling(shop):
    items = (CapacityProviderStrategyItem("FARGATE", weight=1, base=1), CapacityProviderStrategyItem("FARGATE_SPOT", 1))
    shop.open(5, capacity_provider_strategy=items, launch_type="FARGATE")
    assert Counter(t.capacity_provider for t in shop.builder.tasks(shop.service)) == {"FARGATE": 3, "FARGATE_SPOT": 2}
