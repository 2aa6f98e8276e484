"""Everything that runs in an account and region, read from the AWS APIs; ``moyai status`` prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from math import inf
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from moyai.cli.load_balancers import load_balancers
from moyai.cli.public_urls import PublicUrls
from moyai.cli.remote import Remote


class _Kind(NamedTuple):
    """One kind of a cluster's contents: the operations that list and describe it, the list's member, and the batch
    size.
    """

    list_operation: str
    arns: str
    describe_operation: str
    batch: int


_REVISIONS: Final = 20
"""Service revisions that are described at once."""
_KINDS: Mapping[str, _Kind] = MappingProxyType(
    {
        "tasks": _Kind("ListTasks", "taskArns", "DescribeTasks", 100),
        "services": _Kind("ListServices", "serviceArns", "DescribeServices", 10),
        "containerInstances": _Kind(
            "ListContainerInstances", "containerInstanceArns", "DescribeContainerInstances", 100
        ),
    }
)


class _Port(NamedTuple):
    """A port of a task definition. The name is empty where it has none."""

    number: int
    name: str
    protocol: str = "tcp"


def snapshot(remote: Remote) -> dict[str, Any]:
    """Clusters with their services, container instances and tasks, and load balancers; all with their public URLs, and
    the public ports that could not be opened. The tasks that stopped within the last hour are apart, newest first.
    """
    urls, names = PublicUrls(remote), _Namespaces(remote)
    clusters = [_cluster(remote, arn, urls, names) for arn in clusters_of(remote)]
    balancers = load_balancers(remote, urls)
    return {
        "endpoint": remote.url,
        "region": remote.region,
        "clusters": clusters,
        "loadBalancers": balancers,
        "portFailures": urls.failures,
    }


def running_tasks(remote: Remote) -> Iterator[dict[str, Any]]:
    """The tasks that have not stopped, with the ARN of their ``cluster`` and without URLs."""
    for cluster in clusters_of(remote):
        for task in describe_all(remote, "tasks", cluster):
            yield _task(task, None, ()) | {"cluster": cluster}


def stopped_tasks(remote: Remote) -> Iterator[dict[str, Any]]:
    """The tasks that stopped within the last hour, those that are stopping first and then the newest first: as
    ``running_tasks``, with the ``reason`` why each stopped, and whether it ``has_started`` before.
    """
    for cluster in clusters_of(remote):
        for task in _stopped_tasks(remote, cluster):
            reason = _stopped_task(task)["reason"]
            yield {**_task(task, None, ()), "reason": reason, "has_started": "startedAt" in task}


class _Namespaces:
    """The namespaces of clusters and their names, read only if some alias has no name of its own."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._defaults: dict[str, str] = {}

    def of(self, cluster: str, configured: str | None) -> str:
        """The name of a service's namespace. ``cluster``: its ARN; ``configured``: a name, an ARN, or None."""
        name_or_arn = configured or self._default(cluster)
        return self._names.get(name_or_arn, name_or_arn)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        namespaces = self._remote.pages("servicediscovery", "ListNamespaces", "Namespaces")
        return {namespace["Arn"]: namespace["Name"] for namespace in namespaces}

    def _default(self, cluster: str) -> str:
        if cluster not in self._defaults:
            clusters = self._remote.call("ecs", "DescribeClusters", clusters=[cluster])["clusters"]
            defaults = clusters[0].get("serviceConnectDefaults", {}) if clusters else {}
            self._defaults[cluster] = defaults.get("namespace", "")
        return self._defaults[cluster]


def clusters_of(remote: Remote) -> Iterator[str]:
    """The ARNs of the clusters."""
    return remote.pages("ecs", "ListClusters", "clusterArns")


def _cluster(remote: Remote, arn: str, urls: PublicUrls, names: _Namespaces) -> dict[str, Any]:
    services = list(describe_all(remote, "services", arn))
    tasks = list(describe_all(remote, "tasks", arn))
    definitions = _ports(remote, {t["taskDefinitionArn"] for t in tasks})
    tls_ports = {d["id"]: _tls_ports(d) for s in services for d in s["deployments"]}
    task_rows = [_task(t, urls, _schemes(definitions, tls_ports, t)) for t in tasks]
    public = {task["group"] for task in task_rows if not all(url.startswith("udp:") for url in task["urls"])}
    rows = [_service(s, lambda configured: names.of(arn, configured)) for s in services]
    name = arn.rpartition("/")[2]
    managed = _managed_urls(remote, urls, services)
    for row in rows:
        service_url = urls.of_name(f"{row['name']}.{name}.localhost") if f"service:{row['name']}" in public else ""
        row["url"] = " ".join([*managed.get(row["name"], ()), *([service_url] if service_url else [])])
    return {
        "name": name,
        "services": rows,
        "instances": [_instance(i) for i in describe_all(remote, "containerInstances", arn)],
        "tasks": task_rows,
        "stopped": [_stopped_task(t) for t in _stopped_tasks(remote, arn)],
    }


def describe_all(remote: Remote, resource_type: str, cluster: str, **filters: str) -> Iterator[Mapping[str, Any]]:
    """List and describe the services, the tasks or the container instances of a cluster."""
    kind = _KINDS[resource_type]
    arns = list(remote.pages("ecs", kind.list_operation, kind.arns, cluster=cluster, **filters))
    for batch in _batches(arns, kind.batch):
        yield from remote.call("ecs", kind.describe_operation, cluster=cluster, **{resource_type: batch})[resource_type]


def _stopped_tasks(remote: Remote, cluster: str) -> list[Mapping[str, Any]]:
    tasks = describe_all(remote, "tasks", cluster, desiredStatus="STOPPED")
    return sorted(tasks, key=lambda task: float(task.get("stoppedAt", inf)), reverse=True)


def _managed_urls(remote: Remote, urls: PublicUrls, services: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The URLs that ECS has assigned to Express services, and to services behind gateways, by the services' names. A
    public URL has the server's port for names, if there is one.
    """
    revisions = ((s["serviceName"], s.get("currentServiceRevisions")) for s in services)
    names = {current[0]["arn"]: name for name, current in revisions if current}
    by_name: dict[str, list[str]] = {}
    for batch in _batches(list(names), _REVISIONS):
        response = remote.call("ecs", "DescribeServiceRevisions", serviceRevisionArns=batch)
        for revision in response["serviceRevisions"]:
            managed = revision.get("ecsManagedResources") or {}
            paths = [(path["endpoint"], path["accessType"]) for path in managed.get("ingressPaths", [])]
            paths += [(route["serviceUrl"], route["accessType"]) for route in managed.get("gatewayConnections", [])]
            by_name[names[revision["serviceRevisionArn"]]] = [_reachable_url(urls, *path) for path in paths]
    return by_name


def _reachable_url(urls: PublicUrls, url: str, access: str) -> str:
    """A URL below ``localhost``; with the server's port for such names if the load balancer is public."""
    return (urls.of_name(url.removeprefix("https://"), "https") if access == "PUBLIC" else "") or url


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _ports(remote: Remote, definitions: set[str]) -> dict[str, list[_Port]]:
    """The ports of each task definition, without ranges."""
    ports = {}
    for arn in definitions:
        containers = remote.call("ecs", "DescribeTaskDefinition", taskDefinition=arn)["taskDefinition"][
            "containerDefinitions"
        ]
        mappings = [m for c in containers for m in c.get("portMappings", []) if "containerPort" in m]
        ports[arn] = [_Port(m["containerPort"], m.get("name", ""), m.get("protocol", "tcp")) for m in mappings]
    return ports


def _tls_ports(deployment: Mapping[str, Any]) -> set[str]:
    """The names of the ports on which a deployment's proxies accept TLS."""
    services = deployment.get("serviceConnectConfiguration", {}).get("services", [])
    return {service["portName"] for service in services if "tls" in service}


def _schemes(
    definitions: Mapping[str, Sequence[_Port]], tls_ports: Mapping[str, set[str]], task: Mapping[str, Any]
) -> list[tuple[str, int]]:
    """The ports of a task, each with its URL scheme."""
    with_tls = tls_ports.get(task.get("startedBy", ""), set())
    ports = definitions[task["taskDefinitionArn"]]
    schemes = ("udp" if port.protocol == "udp" else "https" if port.name in with_tls else "http" for port in ports)
    return [(scheme, port.number) for scheme, port in zip(schemes, ports, strict=True)]


def _service(service: Mapping[str, Any], namespace: Callable[[str | None], str]) -> dict[str, Any]:
    primary = service["deployments"][0] if service["deployments"] else {}
    connect = primary.get("serviceConnectConfiguration", {})
    return {
        "name": service["serviceName"],
        "status": service["status"],
        "desired": service["desiredCount"],
        "running": service["runningCount"],
        "pending": service["pendingCount"],
        "rollout": primary.get("rolloutState", ""),
        "names": [
            f"{alias.get('dnsName') or _default_name(offered, namespace(connect.get('namespace')))}:{alias['port']}"
            for offered in connect.get("services", [])
            for alias in offered.get("clientAliases", [])
        ],
    }


def _default_name(offered: Mapping[str, Any], namespace: str) -> str:
    """The name that clients call where the alias has no DNS name."""
    return f"{offered.get('discoveryName') or offered['portName']}.{namespace}"


def _instance(instance: Mapping[str, Any]) -> dict[str, Any]:
    remaining = {r["name"]: r.get("integerValue", 0) for r in instance["remainingResources"]}
    attributes = {a["name"]: a.get("value", "") for a in instance["attributes"]}
    return {
        "id": instance["containerInstanceArn"].rpartition("/")[2],
        "instance": instance["ec2InstanceId"],
        "status": instance["status"],
        "connected": instance["agentConnected"],
        "zone": attributes.get("ecs.availability-zone", ""),
        "tasks": instance["runningTasksCount"] + instance["pendingTasksCount"],
        "cpu_left": remaining["CPU"],
        "memory_left": remaining["MEMORY"],
    }


def _task(task: Mapping[str, Any], public_urls: PublicUrls | None, ports: Sequence[tuple[str, int]]) -> dict[str, Any]:
    interfaces = [a for a in task["attachments"] if a["type"] == "ElasticNetworkInterface"]
    details = {d["name"]: d["value"] for a in interfaces for d in a["details"]}
    urls = [] if public_urls is None else public_urls.of(details.get("networkInterfaceId"), ports)
    return {
        "id": task["taskArn"].rpartition("/")[2],
        "group": task["group"],
        "status": task["lastStatus"],
        "health": task.get("healthStatus", "UNKNOWN"),
        "zone": task.get("availabilityZone", ""),
        "address": details.get("privateIPv4Address", ""),
        "urls": urls,
        "containers": [c["name"] for c in task["containers"]],
    }


def _stopped_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """A row for a stopped task. ``reason``: why it stopped, with what is known of its containers that failed."""
    reason = task.get("stoppedReason", "")
    failed = [
        f"{c['name']}: {c.get('reason') or 'exit code ' + str(c['exitCode'])}"
        for c in task["containers"]
        if c.get("exitCode") or c.get("reason", "") not in reason
    ]
    return {
        "id": task["taskArn"].rpartition("/")[2],
        "group": task["group"],
        "stopped_at": task.get("stoppedAt"),
        "code": task.get("stopCode", ""),
        "reason": "; ".join(filter(None, [reason, *failed])),
    }
