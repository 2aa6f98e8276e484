"""Write web/test/fixtures/shop.json: what the public API answers about a small shop, for the console's component tests.

`make fixtures` runs it. A server of its own runs the shop in the runtime `sim`; what is recorded are the bodies as they
came over HTTP. The shop is caught in the middle of a blue/green deployment that waits for somebody.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

FIXTURES = Path(__file__).parents[1] / "web/test/fixtures"
SERVICES = MappingProxyType(
    {
        "ecs": ("AmazonEC2ContainerServiceV20141113", "ecs"),
        "cloudmap": ("Route53AutoNaming_v20170314", "servicediscovery"),
        "logs": ("Logs_20140328", "logs"),
        "cloudwatch": ("GraniteServiceVersion20100801", "monitoring"),
    }
)
PATIENCE = 60.0
SUBNET = "subnet-ece414be0c7def6e8"

Asks = Callable[..., Any]


class Refused(Exception):
    """The API said no; ``answer`` is its body."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(answer.get("message"))
        self.answer = answer


@contextmanager
def server() -> Iterator[str]:
    """A moyai on a state of its own; its URL."""
    with tempfile.TemporaryDirectory(prefix="moyai-fixtures-") as state:
        options = ("up", "--runtime", "sim", "--port", "0", "--dns-port", "0", "--state", state)
        with subprocess.Popen([sys.executable, "-m", "moyai", *options], stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 (our own command)
            line = process.stdout.readline() if process.stdout else ""
            try:
                yield line.rpartition(" ")[2].strip()
            finally:
                process.terminate()


def client(url: str) -> Asks:
    """Asks one operation of a service; keywords are its members, as AWS spells them."""

    def ask(api: str, operation: str, /, **members: object) -> Any:  # noqa: ANN401 (whatever JSON there is)
        target, name = SERVICES[api]
        credential = f"Credential=123456789012/20260101/us-east-1/{name}/aws4_request"
        headers = {
            "x-amz-target": f"{target}.{operation}",
            "content-type": "application/x-amz-json-1.1",
            "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=none",
        }
        request = urllib.request.Request(url, json.dumps(members).encode(), headers)  # noqa: S310 (our own server)
        try:
            with urllib.request.urlopen(request) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from error

    return ask


def until(condition: Callable[[], bool], purpose: str) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"waited for {purpose} in vain")
        time.sleep(0.1)


def definition(name: str) -> dict[str, object]:
    """A task definition with a port that has a name, and output in CloudWatch Logs."""
    options = {"awslogs-group": f"/ecs/{name}", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    container = {
        "name": "app",
        "image": "shop",
        "command": ["sim", "cpu=0.1", "memory=64"],
        "portMappings": [{"name": "http", "containerPort": 8080, "appProtocol": "http"}],
        "healthCheck": {"command": ["CMD", "true"]},
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    return {
        "family": name,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "containerDefinitions": [container],
    }


def service(name: str, count: int) -> dict[str, object]:
    """A service that others call by its name at port 80."""
    offer = {"portName": "http", "discoveryName": name, "clientAliases": [{"port": 80, "dnsName": name}]}
    return {
        "cluster": "shop",
        "serviceName": name,
        "taskDefinition": name,
        "desiredCount": count,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [SUBNET]}},
        "serviceConnectConfiguration": {"enabled": True, "services": [offer]},
        "tags": [{"key": "tier", "value": "core"}],
    }


def build(ask: Asks) -> None:
    """The shop, up to the hook at which a deployment of the catalog waits."""
    ask("ecs", "CreateCluster", clusterName="shop", serviceConnectDefaults={"namespace": "shop"})
    ask("ecs", "CreateCluster", clusterName="batch")
    for name, count in (("catalog", 2), ("front", 1)):
        ask("logs", "CreateLogGroup", logGroupName=f"/ecs/{name}")
        ask("ecs", "RegisterTaskDefinition", **definition(name))
        ask("ecs", "CreateService", **service(name, count))
    until(
        lambda: all(s["deployments"][0]["rolloutState"] == "COMPLETED" for s in services(ask)), "the shop to be steady"
    )
    hook = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
    strategy = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5, "lifecycleHooks": [hook]}
    ask(
        "ecs",
        "UpdateService",
        cluster="shop",
        service="catalog",
        forceNewDeployment=True,
        deploymentConfiguration=strategy,
    )
    until(lambda: bool(deployments(ask)[0].get("lifecycleHookDetails")), "the hook")
    until(lambda: any(result["Values"] for result in cpu_metrics(ask)["MetricDataResults"]), "metrics")


def services(ask: Asks) -> Any:  # noqa: ANN401
    """The descriptions of both services."""
    return ask("ecs", "DescribeServices", cluster="shop", services=["catalog", "front"], include=["TAGS"])["services"]


def deployments(ask: Asks) -> Any:  # noqa: ANN401
    """The deployments of the service catalog."""
    listed = ask("ecs", "ListServiceDeployments", cluster="shop", service="catalog")["serviceDeployments"]
    arns = [one["serviceDeploymentArn"] for one in listed]
    return ask("ecs", "DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"]


def cpu_metrics(ask: Asks) -> Any:  # noqa: ANN401
    """The CPU utilization of the service catalog."""
    dimensions = [{"Name": "ClusterName", "Value": "shop"}, {"Name": "ServiceName", "Value": "catalog"}]
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", "Dimensions": dimensions}
    query = {"Id": "cpu_avg", "Label": "Average", "MetricStat": {"Metric": metric, "Period": 5, "Stat": "Average"}}
    now = int(time.time())
    return ask("cloudwatch", "GetMetricData", MetricDataQueries=[query], StartTime=now - 600, EndTime=now + 60)


def record(ask: Asks) -> dict[str, object]:
    """Every answer that the pages are tested on, by operation."""
    clusters = ask("ecs", "ListClusters")
    listed = ask("ecs", "ListServiceDeployments", cluster="shop", service="catalog")
    tasks = ask("ecs", "ListTasks", cluster="shop", serviceName="catalog")
    described = deployments(ask)
    revisions = [
        described[0]["targetServiceRevision"]["arn"],
        *(r["arn"] for r in described[0]["sourceServiceRevisions"]),
    ]
    include = ["SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS"]
    return {
        "ListClusters": clusters,
        "DescribeClusters": ask("ecs", "DescribeClusters", clusters=clusters["clusterArns"], include=include),
        "ListServices": ask("ecs", "ListServices", cluster="shop"),
        "DescribeServices": {"services": services(ask), "failures": []},
        "ListTasks": tasks,
        "DescribeTasks": ask("ecs", "DescribeTasks", cluster="shop", tasks=tasks["taskArns"], include=["TAGS"]),
        "ListServiceDeployments": listed,
        "DescribeServiceDeployments": {"serviceDeployments": described, "failures": []},
        "DescribeServiceRevisions": ask("ecs", "DescribeServiceRevisions", serviceRevisionArns=revisions),
        "DescribeTaskDefinition": ask("ecs", "DescribeTaskDefinition", taskDefinition="catalog"),
        "ListTaskDefinitionFamilies": ask("ecs", "ListTaskDefinitionFamilies"),
        "ListTaskDefinitions": ask("ecs", "ListTaskDefinitions", familyPrefix="catalog"),
        "ListNamespaces": ask("cloudmap", "ListNamespaces"),
        "FilterLogEvents": ask("logs", "FilterLogEvents", logGroupName="/ecs/catalog"),
        "GetMetricData": cpu_metrics(ask),
        "refusals": {
            "CreateService": refusal(ask, "CreateService", **service("catalog", 1)),
            "CreateCluster": refusal(ask, "CreateCluster", clusterName="new", capacityProviders=["none"]),
            "DeleteCluster": refusal(ask, "DeleteCluster", cluster="shop"),
            "UpdateService": refusal(ask, "UpdateService", cluster="shop", service="catalog", taskDefinition="none"),
        },
    }


def refusal(ask: Asks, operation: str, /, **members: object) -> dict[str, Any]:
    """What the API says no with."""
    try:
        ask("ecs", operation, **members)
    except Refused as refused:
        return refused.answer
    sys.exit(f"{operation} was not refused")


def write(name: str, answers: Mapping[str, object]) -> None:
    """Write a file of answers."""
    path = FIXTURES / f"{name}.json"
    path.write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{path}: {len(answers)} answers")


def main() -> None:
    """Record the responses and write the file."""
    with server() as url:
        ask = client(url)
        build(ask)
        write("shop", record(ask))


if __name__ == "__main__":
    main()
