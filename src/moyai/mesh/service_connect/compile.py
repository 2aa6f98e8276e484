"""Compiles namespaces, one at a time, because no traffic leaves its namespace."""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.connect.names import proxy_ports
from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn, WorkloadId
from moyai.mesh.ir import Diagnostic, MeshIR
from moyai.mesh.service_connect.destination import destination_of, group_of
from moyai.mesh.service_connect.networks import networks_of, separated_networks
from moyai.mesh.service_connect.projections import connect_services, connect_tasks
from moyai.mesh.service_connect.routes import mesh_service
from moyai.mesh.service_connect.tls import certificates_of
from moyai.mesh.service_connect.traffic_split import called_service, traffic_split, tuning_in
from moyai.mesh.service_connect.workload import WorkloadContext, logs_of_targets, workload_of
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


def compile_namespace(world: World, arn: NamespaceArn) -> MeshIR:
    """The mesh of one namespace: its running tasks that have a proxy, and everything that they can call."""
    namespace = world.namespaces.get(arn)
    if namespace is None:
        return MeshIR()
    tasks = connect_tasks(world).by("namespace", arn)
    arns = {name.target for t in tasks if t.view is not None for name in t.view.names}
    existing = (service for a in sorted(arns) if (service := world.discovery_services.get(a)) is not None)
    callees = [called_service(world, namespace, service) for service in existing]
    names = {c.service.arn: c.name for c in callees}
    targets = [(c, t) for c in callees for t in traffic_split(c.owner, c.service, c.name).production]
    ports = {a: proxy_ports(world.task_definitions[a]) for a in sorted({t.task_definition for t in tasks})}
    services = connect_services(world)
    streaming = {a: tuning_in(arn, services.get(a)).streaming for a in {t.service for t in tasks}}
    hosted = [t for t in tasks if t.view is not None and t.is_hosted]
    target_logs = logs_of_targets(hosted)
    separated = separated_networks(world, hosted)
    networks = networks_of(hosted, separated)
    diagnostics: list[Diagnostic] = []
    traced = world.defaults.traced
    contexts = {
        t.arn: WorkloadContext(
            namespace, ports[t.task_definition], streaming[t.service], names, traced, networks.get(t.arn, "")
        )
        for t in tasks
    }
    present = (t for t in tasks if t.view is not None and t.shares_proxy == t.is_hosted)
    workloads = [workload_of(t, contexts[t.arn], diagnostics) for t in present]
    return MeshIR(
        workloads={workload.id: workload for workload in workloads},
        services={c.name: mesh_service(c, target_logs.get(c.service.owner, ())) for c in callees},
        destinations={t.destination: destination_of(world, c, t.destination) for c, t in targets},
        groups=peer_groups(namespace, tasks, ports)
        | {t.destination: group_of(world, c.service, t, diagnostics) for c, t in targets},
        certificates=certificates_of(world, tasks),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
        hosted=frozenset(WorkloadId(t.arn) for t in hosted),
        separated=separated,
    )
