"""The projections of tasks and ECS services from which the mesh is compiled.

Promise: the compiler reads these projections and never the records, because the records change often (a task passes
through eight states, a service counts its tasks) and their projections hardly ever.
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.domain.connect.names import ConnectView, Offer
from moyai.domain.connect.tuning import Tuning, tuning_of
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.traffic import TrafficShare
from moyai.domain.table import Projection
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, Pool, SecurityGroupId, ServiceArn, SubnetId, TaskArn, TaskDefinitionArn

_WITH_NETWORK = frozenset(TaskStatus) - {TaskStatus.PROVISIONING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED}
"""The states in which a task's network namespace certainly exists."""


class ConnectTask(NamedTuple):
    """The projection of a task. ``is_caller``: it is RUNNING and has a proxy, whether or not it offers anything.
    ``shares_proxy``: its proxy is the host's, which serves it as long as it ``is_hosted``.
    """

    arn: TaskArn
    service: ServiceArn | None
    pool: Pool
    view: ConnectView | None
    task_definition: TaskDefinitionArn
    zone: str
    address: str
    bridge_address: str | None
    is_caller: bool
    shares_proxy: bool = False
    is_hosted: bool = False
    subnet: SubnetId = SubnetId("")
    security_groups: tuple[SecurityGroupId, ...] = ()

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The ports that the task offers."""
        return () if self.view is None else self.view.offers


class ConnectService(NamedTuple):
    """The projection of an ECS service. ``offers``: those of each deployment with Service Connect, the newest first;
    ``subnets`` and ``namespace``: those of the newest deployment.
    """

    namespace: NamespaceArn | None
    offers: tuple[tuple[Pool, tuple[Offer, ...]], ...]
    shares: tuple[TrafficShare, ...]
    test: Pool | None
    subnets: tuple[SubnetId, ...]
    tuning: Tuning


def connect_tasks(world: World) -> Projection[Task, ConnectTask]:
    """The projections of all tasks."""
    return world.tasks.projection(_task)


def connect_services(world: World) -> Projection[Service, ConnectService]:
    """The projections of all ECS services."""
    return world.services.projection(_service)


def _task(task: Task) -> ConnectTask:
    return ConnectTask(
        task.arn,
        task.service,
        task.pool,
        task.view,
        task.task_definition,
        task.availability_zone,
        task.interface.address,
        task.bridge_address,
        task.view is not None and task.last_status is TaskStatus.RUNNING,
        task.shares_proxy,
        task.shares_proxy and task.last_status in _WITH_NETWORK and task.proxy_leaves_at is None,
        task.interface.subnet,
        task.interface.security_groups,
    )


def _service(service: Service) -> ConnectService:
    view = service.view
    network = service.primary.network_configuration if service.deployments else None
    return ConnectService(
        None if view is None else view.namespace,
        tuple((d.pool, d.view.offers) for d in service.deployments if d.view is not None),
        service.traffic.shares,
        service.traffic.test,
        () if network is None else network.awsvpc_configuration.subnets,
        tuning_of(service.tags),
    )
