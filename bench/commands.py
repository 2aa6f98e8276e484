"""How long commands take to start, as multiples of a bare ``python -c pass``.

Run by `make bench`, or by hand: `.venv/bin/python bench/commands.py`. ``status`` reads a control plane that simulates
one service with ten tasks. The commands take turns, and the median of each counts. No number here is a test.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rig.report import show
from rig.server import REGION, server, steady, wait_until

ROUNDS: Final = 9
MOYAI: Final = str(Path(sys.executable).with_name("moyai"))
BARE: Final = "python -c pass"
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    BARE: [sys.executable, "-c", "pass"],
    "moyai --version": [MOYAI, "--version"],
    "moyai --help": [MOYAI, "--help"],
    "moyai status": [MOYAI, "status"],
    "moyai mesh --once": [MOYAI, "mesh", "--once"],
}


def seconds(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """How long one run of the command takes."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 (our own command)
    return time.perf_counter() - started


def create_service(ecs: Any, subnets: Sequence[str]) -> None:  # noqa: ANN401 (a botocore client)
    """One service with ten tasks; wait until they run."""
    ecs.create_cluster(clusterName="bench", serviceConnectDefaults={"namespace": "bench"})
    container = {"name": "app", "image": "moyai.local/host", "portMappings": [{"name": "web", "containerPort": 8080}]}
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc"}
    ecs.register_task_definition(family="bench", containerDefinitions=[container], **size)
    network = {"subnets": subnets, "assignPublicIp": "ENABLED"}
    ecs.create_service(
        cluster="bench",
        serviceName="web",
        taskDefinition="bench",
        desiredCount=10,
        networkConfiguration={"awsvpcConfiguration": network},
        serviceConnectConfiguration={"enabled": True, "services": [{"portName": "web"}]},
    )
    wait_until(lambda: steady(ecs, "bench", ["web"]), "the service is steady")


def main() -> None:
    """Measure and print."""
    with server("--runtime", "sim", "--dns-port", "0") as target:
        subnets = [s["SubnetId"] for s in target.client("ec2").describe_subnets()["Subnets"]]
        create_service(target.client("ecs"), subnets)
        url = f"http://127.0.0.1:{target.port}"
        environment = {**os.environ, "AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": REGION}
        times: dict[str, list[float]] = {name: [] for name in COMMANDS}
        for _ in range(ROUNDS + 1):  # the first round compiles
            for name, command in COMMANDS.items():
                times[name].append(seconds(command, environment))
    show("start of a command", "ms", {name: [1000 * s for s in measured[1:]] for name, measured in times.items()}, BARE)


if __name__ == "__main__":
    main()
