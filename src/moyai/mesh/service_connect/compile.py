"""Compiles namespaces, one at a time, because no traffic leaves its namespace.

A namespace has two kinds of parts: its callers, and the endpoints of each called service. They are compiled apart,
because endpoints change most often, and because a change to one service's endpoints need not cost what the namespace's
size is (docs/decisions/endpoints-are-compiled-by-themselves.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.connect.names import proxy_ports
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn, ServiceArn, WorkloadId
from moyai.mesh.ir import Diagnostic, EndpointGroup, MeshIR, Workload
from moyai.mesh.service_connect.destination import destination_of, group_of
from moyai.mesh.service_connect.networks import networks_of, separated_networks
from moyai.mesh.service_connect.projections import ConnectTask, connect_services, connect_tasks
from moyai.mesh.service_connect.routes import mesh_service
from moyai.mesh.service_connect.tls import certificates_of
from moyai.mesh.service_connect.traffic_split import CalledService, called_service, traffic_split, tuning_in
from moyai.mesh.service_connect.workload import (
    ViewParts,
    WorkloadContext,
    logs_of_targets,
    parts_of_view,
    workload_of,
)
from moyai.mesh.service_connect.zones import peer_groups


def compile_mesh(world: World) -> MeshIR:
    """The mesh of all namespaces."""
    return join(compile_namespace(world, namespace.arn) for namespace in world.namespaces)


def join(meshes: Iterable[MeshIR]) -> MeshIR:
    """Join meshes that share no name into one."""
    parts = tuple(meshes)
    return MeshIR(
        workloads={k: v for part in parts for k, v in part.workloads.items()},
        services={k: v for part in parts for k, v in part.services.items()},
        destinations={k: v for part in parts for k, v in part.destinations.items()},
        groups={k: v for part in parts for k, v in part.groups.items()},
        certificates={k: v for part in parts for k, v in part.certificates.items()},
        diagnostics=tuple(d for part in parts for d in part.diagnostics),
        proxies={k: v for part in parts for k, v in part.proxies.items()},
        hosted=frozenset(workload for part in parts for workload in part.hosted),
        separated=frozenset(pair for part in parts for pair in part.separated),
    )


class CallersPart(NamedTuple):
    """The part of a namespace's mesh that does not change as endpoints come and go: ``mesh`` lacks only the endpoint
    groups of the services in ``called``.
    """

    mesh: MeshIR = MeshIR()
    called: tuple[DiscoveryServiceArn, ...] = ()


class EndpointsPart(NamedTuple):
    """The endpoint groups of one called service, one for each target of its traffic split."""

    groups: Mapping[str, EndpointGroup] = {}
    diagnostics: tuple[Diagnostic, ...] = ()


def compile_namespace(world: World, arn: NamespaceArn) -> MeshIR:
    """The mesh of one namespace: its running tasks that have a proxy, and everything that they can call."""
    callers = compile_callers(world, arn)
    return join_endpoints(callers, (compile_endpoints(world, service) for service in callers.called))


def join_endpoints(callers: CallersPart, endpoints: Iterable[EndpointsPart]) -> MeshIR:
    """The mesh of a namespace from its parts; ``endpoints`` are those of its called services, in their order."""
    parts = tuple(endpoints)
    groups = dict(callers.mesh.groups)
    for part in parts:
        groups.update(part.groups)
    diagnostics = dict.fromkeys(callers.mesh.diagnostics)
    diagnostics.update(dict.fromkeys(d for part in parts for d in part.diagnostics))
    return replace(callers.mesh, groups=groups, diagnostics=tuple(diagnostics))


def compile_callers(world: World, arn: NamespaceArn) -> CallersPart:
    """The callers of one namespace, and how they treat the services that they can call."""
    namespace = world.namespaces.get(arn)
    if namespace is None:
        return CallersPart()
    tasks = connect_tasks(world).by("namespace", arn)
    targets = {name.target for t in tasks if t.view is not None for name in t.view.names}
    existing = (service for a in sorted(targets) if (service := world.discovery_services.get(a)) is not None)
    callees = [called_service(world, namespace, service) for service in existing if service.namespace == arn]
    names = {c.service.arn: c.name for c in callees}
    ports = {a: proxy_ports(world.task_definitions[a]) for a in sorted({t.task_definition for t in tasks})}
    services = connect_services(world)
    streaming = {a: tuning_in(arn, services.get(a)).streaming for a in {t.service for t in tasks}}
    hosted = [t for t in tasks if t.view is not None and t.is_hosted]
    target_logs = logs_of_targets(hosted)
    separated = separated_networks(world, hosted)
    networks = networks_of(hosted, separated)
    context = WorkloadContext(namespace, ports, networks, world.defaults.traced)
    workloads, diagnostics = _workloads(tasks, streaming, names, context)
    mesh = MeshIR(
        workloads=workloads,
        services={c.name: mesh_service(c, target_logs.get(c.service.owner, ())) for c in callees},
        destinations={name: destination_of(world, c, name) for c in callees for name in _destination_names(c)},
        groups=peer_groups(namespace, tasks, ports),
        certificates=certificates_of(world, tasks),
        diagnostics=diagnostics,
        hosted=frozenset(WorkloadId(t.arn) for t in hosted),
        separated=separated,
    )
    return CallersPart(mesh, tuple(names))


def _workloads(
    tasks: Iterable[ConnectTask],
    streaming: Mapping[ServiceArn | None, tuple[str, ...]],
    names: Mapping[DiscoveryServiceArn, str],
    context: WorkloadContext,
) -> tuple[Mapping[WorkloadId, Workload], tuple[Diagnostic, ...]]:
    """The workloads of the tasks that have a proxy, and what is left out of them. Tasks with the same names and offers,
    which are most of a service's, have the same parts.
    """
    workloads: dict[WorkloadId, Workload] = {}
    diagnostics: dict[Diagnostic, None] = {}
    parts_by_view: dict[Hashable, ViewParts] = {}
    for task in tasks:
        if task.view is None or task.shares_proxy != task.is_hosted:
            continue
        view, paths = task.view, streaming[task.service]
        key = (view.names, view.offers, view.access_log, paths)
        parts = parts_by_view.get(key) or parts_by_view.setdefault(key, parts_of_view(view, paths, names))
        workload = workload_of(task, parts, context)
        workloads[workload.id] = workload
        diagnostics.update((Diagnostic(task.arn, reason), None) for reason in parts.left_out)
    return workloads, tuple(diagnostics)


def _destination_names(callee: CalledService) -> Iterator[str]:
    return (target.destination for target in traffic_split(callee.owner, callee.service, callee.name).production)


def compile_endpoints(world: World, arn: DiscoveryServiceArn) -> EndpointsPart:
    """The endpoints of one discovery service, as tasks in its namespace call it."""
    service = world.discovery_services.get(arn)
    namespace = None if service is None else world.namespaces.get(service.namespace)
    if service is None or namespace is None:
        return EndpointsPart()
    callee = called_service(world, namespace, service)
    targets = traffic_split(callee.owner, service, callee.name).production
    diagnostics: list[Diagnostic] = []
    groups = {target.destination: group_of(world, service, target, diagnostics) for target in targets}
    return EndpointsPart(groups, tuple(diagnostics))
