"""Gateways over the public API, with the real Envoy: two services under one gateway, and deployments behind it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.e2e.https import HttpsClient, SteadyCaller
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT = 8080
ROLE = "arn:aws:iam::123456789012:role/ecsInfrastructure"
CHECK = {"healthCheckPath": "/", "healthCheckIntervalSeconds": 5, "healthCheckTimeoutSeconds": 4}
CONNECTOR = {"portName": "web", "healthCheck": CHECK}
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}
PAUSE = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}


class Edge:
    """A gateway, and the services of a cluster that join it."""

    def __init__(self, server: Installation) -> None:
        self.cluster = Cluster(server, "edge")
        self.ecs = self.cluster.ecs
        self.elb, self.ec2, self.acm = (server.client(name) for name in ("elbv2", "ec2", "acm"))
        alb = {"testTrafficRules": {"header": {"name": "x-canary", "values": ["yes"]}}}
        self.ecs.create_gateway(name="edge", infrastructureRoleArn=ROLE, configuration={"hostSharedAlb": alb})
        self.ecs.associate_gateway_with_cluster(gateway="edge", cluster="edge")

    def serve(self, name: str) -> None:
        self.cluster.serve(name, self.define(name, "1"), connect=False, gatewayConnectors=[CONNECTOR])

    def define(self, name: str, version: str) -> str:
        return self.cluster.define(name, app("web", PORT, environment=[{"name": "VERSION", "value": version}]))

    def route(self, service: str) -> Any:
        (route,) = self.ecs.list_gateway_routes(service=service)["gatewayRoutes"]
        return self.ecs.describe_gateway_route(gatewayRouteArn=route["gatewayRouteArn"])["gatewayRoute"]

    def client(self, service: str) -> HttpsClient:
        """A client of a service, when its route is ACTIVE."""
        eventually(lambda: self.route(service)["status"] == "ACTIVE", f"the route of {service} is active")
        route = self.route(service)
        (resources,) = route["resources"]["hostSharedAlb"]
        chain = self.acm.get_certificate(CertificateArn=resources["acmCertificateArn"])["CertificateChain"]
        dimension = resources["loadBalancerArn"].partition(":loadbalancer/")[2]
        interfaces = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "description", "Values": [f"ELB {dimension}"]}]
        )["NetworkInterfaces"]
        return HttpsClient(
            interfaces[0]["Association"]["PublicIp"], route["serviceUrl"].removeprefix("https://"), chain
        )

    def gateway(self) -> Any:
        return self.ecs.describe_gateway(gateway="edge")["gateway"]


@pytest.fixture(scope="module")
def edge(server: Installation) -> Edge:
    return Edge(server)


def test_two_services_join_a_gateway_deploy_blue_green_and_leave(edge):
    assert edge.elb.describe_load_balancers()["LoadBalancers"] == []
    edge.serve("first")
    edge.serve("second")
    edge.cluster.steady("first", "second")
    clients = {name: edge.client(name) for name in ("first", "second")}
    for client in clients.values():
        eventually(client.answers, f"{client.host} answers")
    assert clients["first"].get()[1]["task"] != clients["second"].get()[1]["task"]
    assert edge.gateway()["configuration"]["hostSharedAlb"]["currentAlbCount"] == 1

    edge.ecs.update_gateway(gateway="edge", configuration={"hostSharedAlb": {"httpDesync": "strictest"}})
    eventually(lambda: edge.gateway()["status"] == "UPDATE_COMPLETE", "the front proxy has acknowledged the update")

    with SteadyCaller(clients["first"]) as caller:
        edge.cluster.update(
            "first",
            taskDefinition=edge.define("first", "2"),
            deploymentConfiguration=BLUE_GREEN | {"lifecycleHooks": [PAUSE]},
        )
        hook = eventually(lambda: _awaiting(edge, "first"), "the deployment awaits an answer")
        test = partial(clients["first"].get, header=("x-canary", "yes"))
        eventually(lambda: test()[1]["version"] == "2", "test traffic reaches the new version")
        assert clients["first"].get()[1]["version"] == "1"
        edge.ecs.continue_service_deployment(**hook, action="CONTINUE")
        edge.cluster.steady("first")
        edge.cluster.quiet("first")
    assert caller.failures == []
    assert clients["first"].get()[1]["version"] == "2"

    edge.ecs.disassociate_gateway_from_cluster(gateway="edge", cluster="edge")
    for name in ("first", "second"):
        edge.cluster.update(name, forceNewDeployment=True, deploymentConfiguration={"strategy": "ROLLING"})
    edge.cluster.steady("first", "second")
    eventually(lambda: edge.ecs.list_gateway_routes()["gatewayRoutes"] == [], "no route is left")
    associations = edge.ecs.list_gateway_cluster_associations
    eventually(lambda: associations()["gatewayClusterAssociations"] == [], "no association is left")
    eventually(lambda: edge.elb.describe_load_balancers()["LoadBalancers"] == [], "no load balancer is left")
    edge.ecs.update_gateway(gateway="edge", deletionProtection=False)
    assert edge.ecs.delete_gateway(gateway="edge")["status"] == "DELETED"


def _awaiting(edge: Edge, service: str) -> dict[str, str]:
    """The deployment of the service and its hook that awaits an answer, as ContinueServiceDeployment takes them; empty
    while there is none.
    """
    arn = edge.cluster.service(service)["currentServiceDeployment"]
    (deployment,) = edge.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    hooks = [hook for hook in deployment.get("lifecycleHookDetails", []) if hook["status"] == "AWAITING_ACTION"]
    return {"serviceDeploymentArn": arn, "hookId": hooks[0]["hookId"]} if hooks else {}
