"""A mesh on ECS over the public APIs, as App Mesh's users built theirs: Cloud Map for names, a proxy container beside
each application, a bastion inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, shell
from tests.e2e.waiting import eventually

ENVOY_IMAGE = "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.29.12.1-prod"
"""As in everybody's templates; nothing is pulled."""
ADMIN = 9901
Keys = Mapping[str, str]
"""PEM by name; the proxy finds each at /keys/<name>.pem."""
_LIVE = "curl -s http://localhost:9901/server_info | grep state | grep -q LIVE"


class Stage:
    """One mesh, with a cluster and a private DNS namespace of the same name."""

    def __init__(self, installation: Installation, name: str, **mesh: Any) -> None:
        self.installation = installation
        self.name = name
        self.domain = f"{name}.local"
        self.appmesh = installation.client("appmesh")
        self.cloudmap = installation.client("servicediscovery")
        self.cluster = Cluster(installation, name)
        self.appmesh.create_mesh(meshName=name, spec=mesh)
        self.namespace = self._namespace()

    @classmethod
    def existing(cls, installation: Installation, name: str, cluster: Cluster) -> Stage:
        """A mesh that is there, with its namespace, and a cluster."""
        stage = cls.__new__(cls)
        stage.installation, stage.name, stage.domain, stage.cluster = installation, name, f"{name}.local", cluster
        stage.appmesh, stage.cloudmap = installation.client("appmesh"), installation.client("servicediscovery")
        namespaces = stage.cloudmap.list_namespaces()["Namespaces"]
        stage.namespace = next(str(one["Id"]) for one in namespaces if one["Name"] == stage.domain)
        return stage

    def _namespace(self) -> str:
        vpc = self.installation.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        operation = self.cloudmap.create_private_dns_namespace(Name=self.domain, Vpc=vpc)["OperationId"]

        def namespace_id() -> Any:
            answer = self.cloudmap.get_operation(OperationId=operation)["Operation"]
            return answer["Targets"]["NAMESPACE"] if answer["Status"] == "SUCCESS" else None

        return str(eventually(namespace_id, f"the namespace {self.domain} is made"))

    # ------------------------------------------------------------------------------------------------- the mesh

    def fqdn(self, name: str) -> str:
        """A name in the mesh's namespace."""
        return f"{name}.{self.domain}"

    def node(self, name: str, *listeners: Mapping[str, Any], backends: Sequence[str] = (), **spec: Any) -> None:
        """A virtual node that is found in Cloud Map under its own name, unless ``spec`` says otherwise."""
        discovery = {"serviceDiscovery": self.cloud_map_discovery(name)} if listeners else {}
        called = [{"virtualService": {"virtualServiceName": self.fqdn(backend)}} for backend in backends]
        self.appmesh.create_virtual_node(
            meshName=self.name,
            virtualNodeName=name,
            spec={"listeners": list(listeners), "backends": called} | discovery | spec,
        )

    def cloud_map_discovery(self, name: str, **attributes: str) -> dict[str, Any]:
        """A node's serviceDiscovery: by Cloud Map."""
        given = [{"key": key, "value": value} for key, value in attributes.items()]
        found = {"namespaceName": self.domain, "serviceName": name} | ({"attributes": given} if given else {})
        return {"awsCloudMap": found}

    def router(self, name: str, *ports: Mapping[str, Any]) -> None:
        """A virtual router that listens on these ports."""
        spec = {"listeners": [{"portMapping": port} for port in ports]}
        self.appmesh.create_virtual_router(meshName=self.name, virtualRouterName=name, spec=spec)

    def route(self, router: str, name: str, **spec: Any) -> None:
        """A route; made, or changed to be so."""
        params = {"meshName": self.name, "virtualRouterName": router, "routeName": name, "spec": spec}
        routes = self.appmesh.list_routes(meshName=self.name, virtualRouterName=router)["routes"]
        exists = any(route["routeName"] == name for route in routes)
        (self.appmesh.update_route if exists else self.appmesh.create_route)(**params)

    def service(self, name: str, *, node: str | None = None, router: str | None = None) -> None:
        """A virtual service of that name in the namespace."""
        spec: dict[str, Any] = {}
        if node is not None:
            spec = {"provider": {"virtualNode": {"virtualNodeName": node}}}
        if router is not None:
            spec = {"provider": {"virtualRouter": {"virtualRouterName": router}}}
        self.appmesh.create_virtual_service(meshName=self.name, virtualServiceName=self.fqdn(name), spec=spec)

    def gateway(self, name: str, *listeners: Mapping[str, Any], **spec: Any) -> None:
        """A virtual gateway."""
        params = {"listeners": list(listeners)} | spec
        self.appmesh.create_virtual_gateway(meshName=self.name, virtualGatewayName=name, spec=params)

    def gateway_route(self, gateway: str, name: str, service: str, to_port: int | None = None, **match: Any) -> None:
        """A gateway's route of HTTP to a virtual service; made, or changed to be so. ``rewrite``: what of it."""
        rewrite = {"rewrite": match.pop("rewrite")} if "rewrite" in match else {}
        target = {"virtualService": {"virtualServiceName": self.fqdn(service)}} | (
            {} if to_port is None else {"port": to_port}
        )
        spec = {"httpRoute": {"match": match, "action": {"target": target} | rewrite}}
        params = {"meshName": self.name, "virtualGatewayName": gateway, "gatewayRouteName": name, "spec": spec}
        gateway_routes = self.appmesh.list_gateway_routes(meshName=self.name, virtualGatewayName=gateway)[
            "gatewayRoutes"
        ]
        exists = any(route["gatewayRouteName"] == name for route in gateway_routes)
        (self.appmesh.update_gateway_route if exists else self.appmesh.create_gateway_route)(**params)

    # ------------------------------------------------------------------------------------------------ its tasks

    def registry(self, name: str) -> list[dict[str, str]]:
        """The Cloud Map service of that name, made if need be, as an ECS service's serviceRegistries."""
        given = [{"Name": "NAMESPACE_ID", "Values": [self.namespace]}]
        arns_by_name = {s["Name"]: s["Arn"] for s in self.cloudmap.list_services(Filters=given)["Services"]}
        if name not in arns_by_name:
            service = self.cloudmap.create_service(
                Name=name,
                NamespaceId=self.namespace,
                DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 1}]},
                HealthCheckCustomConfig={"FailureThreshold": 1},
            )
            arns_by_name[name] = service["Service"]["Arn"]
        return [{"registryArn": arns_by_name[name]}]

    def deploy(
        self,
        node: str,
        container: Mapping[str, Any],
        *ports: int,
        found_as: str | None = None,
        keys: Keys | None = None,
        **more: Any,
    ) -> None:
        """Begin an ECS service of the same name whose tasks are the node; ``ports`` are those that it listens on."""
        definition = self.define(node, container, *ports, keys=keys)
        registries = {"serviceRegistries": self.registry(found_as or node)} if ports else {}
        self.cluster.serve(node, definition, connect=False, **(registries | more))

    def define(
        self, node: str, container: Mapping[str, Any], *ports: int, keys: Keys | None = None, **envoy: str
    ) -> str:
        """A task definition: the application, which waits for its proxy, and the proxy, which finds its keys."""
        properties = {
            "IgnoredUID": "1337",
            "ProxyEgressPort": "15001",
            "EgressIgnoredIPs": "169.254.170.2",
        }
        if ports:
            properties |= {"ProxyIngressPort": "15000", "AppPorts": ",".join(map(str, ports))}
        waiting = {"dependsOn": [{"containerName": "envoy", "condition": "HEALTHY"}]}
        return self.cluster.define(
            f"{self.name}-{node}",
            dict(container) | waiting,
            *with_keys(keys, self.envoy(f"mesh/{self.name}/virtualNode/{node}", **envoy)),
            **({"volumes": [{"name": "keys"}]} if keys else {}),
            proxyConfiguration={
                "type": "APPMESH",
                "containerName": "envoy",
                "properties": [{"name": name, "value": value} for name, value in properties.items()],
            },
        )

    def colour(self, name: str, *ports: int, found_as: str | None = None, **more: Any) -> None:
        """Begin an ECS service of the application ``colour`` that answers with the node's name, on each port."""
        environment = [{"name": "COLOUR", "value": name}]
        container = app("colour", environment=environment)
        container["command"] += [str(port) for port in ports]
        self.deploy(name, container, *ports, found_as=found_as, **more)

    def deploy_gateway(self, gateway: str, *ports: int, keys: Keys | None = None, **envoy: str) -> None:
        """Begin an ECS service of one task that is the virtual gateway, found in Cloud Map under its own name."""
        container = self.envoy(f"mesh/{self.name}/virtualGateway/{gateway}", **envoy)
        container["portMappings"] = [{"containerPort": port} for port in (*ports, ADMIN)]
        definition = self.cluster.define(
            f"{self.name}-{gateway}", *with_keys(keys, container), **({"volumes": [{"name": "keys"}]} if keys else {})
        )
        self.cluster.serve(gateway, definition, connect=False, serviceRegistries=self.registry(gateway))

    def envoy(self, resource: str, **environment: str) -> dict[str, Any]:
        """The proxy's container, as templates have it."""
        variables = {"APPMESH_RESOURCE_ARN": resource, "ENABLE_ENVOY_STATS_TAGS": "1"} | environment
        return {
            "name": "envoy",
            "image": ENVOY_IMAGE,
            "essential": True,
            "user": "1337",
            "environment": [{"name": name, "value": value} for name, value in variables.items()],
            "portMappings": [{"containerPort": ADMIN}],
            "healthCheck": {"command": ["CMD-SHELL", _LIVE], "interval": 5, "timeout": 60, "retries": 10},
            "stopTimeout": 5,
        }

    def client(self, name: str, *backends: str, keys: Keys | None = None, **spec: Any) -> Bastion:
        """A node that only calls, with the probe as its application, ready to be asked."""
        self.node(name, backends=backends, **spec)
        self.deploy(name, app("probe", 8080), keys=keys, public=True)
        return self._bastion(name)

    def bastion(self) -> Bastion:
        """A task of the VPC that is not in the mesh, with the probe as its application, ready to be asked."""
        definition = self.cluster.define(f"{self.name}-bastion", app("probe", 8080))
        self.cluster.serve("bastion", definition, connect=False, public=True)
        return self._bastion("bastion")

    def _bastion(self, service: str) -> Bastion:
        self.cluster.steady(service)
        bastion = Bastion(self.cluster.public_address(service), 8080)
        eventually(bastion.answers, f"{service} answers")
        return bastion


class Bastion(Probe):
    """The probe, which also reads the statistics of proxies."""

    def get(self, url: str, **more: Any) -> Any:
        """One request by HTTP/1.1."""
        return self.ask("http", url=url, **more)

    def colour(self, url: str, method: str = "GET", **headers: str) -> str:
        """The answer of the application ``colour`` at that address; its status where that is not 200."""
        answer = self.get(url, method=method, headers=headers)
        return str(answer["text"]) if answer.get("status") == 200 else str(answer.get("status", answer))

    def statistics(self, host: str = "localhost", containing: str = "") -> dict[str, int]:
        """The counters and gauges of a proxy whose names have this text in them."""
        text = self.get(f"http://{host}:{ADMIN}/stats?filter={containing}")["text"]
        pairs = (line.partition(": ") for line in text.splitlines())
        return {name: int(value) for name, _, value in pairs if value.isdecimal()}


def with_keys(keys: Keys | None, envoy: dict[str, Any]) -> list[dict[str, Any]]:
    """The proxy, and the container that puts its keys where it finds them, under /keys, before it starts."""
    if keys is None:
        return [envoy]
    mounts = {"mountPoints": [{"sourceVolume": "keys", "containerPath": "/keys"}]}
    environment = [{"name": name, "value": text} for name, text in keys.items()]
    write = " && ".join(f'printf %s "${name}" > /keys/{name}.pem' for name in keys)
    before = shell(f"{write} && chmod 644 /keys/*", name="keys", environment=environment, essential=False)
    waiting = {"dependsOn": [{"containerName": "keys", "condition": "SUCCESS"}]}
    return [before | mounts, envoy | mounts | waiting]


def listener(port: int = 8080, protocol: str = "http", **more: Any) -> dict[str, Any]:
    """A listener of a node or a gateway."""
    return {"portMapping": {"port": port, "protocol": protocol}} | more


def to(*targets: str | tuple[str, int]) -> dict[str, Any]:
    """A route's action: these nodes, by weight; of those without one, each has 1."""
    pairs = [(target, 1) if isinstance(target, str) else target for target in targets]
    return {"weightedTargets": [{"virtualNode": node, "weight": weight} for node, weight in pairs]}
