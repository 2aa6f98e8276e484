"""The steps of the README, with the AWS CLI as it is installed."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.e2e.installation import AWS, Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SHOP = Path(__file__).parents[2] / "examples/shop"


def stable(installation: Installation, cluster: str, service: str) -> bool:
    """The condition that ``aws ecs wait services-stable`` waits for."""
    (found_service,) = installation.client("ecs").describe_services(cluster=cluster, services=[service])["services"]
    return len(found_service["deployments"]) == 1 and found_service["runningCount"] == found_service["desiredCount"]


@pytest.fixture(scope="module")
def shop(make_installation: Callable[[], Installation]) -> Installation:
    """The README's shop, created step by step."""
    installation = make_installation()
    installation.up()
    base = ("--base", "moyai.local/host", "--state", str(installation.state))
    installation.moyai("image", "import", "moyai.local/shop:1", str(SHOP / "image"), *base)
    for cluster in ("shop-core", "shop-web"):
        installation.aws(
            "ecs", "create-cluster", "--cluster-name", cluster, "--service-connect-defaults", "namespace=shop"
        )
    for name in ("stock", "pricing", "catalog", "front"):
        for operation, folder in (("register-task-definition", "task-definitions"), ("create-service", "services")):
            installation.aws("ecs", operation, "--cli-input-json", f"file://{SHOP / folder / name}.json")
    for cluster, service in (("shop-web", "front"), *(("shop-core", name) for name in ("stock", "pricing", "catalog"))):
        eventually(partial(stable, installation, cluster, service))  # else the CLI asks once, and again 15 s later
        installation.aws("ecs", "wait", "services-stable", "--cluster", cluster, "--services", service)
    return installation


def front_host(shop: Installation) -> str:
    """The public name of the task of front, whose port is 8080."""
    document = json.loads(shop.moyai("status", "--json"))
    (front,) = [t for c in document["clusters"] for t in c["tasks"] if t["group"] == "service:front"]
    url: str = front["urls"][0]
    return url.removeprefix("http://").partition(":")[0]


def ask_for_an_item(shop: Installation) -> str:
    """Ask front, which asks catalog, until there is an answer; the item that it is of."""
    host = front_host(shop)

    def item():
        connection = HTTPConnection(host, 8080, timeout=60)
        connection.request("GET", "/items/42")
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return json.loads(body) if answer.status == 200 else None

    answered: str = eventually(item)["item"]
    return answered


def test_the_front_service_answers_at_the_url_of_status(shop):
    assert f"http://{front_host(shop)}:8080" in shop.moyai("status")
    assert ask_for_an_item(shop) == "42"


def test_logs_are_found_by_the_services_name(shop):
    eventually(lambda: "listening on 8080" in shop.moyai("logs", "catalog"), "the log has the line")


def test_discover_instances_works_through_an_endpoint_below_localhost(shop, tmp_path):
    # The CLI asks data-moyai.localhost. Not every system resolves such names by itself, so this one command sees
    # a hosts file that does.
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost moyai.localhost data-moyai.localhost\n")
    arguments = "servicediscovery discover-instances --namespace-name shop --service-name catalog --output json"
    script = f"mount --bind {hosts} /etc/hosts && exec {AWS} {arguments}"
    environment = shop.environment() | {"AWS_ENDPOINT_URL": f"http://moyai.localhost:{shop.port}"}
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    instances = json.loads(ran.stdout)["Instances"]
    assert {i["Attributes"]["ECS_SERVICE_NAME"] for i in instances} == {"catalog"}
    assert len(instances) == 2


@pytest.mark.heavy
def test_metrics_and_identity(shop):
    ask_for_an_item(shop)
    now = datetime.now(UTC)

    def points():
        return shop.aws(
            "cloudwatch",
            "get-metric-statistics",
            "--namespace=AWS/ECS",
            "--metric-name=RequestCount",
            "--dimensions=Name=DiscoveryName,Value=catalog",
            f"--start-time={(now - timedelta(minutes=30)).isoformat()}",
            f"--end-time={(now + timedelta(minutes=10)).isoformat()}",
            "--period=60",
            "--statistics=Sum",
        )["Datapoints"]

    assert eventually(points, "the request of front is counted")[0]["Unit"] == "Count"
    identity = shop.aws("sts", "get-caller-identity")
    assert identity["Account"] == "123456789012"
    assert identity["Arn"].startswith("arn:aws:")


def test_the_network_is_described_in_the_queries_that_people_write(shop):
    subnets = shop.aws("ec2", "describe-subnets", "--filters", "Name=default-for-az,Values=true")["Subnets"]
    assert len({s["AvailabilityZone"] for s in subnets}) == 3
    mine = json.loads((SHOP / "services/front.json").read_text())["networkConfiguration"]["awsvpcConfiguration"]
    assert {s["SubnetId"] for s in subnets} == set(mine["subnets"])
    groups = shop.aws("ec2", "describe-security-groups", "--filters", "Name=group-name,Values=default")
    assert groups["SecurityGroups"][0]["VpcId"] == subnets[0]["VpcId"]
