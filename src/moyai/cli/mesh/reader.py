"""Reads the mesh from the APIs of CloudWatch, ECS and Cloud Map.

The metrics say which service called which name; ECS says which services are behind a name. A service belongs to one
namespace, so an edge's namespace is its caller's. If the caller has been deleted, the edge's namespace is that which
has the name, if only one has it. App Mesh's metrics have both ends of an edge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from moyai.cli.mesh.metrics import EdgeKey, EdgeMetrics, MeshKey, read_edge_metrics
from moyai.cli.mesh.values import Edge, EdgeFilter, MeshTraffic, NamespaceService, Party, Span
from moyai.cli.remote import Remote, pages

ALL_EDGES = EdgeFilter()
_SERVICES_PER_CALL = 10
_PAGE = 100
_IN_PROGRESS = "IN_PROGRESS"


class MeshReader:
    """Reads edges with botocore clients that are created once."""

    def __init__(self, remote: Remote, edge_filter: EdgeFilter = ALL_EDGES) -> None:
        self._remote, self._filter = remote, edge_filter

    def read(self, span: Span) -> MeshTraffic:
        """The edges that had traffic in the span."""
        services = read_services(self._ecs, self._servicediscovery)
        return build_mesh(read_edge_metrics(self._cloudwatch, span), services, span, self._filter)

    @cached_property
    def _cloudwatch(self) -> Any:  # noqa: ANN401 (botocore makes its clients' classes at run time)
        return self._remote.client("cloudwatch")

    @cached_property
    def _ecs(self) -> Any:  # noqa: ANN401
        return self._remote.client("ecs")

    @cached_property
    def _servicediscovery(self) -> Any:  # noqa: ANN401
        return self._remote.client("servicediscovery")


def read_services(ecs: Any, servicediscovery: Any) -> list[NamespaceService]:  # noqa: ANN401
    """The services of all clusters that use Service Connect, with their namespaces."""
    return [
        _service(description, namespace["Name"])
        for namespace in pages(servicediscovery, "list_namespaces", "Namespaces")
        for description in _describe_services(ecs, _services_in(ecs, namespace["Arn"]))
    ]


def _services_in(ecs: Any, namespace: str) -> Iterator[str]:  # noqa: ANN401
    options = {"PaginationConfig": {"PageSize": _PAGE}}
    yield from pages(ecs, "list_services_by_namespace", "serviceArns", namespace=namespace, **options)


def _describe_services(ecs: Any, arns: Iterator[str]) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    by_cluster: dict[str, list[str]] = defaultdict(list)
    for arn in arns:
        by_cluster[arn.split("/")[-2]].append(arn)
    for cluster, members in by_cluster.items():
        for batch in _batches(members):
            yield from ecs.describe_services(cluster=cluster, services=batch)["services"]


def _batches(arns: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(arns), _SERVICES_PER_CALL):
        yield arns[first : first + _SERVICES_PER_CALL]


def _service(description: Mapping[str, Any], namespace: str) -> NamespaceService:
    deployments = description["deployments"]
    names = {r["discoveryName"] for d in deployments for r in d.get("serviceConnectResources", [])}
    return NamespaceService(
        Party(description["clusterArn"].rpartition("/")[2], description["serviceName"]),
        namespace,
        tuple(sorted(names)),
        any(d.get("rolloutState") == _IN_PROGRESS for d in deployments),
    )


def build_mesh(
    metrics: Mapping[EdgeKey, EdgeMetrics], services: Iterable[NamespaceService], span: Span, edge_filter: EdgeFilter
) -> MeshTraffic:
    """The edges that the filter matches, busiest first."""
    index = _ServiceIndex(services)
    edges = (_edge(key, values, index, span) for key, values in metrics.items())
    ordered = sorted((e for e in edges if edge_filter.matches(e)), key=lambda e: (-e.requests, e.caller, e.target))
    return MeshTraffic(span, tuple(ordered))


class _ServiceIndex:
    def __init__(self, services: Iterable[NamespaceService]) -> None:
        self.by_party: dict[Party, NamespaceService] = {}
        self._offered: dict[str, dict[str, list[NamespaceService]]] = defaultdict(lambda: defaultdict(list))
        for service in services:
            self.by_party[service.party] = service
            for name in service.offers:
                self._offered[name][service.namespace].append(service)

    def namespace_of(self, caller: Party, target: str) -> str | None:
        if caller in self.by_party:
            return self.by_party[caller].namespace
        namespaces = self._offered.get(target, {})
        return next(iter(namespaces)) if len(namespaces) == 1 else None

    def services_with_name(self, namespace: str | None, target: str) -> list[NamespaceService]:
        return [] if namespace is None else self._offered.get(target, {}).get(namespace, [])


def _edge(key: EdgeKey, values: EdgeMetrics, index: _ServiceIndex, span: Span) -> Edge:
    if isinstance(key, MeshKey):
        caller, node = Party(key.mesh, key.caller), Party(key.mesh, key.node)
        return _with_values(values, span, _Ends(key.mesh, caller, key.service, (node,), (), app_mesh=True))
    caller = Party(key.cluster, key.service)
    namespace = index.namespace_of(caller, key.target)
    targets = tuple(sorted(s.party for s in index.services_with_name(namespace, key.target)))
    ends = sorted({caller, *targets})
    deploying = tuple(end for end in ends if end in index.by_party and index.by_party[end].deploying)
    return _with_values(values, span, _Ends(namespace, caller, key.target, targets, deploying))


class _Ends(NamedTuple):
    """The caller and the targets of an edge."""

    namespace: str | None
    caller: Party
    target: str
    targets: tuple[Party, ...]
    deploying: tuple[Party, ...]
    app_mesh: bool = False


def _with_values(values: EdgeMetrics, span: Span, ends: _Ends) -> Edge:
    tcp = "connections" in values
    requests = round(values.get("connections" if tcp else "requests", 0))
    failures = round(values.get("failures", 0))
    return Edge(
        **ends._asdict(),
        protocol="tcp" if tcp else "http",
        requests=requests,
        failures=failures,
        retries=round(values.get("retries", 0)),
        timeouts=round(values.get("timeouts", 0)),
        rate=requests / span.seconds,
        success=max(1 - failures / requests, 0.0) if requests else None,
        p50=values.get("p50"),
        p95=values.get("p95"),
        p99=values.get("p99"),
        ejected=round(values.get("ejected", 0)),
    )
