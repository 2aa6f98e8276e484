"""Express services over the public API, with the real Envoy: one request makes a URL that answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.https import HttpsClient, SteadyCaller
from tests.e2e.installation import Installation
from tests.e2e.ports import free_port
from tests.e2e.stack import APPS, Cluster
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

PORT = 8080
INFRASTRUCTURE = "arn:aws:iam::123456789012:role/ecsInfrastructure"
EXECUTION = "arn:aws:iam::123456789012:role/ecsTaskExecution"
QUICK = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 0,
    "canaryConfiguration": {"canaryPercent": 50.0, "canaryBakeTimeInMinutes": 0},
}
"""A canary deployment without the minutes that ECS lets one wait."""


class ExpressServices:
    """Express services of an installation."""

    def __init__(self, server: Installation) -> None:
        self.server = server
        self.cluster = Cluster(server, "express")
        self.ecs = self.cluster.ecs
        self.elb, self.ec2, self.acm = (server.client(name) for name in ("elbv2", "ec2", "acm"))

    def create(self, name: str) -> str:
        """A new service with our web application; its ARN."""
        created = self.ecs.create_express_gateway_service(
            cluster="express",
            serviceName=name,
            infrastructureRoleArn=INFRASTRUCTURE,
            executionRoleArn=EXECUTION,
            primaryContainer=self.container("1"),
            healthCheckPath="/",
        )
        return str(created["service"]["serviceArn"])

    def container(self, version: str) -> dict[str, Any]:
        return {
            "image": APPS,
            "containerPort": PORT,
            "command": ["sh", "-c", f"cd /srv && exec python3 -m tests.e2e.apps.web {PORT}"],
            "environment": [{"name": "VERSION", "value": version}],
        }

    def describe(self, arn: str) -> Any:
        return self.ecs.describe_express_gateway_service(serviceArn=arn)["service"]

    def path(self, arn: str) -> Any:
        """The managed ingress path."""
        revision = self.describe(arn)["activeConfigurations"][0]["serviceRevisionArn"]
        (described,) = self.ecs.describe_service_revisions(serviceRevisionArns=[revision])["serviceRevisions"]
        (path,) = described["ecsManagedResources"]["ingressPaths"]
        return path

    def client(self, arn: str) -> HttpsClient:
        """A client of the service, when its certificate is there."""
        eventually(lambda: self.path(arn)["certificate"]["status"] == "ACTIVE", "the certificate is issued")
        path = self.path(arn)
        chain = self.acm.get_certificate(CertificateArn=path["certificate"]["arn"])["CertificateChain"]
        dimension = path["loadBalancer"]["arn"].partition(":loadbalancer/")[2]
        interfaces = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "description", "Values": [f"ELB {dimension}"]}]
        )["NetworkInterfaces"]
        address = interfaces[0]["Association"]["PublicIp"]
        return HttpsClient(address, path["endpoint"].removeprefix("https://"), chain)


@pytest.fixture(scope="module")
def https_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def services(make_installation: Callable[..., Installation], https_port: int) -> ExpressServices:
    installation = make_installation("--gateway-https-port", str(https_port))
    installation.up()
    return ExpressServices(installation)


def test_the_life_of_two_express_services(services, https_port):
    first, second = services.create("first"), services.create("second")
    clients = {arn: services.client(arn) for arn in (first, second)}
    for client in clients.values():
        eventually(client.answers, f"{client.host} answers")
    assert services.path(first)["loadBalancer"]["arn"] == services.path(second)["loadBalancer"]["arn"]
    assert clients[first].get()[1]["task"] != clients[second].get()[1]["task"]
    assert clients[first].get(host="nobody.ecs.us-east-1.localhost")[0] == 404

    by_name = clients[first].at("127.0.0.1", https_port)
    eventually(by_name.answers, "the host answers at the port of names, as browsers call it")
    clusters = json.loads(services.server.moyai("status", "--json"))["clusters"]
    shown = {service["name"]: service["url"] for cluster in clusters for service in cluster["services"]}
    assert f"https://{by_name.host}:{https_port}" in shown["first"].split()

    before = {task["taskArn"] for task in services.cluster.tasks("first")}
    services.cluster.update("first", deploymentConfiguration=QUICK)
    with SteadyCaller(clients[first]) as caller:
        services.ecs.update_express_gateway_service(serviceArn=first, primaryContainer=services.container("2"))
        services.cluster.steady("first")
        services.cluster.quiet("first")
    assert caller.failures == []
    assert before.isdisjoint(task["taskArn"] for task in services.cluster.tasks("first"))
    assert len(services.describe(first)["activeConfigurations"]) == 1

    services.ecs.delete_express_gateway_service(serviceArn=first)
    missing = services.ecs.exceptions.ResourceNotFoundException
    eventually(lambda: _raises(missing, services.describe, first), "the first service is gone")
    assert clients[second].answers()
    eventually(lambda: (clients[first].get() or (404,))[0] == 404, "nobody leads to the first service any more")
    services.ecs.delete_express_gateway_service(serviceArn=second)
    eventually(lambda: _raises(missing, services.describe, second), "the second service is gone")
    assert services.elb.describe_load_balancers()["LoadBalancers"] == []
    assert services.elb.describe_target_groups()["TargetGroups"] == []
    assert services.acm.list_certificates()["CertificateSummaryList"] == []
    groups = services.ec2.describe_security_groups()["SecurityGroups"]
    assert {group["GroupName"] for group in groups} == {"default"}
    definitions = services.ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"]
    assert [arn for arn in definitions if "express-" in arn] == []
    eventually(lambda: clients[second].get() is None, "nobody listens any more")


def _raises(expected: type[Exception], call: Any, *args: Any) -> bool:
    try:
        call(*args)
    except expected:
        return True
    return False
