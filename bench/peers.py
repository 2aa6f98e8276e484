"""DiscoverInstances and DescribeServices beside moto_server, like for like, in turns inside one run.

Run by `make bench`, or by hand: `.venv/bin/python bench/peers.py [PATH OF moto_server]`. moto is a tool of this page
alone: `python3 -m venv /tmp/moto && /tmp/moto/bin/pip install 'moto[server]'` puts it where it is looked for. Without
it moyai's numbers are printed alone.

Both are given the same by the same calls: an HTTP namespace, a service in it, and ten instances that were registered
with the same attributes; a cluster with ten services. The requests are the same bytes but for the signature, which
moyai verifies and moto doesn't look at. No number here is a test.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from api import CONNECTIONS, SERVICES, answers, free_port, signed
from rig.load import Load
from rig.report import show
from rig.server import Server, server, wait_until

SECONDS: Final = 2.0
ROUNDS: Final = 7
INSTANCES: Final = 10
MOTO: Final = Path("/tmp/moto/bin/moto_server")  # noqa: S108 (it is only looked for there)
CALLS: Final = ("DiscoverInstances, 10 instances", "DescribeServices, 10 services")


@contextmanager
def moto(program: str) -> Iterator[Server]:
    """The other server, for all services."""
    port = free_port()
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until(lambda: answers(port), "moto_server answers")
        yield Server(port, Path(), process.pid)
    finally:
        process.terminate()
        process.wait()


def fill(target: Server) -> None:
    """The namespace ``bench`` with the service ``web``, which has ten instances, and the cluster ``bench`` with ten
    services without tasks.
    """
    cloudmap = target.client("servicediscovery")
    operation = cloudmap.create_http_namespace(Name="bench")["OperationId"]
    wait_until(lambda: done(cloudmap, operation), "the namespace is there")
    [namespace] = cloudmap.list_namespaces()["Namespaces"]
    service = cloudmap.create_service(Name="web", NamespaceId=namespace["Id"])["Service"]["Id"]
    for number in range(INSTANCES):
        attributes = {"AWS_INSTANCE_IPV4": f"10.0.0.{number + 1}", "AWS_INSTANCE_PORT": "8080", "zone": "a"}
        cloudmap.register_instance(ServiceId=service, InstanceId=f"i{number}", Attributes=attributes)
    wait_until(lambda: found(cloudmap) == INSTANCES, "all instances are found")
    ecs = target.client("ecs")
    ecs.create_cluster(clusterName="bench")
    app = {"name": "app", "image": "moyai.local/host", "memory": 128}
    ecs.register_task_definition(family="bench", containerDefinitions=[app])
    for name in SERVICES:
        ecs.create_service(cluster="bench", serviceName=name, taskDefinition="bench", desiredCount=0, launchType="EC2")


def done(cloudmap: Any, operation: str) -> bool:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Whether an operation has succeeded."""
    return bool(cloudmap.get_operation(OperationId=operation)["Operation"]["Status"] == "SUCCESS")


def found(cloudmap: Any) -> int:  # noqa: ANN401
    """How many instances are found."""
    return len(cloudmap.discover_instances(NamespaceName="bench", ServiceName="web")["Instances"])


def main(arguments: list[str]) -> None:
    """Both in turns."""
    program = arguments[0] if arguments else shutil.which("moto_server") or (str(MOTO) if MOTO.exists() else None)
    print(f"load: {CONNECTIONS} connections, closed loop, {ROUNDS} rounds of {SECONDS} s in turn")
    with server("--runtime", "sim", keys=True) as ours:
        fill(ours)
        if program is None:
            print("moto_server isn't installed: see the top of this file")
            for call in CALLS:
                measure(call, {"moyai, signatures verified": ours})
            return
        with moto(program) as theirs:
            fill(theirs)
            for call in CALLS:
                measure(call, {"moto_server": theirs, "moyai, signatures verified": ours}, base="moto_server")


def measure(call: str, targets: dict[str, Server], base: str | None = None) -> None:
    """Requests a second of each, in turns."""
    rates: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            rates[name].append(Load("127.0.0.1", target.port, CONNECTIONS, SECONDS).run(signed(target, call)).rate)
    show(call, "requests/s", rates, base)


if __name__ == "__main__":
    main(sys.argv[1:])
