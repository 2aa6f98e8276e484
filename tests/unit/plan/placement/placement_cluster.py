"""Clusters with container instances, for tests of placement."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus, Resources
from moyai.domain.ecs.placement import PlacementConstraint, PlacementStrategy
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.world import Put, World
from moyai.plan.task.launch import LaunchRequest, launch
from moyai.testing.instances import instance
from moyai.testing.world import Builder

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")


class PlacementCluster:
    """A cluster, and tasks that are placed on its instances."""

    def __init__(self) -> None:
        self.builder = Builder()

    @property
    def world(self) -> World:
        return self.builder.world

    def instance(
        self, zone: str = "us-east-1a", cpu: int = 1024, memory: int = 1024, **attributes: str
    ) -> ContainerInstance:
        return instance(self.builder, zone, resources=Resources(cpu, memory), attributes=attributes)

    def put(self, instance: ContainerInstance) -> ContainerInstance:
        self.builder.book.apply([Put(instance)])
        return instance

    def drain(self, instance: ContainerInstance) -> None:
        self.put(replace(self.world.container_instances[instance.arn], status=ContainerInstanceStatus.DRAINING))

    def definition(self, family: str = "web", **changes: object) -> TaskDefinition:
        definition = self.builder.definition(family)
        params = {"cpu": None, "memory": None, "compatibilities": ("EC2",)} | changes
        params.setdefault("container_definitions", (ContainerDefinition("app", "i", cpu=256, memory=256),))
        changed = replace(definition, **params)
        self.builder.book.apply([Put(changed)])
        return changed

    def run(
        self,
        definition: TaskDefinition,
        *strategy: tuple[str, str | None],
        group: str = "jobs",
        constraints: tuple[PlacementConstraint, ...] = (),
        **changes: object,
    ) -> Task:
        request = LaunchRequest(
            self.builder.cluster(),
            definition,
            group,
            launch_type="EC2",
            constraints=constraints,
            strategy=tuple(PlacementStrategy(kind, field) for kind, field in strategy),
        )
        task = launch(self.world, replace(request, **changes), self.builder.clock.now(), self.builder.ids)
        self.builder.book.apply([Put(task)])
        return task

    def instance_of(self, task: Task) -> ContainerInstance:
        assert task.container_instance is not None
        return self.world.container_instances[task.container_instance]


def container_of_size(cpu: int, memory: int) -> tuple[ContainerDefinition, ...]:
    return (ContainerDefinition("app", "i", cpu=cpu, memory=memory),)
