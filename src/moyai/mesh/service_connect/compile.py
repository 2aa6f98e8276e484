"""Namespaces, compiled one at a time, because no traffic leaves its namespace."""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.world import World
from moyai.kernel.ids import NamespaceArn
from moyai.mesh.ir import Diagnostic, Mesh
from moyai.mesh.service_connect.branches import branches_of
from moyai.mesh.service_connect.destination import destination_of, group_of
from moyai.mesh.service_connect.service import mesh_name, service_of
from moyai.mesh.service_connect.tls import certificates_of
from moyai.mesh.service_connect.tuned import tuning_for
from moyai.mesh.service_connect.workload import workload_of
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
    diagnostics: list[Diagnostic] = []
    tasks = sorted(world.tasks.by("namespace", arn), key=lambda t: t.arn)
    targets = {name.target for t in tasks if t.view is not None for name in t.view.names}
    called = {a: d for a in sorted(targets) if (d := world.discovery_services.get(a)) is not None}
    names = {a: mesh_name(namespace, service) for a, service in called.items()}
    tunings = {a: tuning_for(world, service.owner, arn) for a, service in called.items()}
    branches = [(s, b) for a, s in called.items() for b in branches_of(world, s, names[a]).production]
    return Mesh(
        workloads={
            (w := workload_of(world, t, namespace, names, diagnostics)).id: w for t in tasks if t.view is not None
        },
        services={names[a]: service_of(world, service, names[a], tunings[a]) for a, service in called.items()},
        destinations={
            b.destination: destination_of(world, service, b.destination, tunings[service.arn])
            for service, b in branches
        },
        groups=peer_groups(world, namespace, tasks)
        | {b.destination: group_of(world, service, b, diagnostics) for service, b in branches},
        certificates=certificates_of(world, tasks),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )
