"""A virtual gateway behind a network load balancer, as App Mesh's walkthroughs let the internet into a mesh."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import ADMIN, Bastion, Stage, listener
from tests.e2e.balancers import get
from tests.e2e.installation import Installation
from tests.e2e.stack import app, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

GATEWAY = 9080
COUNT = 2
CHECK = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 4, "HealthyThresholdCount": 2}


class Entrance(NamedTuple):
    """A network load balancer with two tasks of a virtual gateway behind it, and a task of the VPC that calls it."""

    stage: Stage
    elb: Any
    group: str
    dns_name: str
    addresses: list[str]
    """Of its nodes, on this machine."""
    bastion: Bastion

    def targets(self) -> dict[str, str]:
        """The state of each target, by address."""
        described = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return {entry["Target"]["Id"]: entry["TargetHealth"]["State"] for entry in described}

    def gateway_addresses(self) -> set[str]:
        return {
            detail["value"]
            for task in self.stage.cluster.tasks("gateway")
            for attachment in task["attachments"]
            for detail in attachment["details"]
            if detail["name"] == "privateIPv4Address"
        }


@pytest.fixture(scope="module")
def entrance(server: Installation) -> Iterator[Entrance]:
    stage = Stage(server, "behind-nlb")
    stage.node("site", listener())
    stage.deploy("site", app("web", 8080), 8080)
    stage.service("site", node="site")
    stage.gateway("gateway", listener(GATEWAY))
    stage.gateway_route("gateway", "site", "site", prefix="/site")
    elb, ec2 = server.client("elbv2"), server.client("ec2")
    of_default = [{"Name": "group-name", "Values": ["default"]}]
    (default,) = ec2.describe_security_groups(Filters=of_default)["SecurityGroups"]  # admits its members, as tasks are
    created = elb.create_load_balancer(
        Name="mesh", Type="network", Subnets=stage.cluster.subnets, SecurityGroups=[default["GroupId"]]
    )
    (balancer,) = created["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    (group,) = elb.create_target_group(
        Name="mesh-gateway", Protocol="TCP", Port=GATEWAY, VpcId=balancer["VpcId"], TargetType="ip", **CHECK
    )["TargetGroups"]
    target_group = group["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": target_group}]
    elb.create_listener(LoadBalancerArn=arn, Protocol="TCP", Port=80, DefaultActions=forward)
    # A node has the targets of its own zone only, and there are more zones than tasks.
    across_zones = [{"Key": "load_balancing.cross_zone.enabled", "Value": "true"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=across_zones)

    container = stage.envoy(f"mesh/{stage.name}/virtualGateway/gateway")
    container["portMappings"] = [{"containerPort": port} for port in (GATEWAY, ADMIN)]
    behind = {"targetGroupArn": target_group, "containerName": "envoy", "containerPort": GATEWAY}
    definition = stage.cluster.define(f"{stage.name}-gateway", container)
    stage.cluster.serve("gateway", definition, count=COUNT, connect=False, loadBalancers=[behind])
    bastion = stage.bastion()
    stage.cluster.steady("gateway", "site")
    nodes = [{"Name": "description", "Values": [f"ELB {arn.partition(':loadbalancer/')[2]}"]}]
    interfaces = ec2.describe_network_interfaces(Filters=nodes)["NetworkInterfaces"]
    addresses = [interface["Association"]["PublicIp"] for interface in interfaces]
    yield Entrance(stage, elb, target_group, balancer["DNSName"], addresses, bastion)
    elb.delete_load_balancer(LoadBalancerArn=arn)


def leads_on(address: str) -> bool:
    """Whether the site answers at an address of the load balancer, every time."""
    return all((answer := get(address, "/site/")) is not None and answer[0] == 200 for _ in range(2 * COUNT))


def test_the_gateways_tasks_are_targets_and_lead_into_the_mesh(entrance):
    assert entrance.targets() == dict.fromkeys(entrance.gateway_addresses(), "healthy")
    assert len(entrance.addresses) == len(entrance.stage.cluster.subnets)
    (site,) = entrance.stage.cluster.tasks("site")
    for address in entrance.addresses:
        eventually(partial(leads_on, address), f"{address} leads into the mesh")
        status, body = get(address, "/site/")
        assert (status, body["task"]) == (200, task_id(site["taskArn"]))
        assert get(address, "/other")[0] == 404
    assert entrance.bastion.get(f"http://{entrance.dns_name}/site/")["status"] == 200


def test_a_rolling_deployment_of_the_gateway_loses_no_request(entrance):
    cluster = entrance.stage.cluster
    before = {task_id(task["taskArn"]) for task in cluster.tasks("gateway")}
    url = f"http://{entrance.dns_name}/site/"
    (site,) = cluster.tasks("site")
    entrance.bastion.begin(*[{"kind": "http", "url": url, "keep": False}] * 3)
    eventually(lambda: entrance.bastion.results()["answered"], "requests are answered")
    cluster.update("gateway", forceNewDeployment=True)
    cluster.steady("gateway")
    cluster.quiet("gateway")
    results = entrance.bastion.end()
    assert before.isdisjoint(task_id(task["taskArn"]) for task in cluster.tasks("gateway"))
    assert results["failures"] == []
    assert results["answered"].keys() == {task_id(site["taskArn"])}
    assert entrance.targets() == dict.fromkeys(entrance.gateway_addresses(), "healthy")
