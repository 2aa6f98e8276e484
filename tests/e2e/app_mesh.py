"""Meshes and the tasks in them over the public API, as short as a test wants to say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster
from tests.e2e.waiting import eventually

ENVOY = "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod"
"""An image that nobody pulls."""
LIVE = {
    "command": ["CMD-SHELL", "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE"],
    "interval": 5,
    "timeout": 2,
    "retries": 3,
    "startPeriod": 10,
}
AFTER_ENVOY: Mapping[str, Any] = {"dependsOn": [{"containerName": "envoy", "condition": "HEALTHY"}]}


def envoy(stands_for: str, **more: Any) -> dict[str, Any]:
    """App Mesh's proxy container, as the walkthroughs have it."""
    environment = {"APPMESH_RESOURCE_ARN": stands_for} | more.pop("environment", {})
    pairs = [{"name": name, "value": value} for name, value in environment.items()]
    made = {"name": "envoy", "image": ENVOY, "user": "1337", "environment": pairs, "healthCheck": LIVE}
    return made | {"stopTimeout": 5} | more


def led(*app_ports: int, **properties: str) -> dict[str, Any]:
    """A proxyConfiguration, as the walkthroughs have it."""
    said = {"IgnoredUID": "1337", "ProxyEgressPort": "15001"}
    if app_ports:
        said |= {"ProxyIngressPort": "15000", "AppPorts": ",".join(map(str, app_ports))}
    said |= {"EgressIgnoredIPs": "169.254.170.2,169.254.169.254"} | properties
    pairs = [{"name": name, "value": value} for name, value in said.items()]
    return {"type": "APPMESH", "containerName": "envoy", "properties": pairs}


class Meshes:
    """One mesh, a private namespace for its nodes, and a cluster for its tasks, all of one name."""

    def __init__(self, installation: Installation, name: str, **spec: Any) -> None:
        self.name = name
        self.appmesh, self.cloudmap = installation.client("appmesh"), installation.client("servicediscovery")
        self.cluster = Cluster(installation, name)
        self.appmesh.create_mesh(meshName=name, spec=spec)
        vpc = next(v["VpcId"] for v in installation.client("ec2").describe_vpcs()["Vpcs"] if v["IsDefault"])
        operation = self.cloudmap.create_private_dns_namespace(Name=f"{name}.local", Vpc=vpc)["OperationId"]
        self._namespace = eventually(lambda: self._made(operation), "the namespace is made")

    def _made(self, operation: str) -> Any:
        answer = self.cloudmap.get_operation(OperationId=operation)["Operation"]
        assert answer["Status"] != "FAIL", answer
        return answer["Targets"]["NAMESPACE"] if answer["Status"] == "SUCCESS" else None

    def node(self, name: str, *listeners: Mapping[str, Any], backends: tuple[str, ...] = (), **more: Any) -> str:
        """A virtual node that Cloud Map knows under its name; what its proxies call it."""
        spec: dict[str, Any] = {
            "listeners": list(listeners),
            "backends": [{"virtualService": {"virtualServiceName": backend}} for backend in backends],
        }
        if listeners:
            found = {"namespaceName": f"{self.name}.local", "serviceName": name}
            spec["serviceDiscovery"] = {"awsCloudMap": found}
        self.appmesh.create_virtual_node(meshName=self.name, virtualNodeName=name, spec=spec | more)
        return f"mesh/{self.name}/virtualNode/{name}"

    def service(self, name: str, node: str) -> None:
        """A virtual service that a node provides."""
        provider = {"virtualNode": {"virtualNodeName": node}}
        self.appmesh.create_virtual_service(meshName=self.name, virtualServiceName=name, spec={"provider": provider})

    def registry(self, name: str, ttl: int = 1) -> list[dict[str, str]]:
        """A service of Cloud Map, as an ECS service's serviceRegistries."""
        made = self.cloudmap.create_service(
            Name=name,
            NamespaceId=self._namespace,
            DnsConfig={"DnsRecords": [{"Type": "A", "TTL": ttl}]},
            HealthCheckCustomConfig={"FailureThreshold": 1},
        )
        return [{"registryArn": made["Service"]["Arn"]}]


def http(port: int, **more: Any) -> dict[str, Any]:
    """A listener."""
    return {"portMapping": {"port": port, "protocol": "http"}} | more
