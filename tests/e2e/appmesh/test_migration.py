"""A mesh of four services moves into Service Connect, service by service, under load from either side, and no request
fails: callers that have moved reach those that have not, and the other way round.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.appmesh.stage import Stage
from tests.e2e.installation import MOYAI, Installation
from tests.e2e.stack import HOST, Cluster, Probe, app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

EXAMPLES = Path(__file__).parents[3] / "examples"
PATIENCE = 600
SERVICES = ("pricing", "stock", "catalog", "front")
URL = "http://front.shop.local:8080/items/42"


class Shop(NamedTuple):
    installation: Installation
    cluster: Cluster

    def migrate(self, *options: str) -> str:
        """The command; with --apply it waits for a deployment of each service, however busy the machine is."""
        command = [*MOYAI, "migrate", "appmesh", "shop", *options]
        environment = self.installation.environment()
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
        assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    def report(self) -> Any:
        return json.loads(self.migrate("--json"))

    def in_the_mesh(self) -> Probe:
        """A task that is a virtual node and no service: it stays where it is."""
        stage = Stage.existing(self.installation, "shop", self.cluster)
        stage.node("visitor", backends=["front"])
        definition = stage.define("visitor", app("probe", 8080))
        arn = self.cluster.run(definition, public=True)
        return self._ready(Probe(self.cluster.public_address_of(self.cluster.until(arn, "RUNNING")), 8080))

    def in_service_connect(self) -> Probe:
        """A service of the namespace that only calls."""
        connect = {"enabled": True, "namespace": "shop.local", "services": []}
        definition = self.cluster.define("caller", app("probe", 8080))
        self.cluster.serve("caller", definition, connect=False, public=True, serviceConnectConfiguration=connect)
        self.cluster.steady("caller")
        return self._ready(Probe(self.cluster.public_address("caller"), 8080))

    def _ready(self, probe: Probe) -> Probe:
        eventually(probe.answers, "the caller is there")
        eventually(lambda: probe.ask("http", url=URL).get("status") == 200, "the shop answers")
        return probe


@pytest.fixture(scope="module")
def shop(make_installation) -> Shop:
    installation = make_installation()
    image = str(EXAMPLES / "shop/image")
    installation.moyai(
        "image", "import", "moyai.local/shop:1", image, "--base", HOST, "--state", str(installation.state)
    )
    installation.up()
    environment = installation.environment() | {"PATH": os.environ["PATH"]}
    deploy = [str(EXAMPLES / "shop-on-app-mesh/deploy.sh")]
    ran = subprocess.run(deploy, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stderr
    new_shop = Shop(installation, Cluster(installation, "mesh"))
    new_shop.cluster.steady(*SERVICES)
    return new_shop


@pytest.mark.heavy
def test_a_mesh_moves_service_by_service_and_no_request_fails(shop):
    report = shop.report()
    assert sorted(report["order"]) == sorted(SERVICES)
    assert report["order"].index("catalog") > max(report["order"].index(name) for name in ("pricing", "stock"))
    visitor = shop.in_the_mesh()
    caller = {"kind": "url", "url": URL}
    visitor.begin(caller, caller, rate=10)
    shop.migrate("--apply", "--only", "pricing")
    in_service_connect = shop.in_service_connect()
    in_service_connect.begin(caller, caller, rate=10)
    shop.migrate("--apply")
    for service in SERVICES:
        shop.cluster.quiet(service)
    results = [visitor.end(), in_service_connect.end()]
    assert [result["failed"] for result in results] == [0, 0], results
    assert all(result["sent"] > 100 for result in results)
    for service, move in zip(report["order"], report["moves"], strict=True):
        described_service = shop.cluster.service(service)
        (deployment,) = described_service["deployments"]
        service_connect_configuration = deployment["serviceConnectConfiguration"]
        assert service_connect_configuration["services"] == move["update"]["serviceConnectConfiguration"]["services"]
        ecs = shop.cluster.ecs
        definition = ecs.describe_task_definition(taskDefinition=deployment["taskDefinition"])["taskDefinition"]
        assert "proxyConfiguration" not in definition
        assert [c["name"] for c in definition["containerDefinitions"]] == [service]
        tags = ecs.list_tags_for_resource(resourceArn=described_service["serviceArn"])["tags"]
        assert {tag["key"]: tag["value"] for tag in tags} == move["tags"]
