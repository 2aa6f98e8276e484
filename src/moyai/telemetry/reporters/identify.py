"""Finds the workload whose statistics a proxy reports, in the world at the time of the call."""

from __future__ import annotations

from collections.abc import Callable

from moyai.domain.ecs.task_definition import AppProtocol
from moyai.domain.elb.front import vpc_of_front
from moyai.domain.keys import scope_of
from moyai.domain.queries import app_mesh
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import ProxyId
from moyai.telemetry.reporters.appmesh_identity import MeshIdentities, find_workload
from moyai.telemetry.reporters.appmesh_reporter import PROXY_SEPARATOR, MeshReporter
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.telemetry.reporters.reporter import IdentifyProxy, Reporter


def identify_from(world: Callable[[], World]) -> IdentifyProxy:
    """Create a function that finds the reporter of any proxy. ``world`` returns the current world."""
    identities = MeshIdentities(world)

    def identify(proxy: ProxyId) -> Reporter | None:
        current = world()
        return (
            mesh_reporter(current, identities, proxy)
            or service_reporter(current, proxy)
            or front_reporter(current, proxy)
        )

    return identify


def find_task_in(world: Callable[[], World]) -> Callable[[str], ProxyId | None]:
    """Create a function that finds the name of a task's proxy by the task's id."""

    def find(task_id: str) -> ProxyId | None:
        return next((ProxyId(task.arn) for task in world().tasks.by("id", task_id)), None)

    return find


def mesh_reporter(world: World, identities: MeshIdentities, proxy: ProxyId) -> MeshReporter | None:
    """The virtual node or gateway that a proxy represents; None for a proxy that is not App Mesh's."""
    task = world.tasks.get(proxy)
    if task is None:
        workload = find_workload(world, proxy.partition(PROXY_SEPARATOR)[0])
        created_at = None if workload is None else workload.created_at
    else:
        workload = (
            None if task.identity is None else app_mesh.resource_of_proxy(world, task.identity, scope_of(task.arn))
        )
        created_at = task.created_at
    if workload is None or created_at is None:
        return None
    return MeshReporter(identities.identity(workload), created_at, identities.current)


def service_reporter(world: World, proxy: ProxyId) -> ServiceReporter | None:
    """The service whose task a proxy belongs to; None when there is no such task, the task belongs to no service, or
    its proxy is App Mesh's.
    """
    task = world.tasks.get(proxy)
    if task is None or task.identity is not None or task.service is None:
        return None
    service = parse_arn(task.service)
    if service is None:
        return None
    namespace = world.namespaces.get(task.view.namespace) if task.view is not None else None
    offers = task.view.offers if task.view is not None else ()
    return ServiceReporter(
        scope=scope_of(task.arn),
        cluster=task.cluster.rpartition("/")[2],
        service=service.path[-1],
        created_at=task.created_at,
        grpc_names=frozenset(offer.discovery_name for offer in offers if offer.protocol is AppProtocol.GRPC),
        namespace="" if namespace is None else namespace.name,
    )


def front_reporter(world: World, proxy: ProxyId) -> FrontReporter | None:
    """The load balancers of a front proxy's VPC; None for any other proxy, and for a VPC without load balancers."""
    vpc = vpc_of_front(proxy)
    balancers = () if vpc is None else world.load_balancers.by("vpc", vpc)
    if vpc is None or not balancers:
        return None
    return FrontReporter(scope_of(balancers[0].arn), vpc, min(balancer.created_at for balancer in balancers))
