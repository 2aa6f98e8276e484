"""The whole shop from its template, by the AWS CLI: behind its load balancer, through an update, and gone again."""

from __future__ import annotations

import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

import pytest

from tests.e2e.console.shop import EXAMPLE, IMAGE
from tests.e2e.installation import AWS, Installation
from tests.e2e.stack import HOST
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e]

TEMPLATE = EXAMPLE / "template.yaml"
_DEPLOY = ("cloudformation", "deploy", "--stack-name", "shop", "--template-file", str(TEMPLATE))


def deploy(installation: Installation, **parameters: str) -> None:
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    given = ("--parameter-overrides", *overrides) if overrides else ()
    command = [AWS, *_DEPLOY, "--capabilities", "CAPABILITY_IAM", *given]
    ran = subprocess.run(command, capture_output=True, text=True, env=installation.environment(), check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def delete(installation: Installation) -> None:
    cloudformation = installation.client("cloudformation")
    cloudformation.delete_stack(StackName="shop")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="shop", WaiterConfig={"Delay": 1})


def what_is_left(installation: Installation) -> dict[str, list[str]]:
    """The resources that a template could have made, by kind, without those that every account has."""
    ec2, ecs, elb = (installation.client(name) for name in ("ec2", "ecs", "elbv2"))
    logs, secrets, names = (installation.client(name) for name in ("logs", "secretsmanager", "servicediscovery"))
    own = [{"Name": "is-default", "Values": ["false"]}]
    left = {
        "stacks": [stack["StackName"] for stack in installation.client("cloudformation").describe_stacks()["Stacks"]],
        "VPCs": [vpc["VpcId"] for vpc in ec2.describe_vpcs(Filters=own)["Vpcs"]],
        "gateways": [each["InternetGatewayId"] for each in ec2.describe_internet_gateways()["InternetGateways"]][1:],
        "load balancers": [each["LoadBalancerArn"] for each in elb.describe_load_balancers()["LoadBalancers"]],
        "target groups": [each["TargetGroupArn"] for each in elb.describe_target_groups()["TargetGroups"]],
        "clusters": [arn for arn in ecs.list_clusters()["clusterArns"] if "shop" in arn],
        "log groups": [
            g["logGroupName"] for g in logs.describe_log_groups()["logGroups"] if "shop" in g["logGroupName"]
        ],
        "secrets": [secret["Name"] for secret in secrets.list_secrets()["SecretList"]],
        "namespaces": [each["Name"] for each in names.list_namespaces()["Namespaces"]],
        "roles": [r["RoleName"] for r in installation.client("iam").list_roles()["Roles"] if "shop" in r["RoleName"]],
        "scaling": installation.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")[
            "ScalableTargets"
        ],
    }
    return {kind: names for kind, names in left.items() if names}


def exec_agents(installation: Installation, cluster: str) -> set[str]:
    """The containers in which ECS Exec can run a command."""
    ecs = installation.client("ecs")
    tasks = ecs.describe_tasks(cluster=cluster, tasks=ecs.list_tasks(cluster=cluster)["taskArns"])["tasks"]
    return {
        container["name"]
        for task in tasks
        for container in task["containers"]
        for agent in container.get("managedAgents", [])
        if agent["lastStatus"] == "RUNNING"
    }


def ask(address: str, name: str) -> tuple[int, bytes]:
    """One request to the load balancer on a connection of its own."""
    connection = HTTPConnection(address, 80, timeout=20)
    try:
        connection.request("GET", "/items/1", headers={"Host": name})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@contextmanager
def customers(address: str, name: str, count: int = 3) -> Iterator[Counter[str]]:
    """Customers who ask all the time; what they got, counted."""
    outcomes: Counter[str] = Counter()
    closed = threading.Event()

    def shop() -> None:
        while not closed.is_set():
            try:
                status, body = ask(address, name)
            except (OSError, HTTPException) as error:
                outcomes[repr(error)] += 1
            else:
                outcomes["ok" if status == 200 else f"{status} {body[:200]!r}"] += 1
            closed.wait(0.02)

    threads = [threading.Thread(target=shop) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        closed.set()
        for thread in threads:
            thread.join()


def test_a_simulated_shop_is_created_and_leaves_nothing(simulation: Installation):
    deploy(simulation)
    [stack] = simulation.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {output["OutputKey"] for output in stack["Outputs"]} == {"Url", "Cluster", "LogGroup"}
    delete(simulation)
    assert what_is_left(simulation) == {}


@pytest.mark.heavy
@pytest.mark.root
def test_no_request_is_lost_through_an_update_and_nothing_is_left(server: Installation):
    server.moyai("image", "import", IMAGE, str(EXAMPLE / "image"), "--base", HOST, "--state", str(server.state))
    deploy(server)
    [stack] = server.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    name = outputs["Url"].split("/")[2]
    interfaces = server.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "description", "Values": ["ELB app/shop-*"]}]
    )["NetworkInterfaces"]
    address = interfaces[0]["Association"]["PublicIp"]
    eventually(lambda: ask(address, name)[0] == 200)
    assert exec_agents(server, outputs["Cluster"]) == {"pricing", "stock", "catalog", "front"}
    with customers(address, name) as outcomes:
        eventually(lambda: outcomes["ok"] > 50)
        deploy(server, Version="2")
        before = outcomes["ok"]
        eventually(lambda: outcomes["ok"] > before + 50)
    assert set(outcomes) == {"ok"}, outcomes
    assert '"catalog": "2"' in ask(address, name)[1].decode()
    delete(server)
    assert what_is_left(server) == {}
