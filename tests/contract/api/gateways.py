"""Gateways of ECS, for the tests of what boto3 sees of them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from moyai.domain.ecs.task import Task
from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.world import Observed, Put
from moyai.kernel.ids import ServiceArn
from moyai.plan.service.scheduler import plan_service

ROLE = "arn:aws:iam::123456789012:role/ecsInfrastructure"
GATEWAY = "arn:aws:ecs:us-east-1:123456789012:gateway/edge"
HEADER = {"header": {"name": "x-test", "values": ["yes"]}}


class Gateways:
    """A client of ECS, and short ways to make gateways and services that join them."""

    def __init__(self, installation):
        self.installation = installation
        self.ecs = installation.client("ecs")
        self.elb = installation.client("elbv2")
        self.ec2 = installation.client("ec2")
        self.subnets = [subnet["SubnetId"] for subnet in self.ec2.describe_subnets()["Subnets"]]
        self.ecs.create_cluster(clusterName="shop")
        self.ecs.register_task_definition(
            family="web",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {"name": "app", "image": "moyai.local/host", "portMappings": [{"containerPort": 8080, "name": "http"}]}
            ],
        )

    def create(self, name: str = "edge", *, alb: dict[str, Any] | None = None, **more: Any) -> Any:
        return self.ecs.create_gateway(
            name=name, infrastructureRoleArn=ROLE, configuration={"hostSharedAlb": alb or {}}, **more
        )

    def associate(self, gateway: str = "edge", cluster: str = "shop") -> Any:
        return self.ecs.associate_gateway_with_cluster(gateway=gateway, cluster=cluster)

    def serve(self, name: str = "web", connector: dict[str, Any] | None = None, count: int = 1) -> str:
        network = {"awsvpcConfiguration": {"subnets": self.subnets, "assignPublicIp": "ENABLED"}}
        created = self.ecs.create_service(
            cluster="shop",
            serviceName=name,
            taskDefinition="web",
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=network,
            gatewayConnectors=[{"portName": "http", **(connector or {})}],
        )
        return str(created["service"]["serviceArn"])

    def route(self, **filters: Any) -> Any:
        [route] = self.ecs.list_gateway_routes(**filters)["gatewayRoutes"]
        return self.ecs.describe_gateway_route(gatewayRouteArn=route["gatewayRouteArn"])["gatewayRoute"]

    def activate(self) -> None:
        """The front proxy serves every load balancer."""
        store = self.installation.store
        store.apply([Put(replace(b, state=LoadBalancerState.ACTIVE)) for b in store.world.load_balancers])

    def end_deployments(self, arn: str) -> None:
        """Let the former deployments of a service come to their end."""
        store, ids = self.installation.store, self.installation.builder.ids
        for _ in range(10):
            plan = plan_service(store.world, Observed(), ServiceArn(arn), self.installation.now, ids)
            store.apply([change for change in plan.changes if change.record_type is not Task])
