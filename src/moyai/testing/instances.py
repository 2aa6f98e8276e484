"""Container instances, and services on them, as the API would have recorded them; for tests."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from moyai.domain.ecs.container_instance import Attribute, ContainerInstance, ContainerInstanceStatus, Resources
from moyai.domain.ecs.service import DAEMON, REPLICA, DeploymentConfiguration, Service
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.world import Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import ContainerInstanceArn, ServiceArn
from moyai.plan.capacity.registration import EC2, ContainerInstanceRequest, new_container_instance
from moyai.testing.world import SCOPE, Builder

DAEMON_BOUNDS = DeploymentConfiguration(maximum_percent=100, minimum_healthy_percent=0)
"""The default of a DAEMON service."""


def instance(
    build: Builder,
    zone: str | None = None,
    *,
    resources: Resources | None = None,
    launch_type: str = EC2,
    is_connected: bool = True,
    attributes: Mapping[str, str] | None = None,
) -> ContainerInstance:
    """Record a new ACTIVE instance of the default cluster; without a ``zone``, in the zone with fewest instances."""
    own = tuple(Attribute(name, value) for name, value in (attributes or {}).items())
    request = ContainerInstanceRequest(
        build.cluster(), resources or Resources(1024, 1024), launch_type=launch_type, zone=zone, attributes=own
    )
    record = new_container_instance(build.world, request, build.clock.now(), build.ids)
    record = replace(record, agent_connected=is_connected)
    build.book.apply([Put(record)])
    return record


def set_instance_status(build: Builder, key: ContainerInstanceArn, status: ContainerInstanceStatus) -> None:
    """Set an instance's status, as UpdateContainerInstancesState or DeregisterContainerInstance does."""
    record = build.world.container_instances[key]
    build.book.apply([Put(replace(record, status=status, version=record.version + 1))])


def for_instances(build: Builder, definition: TaskDefinition, mode: NetworkMode = NetworkMode.BRIDGE) -> TaskDefinition:
    """Record the definition for use on container instances: its containers have sizes, the task has none."""
    containers = tuple(replace(c, cpu=c.cpu or 256, memory=c.memory or 256) for c in definition.container_definitions)
    ec2_definition = replace(definition, network_mode=mode, cpu=None, memory=None, compatibilities=(EC2,))
    ec2_definition = replace(ec2_definition, container_definitions=containers)
    build.book.apply([Put(ec2_definition)])
    return ec2_definition


def on_instances(
    build: Builder, name: str, definition: TaskDefinition, desired_count: int | None = None, **changes: object
) -> ServiceArn:
    """Record a service with the launch type EC2 in the default cluster; without a count it is a DAEMON service.
    ``changes``: fields of its record that differ from the defaults.
    """
    key = ServiceArn(arn("ecs", SCOPE, f"service/default/{name}"))
    service = Service(
        arn=key,
        name=name,
        cluster=build.cluster(),
        created_at=build.clock.now(),
        created_by="test",
        deployments=(),
        desired_count=desired_count or 0,
        deployment_configuration=DAEMON_BOUNDS if desired_count is None else DeploymentConfiguration(),
        launch_type=EC2,
        scheduling_strategy=DAEMON if desired_count is None else REPLICA,
    )
    build.book.apply([Put(replace(service, **changes))])
    build.deploy(key, definition)
    return key
