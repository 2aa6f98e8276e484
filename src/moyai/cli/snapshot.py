"""Everything that runs in an account and region, read over the public API: what ``moyai status`` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from botocore import xform_name

from moyai.cli.remote import Remote, pages

_BATCH: Mapping[str, int] = MappingProxyType({"tasks": 100, "services": 10, "containerInstances": 100})
"""How many of each are described at once."""


class _Port(NamedTuple):
    """A TCP port of a task definition; not every port has a name."""

    number: int
    name: str


def snapshot(remote: Remote) -> dict[str, Any]:
    """Clusters with their services and tasks; tasks with their public URLs."""
    ecs = remote.client("ecs")
    public, names = _public_addresses(remote), _Namespaces(remote)
    clusters = [_cluster(ecs, arn, public, names) for arn in pages(ecs, "list_clusters", "clusterArns")]
    return {"endpoint": remote.url, "region": remote.region, "clusters": clusters}


def running_tasks(remote: Remote) -> Iterator[dict[str, Any]]:
    """Tasks that have not stopped, each with the ARN of its ``cluster`` and without its URLs."""
    ecs = remote.client("ecs")
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for task in _described(ecs, "tasks", cluster):
            yield _task(task, {}, ()) | {"cluster": cluster}


def stopped_tasks(remote: Remote) -> Iterator[dict[str, Any]]:
    """Tasks that have stopped within the last hour."""
    ecs = remote.client("ecs")
    for cluster in pages(ecs, "list_clusters", "clusterArns"):
        for task in _described(ecs, "tasks", cluster, desiredStatus="STOPPED"):
            yield _task(task, {}, ())


class _Namespaces:
    """Asked for only where an alias has no name of its own."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._defaults: dict[str, str] = {}

    def of(self, cluster: str, configured: str | None) -> str:
        """The name of the one in which a service is. ``cluster``: an ARN; ``configured``: a name, an ARN, or None."""
        wanted = configured or self._default(cluster)
        return self._names.get(wanted, wanted)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        found = pages(self._remote.client("servicediscovery"), "list_namespaces", "Namespaces")
        return {namespace["Arn"]: namespace["Name"] for namespace in found}

    def _default(self, cluster: str) -> str:
        if cluster not in self._defaults:
            found = self._remote.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
            self._defaults[cluster] = found[0].get("serviceConnectDefaults", {}).get("namespace", "") if found else ""
        return self._defaults[cluster]


def _cluster(ecs: Any, arn: str, public: Mapping[str, str], names: _Namespaces) -> dict[str, Any]:  # noqa: ANN401
    services = list(_described(ecs, "services", arn))
    tasks = list(_described(ecs, "tasks", arn))
    definitions = _ports(ecs, {t["taskDefinitionArn"] for t in tasks})
    encrypted = {d["id"]: _encrypted(d) for s in services for d in s["deployments"]}
    return {
        "name": arn.rpartition("/")[2],
        "services": [_service(s, lambda configured: names.of(arn, configured)) for s in services],
        "instances": [_instance(i) for i in _described(ecs, "containerInstances", arn)],
        "tasks": [_task(t, public, _schemes(definitions, encrypted, t)) for t in tasks],
    }


def _described(ecs: Any, what: str, cluster: str, **filters: str) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    """List and describe the services, the tasks or the container instances of a cluster."""
    verb, result = xform_name(what), f"{what.removesuffix('s')}Arns"
    for batch in _batches(list(pages(ecs, f"list_{verb}", result, cluster=cluster, **filters)), _BATCH[what]):
        yield from getattr(ecs, f"describe_{verb}")(cluster=cluster, **{what: batch})[what]


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _ports(ecs: Any, definitions: set[str]) -> dict[str, list[_Port]]:  # noqa: ANN401
    """The TCP ports of each task definition."""
    found = {}
    for arn in definitions:
        containers = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
        mappings = [m for c in containers for m in c.get("portMappings", [])]
        tcp = [m for m in mappings if m.get("protocol", "tcp") == "tcp"]
        found[arn] = [_Port(m["containerPort"], m.get("name", "")) for m in tcp]
    return found


def _encrypted(deployment: Mapping[str, Any]) -> set[str]:
    """The names of the ports on which a deployment's proxies speak TLS."""
    offered = deployment.get("serviceConnectConfiguration", {}).get("services", [])
    return {one["portName"] for one in offered if "tls" in one}


def _schemes(
    definitions: Mapping[str, Sequence[_Port]], encrypted: Mapping[str, set[str]], task: Mapping[str, Any]
) -> list[tuple[str, int]]:
    """The ports of a task, each with how it is called."""
    with_tls = encrypted.get(task.get("startedBy", ""), set())
    ports = definitions[task["taskDefinitionArn"]]
    return [("https" if port.name in with_tls else "http", port.number) for port in ports]


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
            f"{alias.get('dnsName') or _default(offered, namespace(connect.get('namespace')))}:{alias['port']}"
            for offered in connect.get("services", [])
            for alias in offered.get("clientAliases", [])
        ],
    }


def _default(offered: Mapping[str, Any], namespace: str) -> str:
    """The name of an alias that was given none."""
    return f"{offered.get('discoveryName') or offered['portName']}.{namespace}"


def _instance(instance: Mapping[str, Any]) -> dict[str, Any]:
    left = {r["name"]: r.get("integerValue", 0) for r in instance["remainingResources"]}
    attributes = {a["name"]: a.get("value", "") for a in instance["attributes"]}
    return {
        "id": instance["containerInstanceArn"].rpartition("/")[2],
        "instance": instance["ec2InstanceId"],
        "status": instance["status"],
        "connected": instance["agentConnected"],
        "zone": attributes.get("ecs.availability-zone", ""),
        "tasks": instance["runningTasksCount"] + instance["pendingTasksCount"],
        "cpu_left": left["CPU"],
        "memory_left": left["MEMORY"],
    }


def _task(task: Mapping[str, Any], public: Mapping[str, str], ports: Sequence[tuple[str, int]]) -> dict[str, Any]:
    interfaces = [a for a in task["attachments"] if a["type"] == "ElasticNetworkInterface"]
    details = {d["name"]: d["value"] for a in interfaces for d in a["details"]}
    address = public.get(details.get("networkInterfaceId", ""))
    return {
        "id": task["taskArn"].rpartition("/")[2],
        "group": task["group"],
        "status": task["lastStatus"],
        "health": task.get("healthStatus", "UNKNOWN"),
        "zone": task.get("availabilityZone", ""),
        "address": details.get("privateIPv4Address", ""),
        "urls": [f"{scheme}://{address}:{port}" for scheme, port in ports] if address else [],
        "containers": [c["name"] for c in task["containers"]],
    }


def _public_addresses(remote: Remote) -> dict[str, str]:
    """Network interface id to public address."""
    found = pages(remote.client("ec2"), "describe_network_interfaces", "NetworkInterfaces")
    return {i["NetworkInterfaceId"]: i["Association"]["PublicIp"] for i in found if "Association" in i}
