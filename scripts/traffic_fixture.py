"""Write web/test/traffic/recorded.json: what a real server says of played traffic, for the console's exactness test.

Run by hand when what the pages ask has changed: `.venv/bin/python scripts/traffic_fixture.py`. It takes four minutes: a
server of its own plays a small shop for three whole ones, and the test itself asks while its answers are recorded.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

ROOT = Path(__file__).parents[1]
MINUTES = 3
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


def record(url: str) -> int:
    """Play, wait, and let the test ask; its exit code."""
    session = botocore.session.get_session()
    session.set_credentials("123456789012", "test")
    config = Config(inject_host_prefix=False)
    build(lambda name: session.create_client(name, region_name="us-east-1", endpoint_url=url, config=config))
    start = int(time.time()) // 60 * 60 + 60
    end = start + 60 * MINUTES
    time.sleep(end + WAIT - time.time())
    environment = os.environ | {"MOYAI_RECORD": url, "MOYAI_START": str(start), "MOYAI_END": str(end)}
    command = ["npx", "vitest", "run", "test/traffic/exact.test.ts"]
    return subprocess.run(command, cwd=ROOT / "web", env=environment, check=False).returncode  # noqa: S603 (our own command)


def main() -> int:
    """Run a server and record it."""
    with tempfile.TemporaryDirectory(prefix="moyai-fixture-") as state:
        command = ["-m", "moyai", "up", "--runtime", "sim", "--port", "0", "--dns-port", "0", "--state", state]
        with subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 (our own command)
            line = server.stdout.readline() if server.stdout else ""
            try:
                return record(line.rpartition(" ")[2].strip())
            finally:
                server.terminate()


if __name__ == "__main__":
    sys.exit(main())
