"""Write web/test/traffic/shop.json and mesh.json: what a real server says of traffic, for the console's exactness test.

Run by hand when what the pages ask has changed: `.venv/bin/python -m scripts.traffic_fixture shop`, and as root with
`mesh`. Each takes some minutes: a server of its own plays a small shop of Service Connect for three whole ones, or runs
a mesh of App Mesh with real proxies, which nothing plays; the test itself asks while its answers are recorded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from tests.e2e.console.palette import call_everything, create_palette
from tests.e2e.installation import Installation
from tests.e2e.stack import APPS, HOST

ROOT = Path(__file__).parents[1]
MINUTE, MINUTES = 60, 3
WAIT = 15
SHOP = (  # service, cluster, protocol, calls
    ("ledger", "back", None, ""),
    ("stock", "back", "http", ""),
    ("cart", "back", "http", "calls=stock:7:40:12.5,ledger:2"),
    ("front", "web", "http", "calls=cart:20,stock:3:9"),
)


def build(client: Any) -> None:  # noqa: ANN401 (a function from a service's name to a client, which botocore makes)
    """Have the shop run."""
    ecs = client("ecs")
    subnets = [client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]]
    for cluster in ("web", "back"):
        ecs.create_cluster(clusterName=cluster, serviceConnectDefaults={"namespace": "shop"})
    for name, cluster, protocol, calls in SHOP:
        port = {"name": name, "containerPort": 8080} | ({} if protocol is None else {"appProtocol": protocol})
        script = [{"name": "MOYAI_SIM", "value": calls}]
        app = {"name": "app", "image": "any", "portMappings": [port], "environment": script}
        ecs.register_task_definition(
            family=name, networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=[app]
        )
        ecs.create_service(
            cluster=cluster,
            serviceName=name,
            taskDefinition=name,
            desiredCount=2,
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
            serviceConnectConfiguration={
                "enabled": True,
                "services": [{"portName": name, "clientAliases": [{"port": 80, "dnsName": name}]}],
            },
        )


def shop() -> int:
    """Play the shop, and record it; the test's exit code."""
    with tempfile.TemporaryDirectory(prefix="moyai-fixture-") as state:
        command = ["-m", "moyai", "up", "--runtime", "sim", "--port", "0", "--dns-port", "0", "--state", state]
        with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (our own command)
            line = server.stdout.readline() if server.stdout else ""
            url = line.rpartition(" ")[2].strip()
            session = botocore.session.get_session()
            session.set_credentials("123456789012", "test")
            at = {"region_name": "us-east-1", "endpoint_url": url, "config": Config(inject_host_prefix=False)}
            try:
                build(lambda name: session.create_client(name, **at))
                return record("shop", url, int(time.time()) // MINUTE * MINUTE + MINUTE)
            finally:
                server.terminate()


def mesh() -> int:
    """Use the mesh, and record it; the test's exit code."""
    with tempfile.TemporaryDirectory(prefix="moyai-fixture-") as folder:
        apps = Path(folder, "apps")
        shutil.copytree(ROOT / "tests/e2e/apps", apps / "srv/tests/e2e/apps")
        server = Installation(Path(folder, "state"), "--proxy", "sidecar")
        server.moyai("image", "import", APPS, str(apps), "--base", HOST, "--state", str(server.state))
        server.up()
        try:
            palette = create_palette(server)
            start = int(time.time()) // MINUTE * MINUTE
            call_everything(palette)
            return record("mesh", server.url, start)
        finally:
            server.leave()


def record(name: str, url: str, start: int) -> int:
    """Wait until the time from ``start`` on is over, and let the test ask about it; its exit code."""
    end = start + MINUTES * MINUTE
    time.sleep(end + WAIT - time.time())
    told = {"MOYAI_RECORD": url, "MOYAI_WHAT": name, "MOYAI_START": str(start), "MOYAI_END": str(end)}
    command = ["npx", "vitest", "run", "test/traffic/exact.test.ts"]
    return subprocess.run(command, cwd=ROOT / "web", env=os.environ | told, check=False).returncode  # noqa: S603 (our own command)


if __name__ == "__main__":
    sys.exit({"shop": shop, "mesh": mesh}[sys.argv[1]]())
