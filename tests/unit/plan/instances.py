"""Container instances and the tasks on them, as the API would have recorded them."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.container_instance import ContainerInstance, Resources
from moyai.domain.ecs.task import NetworkBinding, NetworkInterface, Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PortMapping, TaskDefinition
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put
from moyai.kernel.arn import arn
from moyai.kernel.ids import ContainerInstanceArn, NetworkInterfaceId, TaskId
from moyai.plan.network.host_ports import bridge_address, port_bindings, taken_ports
from moyai.testing.world import SCOPE, Builder


def instance(build: Builder, number: int = 1, public: str | None = None) -> ContainerInstance:
    """An ACTIVE instance at 172.31.0.(100 + number) in the default VPC."""
    own, identity, address = default_vpc(SCOPE), TaskId(f"{number:032x}"), f"172.31.0.{100 + number}"
    container_instance = ContainerInstance(
        arn=ContainerInstanceArn(arn("ecs", SCOPE, f"container-instance/default/{identity}")),
        id=identity,
        cluster=build.cluster(),
        ec2_instance_id=f"i-{number:017x}",
        registered_at=build.clock.now(),
        availability_zone="us-east-1a",
        interface=NetworkInterface(
            id=NetworkInterfaceId(f"eni-{number:017x}"),
            attachment=build.ids.uuid(),
            vpc=own.vpc.id,
            subnet=own.subnets[0].id,
            address=address,
            mac=f"02:00:00:00:01:{number:02x}",
            private_dns_name=f"ip-{address.replace('.', '-')}.ec2.internal",
            public_address=public,
        ),
        resources=Resources(4096, 8192),
    )
    build.book.apply([Put(container_instance)])
    return container_instance


def definition(build: Builder, mode: NetworkMode, *ports: PortMapping, links: tuple[str, ...] = ()) -> TaskDefinition:
    """The next revision of the family ``modes``, with one container ``app``."""
    new_definition = build.definition(
        "modes", ContainerDefinition("app", "moyai.local/host", port_mappings=ports, links=links)
    )
    new_definition = replace(new_definition, network_mode=mode)
    build.book.apply([Put(new_definition)])
    return new_definition


def on(
    build: Builder,
    host: ContainerInstance,
    task_definition: TaskDefinition,
    view: ConnectView | None = None,
    **rest: object,
) -> Task:
    """A RUNNING task of the definition on the instance."""
    task = build.world.tasks[build.run(task_definition)]
    bound = port_bindings(task_definition, task.id, taken_ports(build.world, host), view)
    assert bound is not None
    containers = tuple(replace(c, network_bindings=bound.containers.get(c.name, ())) for c in task.containers)
    behind = task_definition.network_mode is NetworkMode.BRIDGE
    placed = replace(
        task,
        network_mode=task_definition.network_mode,
        container_instance=host.arn,
        launch_type="EC2",
        interface=host.interface,
        containers=containers,
        bridge_address=bridge_address(build.world, host, "172.31.0.0/16", task.id) if behind else None,
        last_status=TaskStatus.RUNNING,
        view=view,
        **rest,
    )
    build.book.apply([Put(placed)])
    return placed


def bound(task: Task) -> tuple[NetworkBinding, ...]:
    """All bindings of a task."""
    return tuple(binding for container in task.containers for binding in container.network_bindings)
