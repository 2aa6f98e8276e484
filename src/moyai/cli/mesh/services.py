"""Which services take part in which namespace, and what each offers: ListServicesByNamespace and DescribeServices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moyai.cli.mesh.values import Party, Service
from moyai.cli.remote import pages

_AT_ONCE = 10
_PAGE = 100
_IN_PROGRESS = "IN_PROGRESS"


def read_services(ecs: Any, servicediscovery: Any) -> list[Service]:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Every service that Service Connect ties to a namespace, of whichever cluster."""
    return [
        _service(described, namespace["Name"])
        for namespace in pages(servicediscovery, "list_namespaces", "Namespaces")
        for described in _described(ecs, _members(ecs, namespace["Arn"]))
    ]


def _members(ecs: Any, namespace: str) -> Iterator[str]:  # noqa: ANN401
    options = {"PaginationConfig": {"PageSize": _PAGE}}
    yield from pages(ecs, "list_services_by_namespace", "serviceArns", namespace=namespace, **options)


def _described(ecs: Any, arns: Iterator[str]) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    by_cluster: dict[str, list[str]] = defaultdict(list)
    for arn in arns:
        by_cluster[arn.split("/")[-2]].append(arn)
    for cluster, members in by_cluster.items():
        for batch in _batches(members):
            yield from ecs.describe_services(cluster=cluster, services=batch)["services"]


def _batches(arns: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(arns), _AT_ONCE):
        yield arns[first : first + _AT_ONCE]


def _service(described: Mapping[str, Any], namespace: str) -> Service:
    deployments = described["deployments"]
    offers = {r["discoveryName"] for d in deployments for r in d.get("serviceConnectResources", [])}
    return Service(
        Party(described["clusterArn"].rpartition("/")[2], described["serviceName"]),
        namespace,
        tuple(sorted(offers)),
        any(d.get("rolloutState") == _IN_PROGRESS for d in deployments),
    )
