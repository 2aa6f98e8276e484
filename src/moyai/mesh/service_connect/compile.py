"""Namespaces, compiled one at a time, because no traffic leaves its namespace."""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.connect.names import proxy_ports
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn
from moyai.mesh.ir import Diagnostic, Mesh
from moyai.mesh.service_connect.branches import branches_of
from moyai.mesh.service_connect.called import called_in, tuning_in
from moyai.mesh.service_connect.destination import destination_of, group_of
from moyai.mesh.service_connect.projections import connect_services, connect_tasks
from moyai.mesh.service_connect.service import service_of
from moyai.mesh.service_connect.tls import certificates_of
from moyai.mesh.service_connect.workload import WorkloadContext, workload_of
from moyai.mesh.service_connect.zones import peer_groups


def compile_mesh(world: World) -> Mesh:
    """The mesh of all namespaces."""
    return join(compile_namespace(world, namespace.arn) for namespace in world.namespaces)


def join(meshes: Iterable[Mesh]) -> Mesh:
    """Meshes that share no name, as one."""
    parts = tuple(meshes)
    return Mesh(
        workloads={k: v for part in parts for k, v in part.workloads.items()},
        services={k: v for part in parts for k, v in part.services.items()},
        destinations={k: v for part in parts for k, v in part.destinations.items()},
        groups={k: v for part in parts for k, v in part.groups.items()},
        certificates={k: v for part in parts for k, v in part.certificates.items()},
        diagnostics=tuple(d for part in parts for d in part.diagnostics),
        proxies={k: v for part in parts for k, v in part.proxies.items()},
    )


def compile_namespace(world: World, arn: NamespaceArn) -> Mesh:
    """The mesh of one namespace: its alive tasks that have a proxy, and everything they can call."""
    namespace = world.namespaces.get(arn)
    if namespace is None:
        return Mesh()
    tasks = connect_tasks(world).by("namespace", arn)
    targets = {name.target for t in tasks if t.view is not None for name in t.view.names}
    known = (service for a in sorted(targets) if (service := world.discovery_services.get(a)) is not None)
    called = [called_in(world, namespace, service) for service in known]
    names = {c.service.arn: c.name for c in called}
    branches = [(c, b) for c in called for b in branches_of(c.owner, c.service, c.name).production]
    ports = {a: proxy_ports(world.task_definitions[a]) for a in sorted({t.task_definition for t in tasks})}
    services = connect_services(world)
    streaming = {a: tuning_in(arn, services.get(a)).streaming for a in {t.service for t in tasks}}
    diagnostics: list[Diagnostic] = []
    workloads = [
        workload_of(t, WorkloadContext(namespace, ports[t.task_definition], streaming[t.service], names), diagnostics)
        for t in tasks
        if t.view is not None
    ]
    return Mesh(
        workloads={workload.id: workload for workload in workloads},
        services={c.name: service_of(c) for c in called},
        destinations={b.destination: destination_of(world, c, b.destination) for c, b in branches},
        groups=peer_groups(namespace, tasks, ports)
        | {b.destination: group_of(world, c.service, b, diagnostics) for c, b in branches},
        certificates=certificates_of(world, tasks),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )
