"""How many requests a second the AWS gateway answers, against a plain ASGI server that answers a constant.

Run by `make bench`, or by hand: `.venv/bin/python bench/api.py`. The control plane runs simulated tasks, one service
with ten and nine with one; the load is a process of its own with 8 connections that always wait for the answer,
with requests signed once by botocore. Three servers take turns: one that verifies signatures, one on loopback that
does not, and the baseline: uvicorn with an application that answers as many bytes at once. No number here is a test.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rig.load import Load
from rig.report import show
from rig.server import REGION, Server, server, steady, wait_until

CONNECTIONS: Final = 8
SECONDS: Final = 1.2
ROUNDS: Final = 5
SERVICES: Final = [f"s{number}" for number in range(10)]
CALLS: Final[Mapping[str, tuple[str, str, Mapping[str, object]]]] = {
    "DiscoverInstances, 10 instances": (
        "servicediscovery",
        "Route53AutoNaming_v20170314.DiscoverInstances",
        {"NamespaceName": "bench", "ServiceName": "web"},
    ),
    "DescribeServices, 10 services": (
        "ecs",
        "AmazonEC2ContainerServiceV20141113.DescribeServices",
        {"cluster": "bench", "services": SERVICES},
    ),
    "ListTasks, 19 tasks": ("ecs", "AmazonEC2ContainerServiceV20141113.ListTasks", {"cluster": "bench"}),
}
BASELINE_SERVER: Final = """
import sys, uvicorn
body = b"x" * int(sys.argv[2])
head = {"type": "http.response.start", "status": 200, "headers": [
    (b"content-type", b"application/x-amz-json-1.1"), (b"content-length", sys.argv[2].encode())]}
async def app(scope, receive, send):
    await receive()
    await send(head)
    await send({"type": "http.response.body", "body": body})
options = {"http": "httptools", "loop": "asyncio", "lifespan": "off", "log_level": "critical", "access_log": False}
uvicorn.run(app, port=int(sys.argv[1]), **options)
"""


def fill(target: Server) -> None:
    """Ten services in one namespace, the first with ten tasks; wait until they run."""
    ecs = target.client("ecs")
    ecs.create_cluster(clusterName="bench", serviceConnectDefaults={"namespace": "bench"})
    app = {
        "name": "app",
        "image": "moyai.local/host",
        "portMappings": [{"name": "web", "containerPort": 8080, "appProtocol": "http"}],
    }
    size = {"cpu": "256", "memory": "512", "networkMode": "awsvpc"}
    ecs.register_task_definition(family="bench", containerDefinitions=[app], **size)
    subnets = [s["SubnetId"] for s in target.client("ec2").describe_subnets()["Subnets"]]
    for name in SERVICES:
        offers = [{"portName": "web"}] if name == SERVICES[0] else []
        ecs.create_service(
            cluster="bench",
            serviceName=name,
            taskDefinition="bench",
            desiredCount=10 if offers else 1,
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets}},
            serviceConnectConfiguration={"enabled": True, "services": offers},
        )
    wait_until(lambda: steady(ecs, "bench", SERVICES), "all services are steady")


def signed(target: Server, call: str) -> bytes:
    """The raw request, signed by botocore; it is valid for a quarter of an hour."""
    service, operation, parameters = CALLS[call]
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": operation}
    url = f"http://127.0.0.1:{target.port}/"
    body = json.dumps(parameters).encode()
    request = AWSRequest("POST", url, headers=headers, data=body)
    SigV4Auth(Credentials(target.key, target.secret), service, REGION).add_auth(request)
    lines = [f"Host: 127.0.0.1:{target.port}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(("POST / HTTP/1.1", *lines, "", "")).encode() + body


def size_of_answer(target: Server, call: str) -> int:
    """Bytes of the answer's body."""
    head, _, body = signed(target, call).partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    connection = HTTPConnection("127.0.0.1", target.port)
    connection.request("POST", "/", body, headers)
    size = len(connection.getresponse().read())
    connection.close()
    return size


@contextmanager
def baseline(port: int, size: int) -> Iterator[None]:
    """The plain server."""
    process = subprocess.Popen([sys.executable, "-c", BASELINE_SERVER, str(port), str(size)])  # noqa: S603
    try:
        wait_until(lambda: answers(port), "the plain server answers")
        yield
    finally:
        process.terminate()
        process.wait()


def answers(port: int) -> bool:
    """Whether a server listens."""
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.connect()
    except OSError:
        return False
    finally:
        connection.close()
    return True


def free_port() -> int:
    """A port that is not in use."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def measure(call: str, verified: Server, unverified: Server) -> None:
    """The three servers in turn, for one call."""
    port, size = free_port(), size_of_answer(verified, call)
    plain = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
    targets = {
        "uvicorn, a constant (the baseline)": (port, plain),
        "moyai on loopback": (unverified.port, signed(unverified, call)),
        "moyai, signatures verified": (verified.port, signed(verified, call)),
    }
    rates: dict[str, list[float]] = {name: [] for name in targets}
    with baseline(port, size):
        for _ in range(ROUNDS):
            for name, (where, request) in targets.items():
                rates[name].append(Load("127.0.0.1", where, CONNECTIONS, SECONDS).run(request).rate)
    show(call, "requests/s", rates, "uvicorn, a constant (the baseline)")


def main() -> None:
    """Measure all calls."""
    print(f"load: {CONNECTIONS} connections, closed loop, {ROUNDS} rounds of {SECONDS} s in turn")
    with server("--runtime", "sim", keys=True) as verified, server("--runtime", "sim") as unverified:
        for target in (verified, unverified):
            fill(target)
        for call in CALLS:
            measure(call, verified, unverified)


if __name__ == "__main__":
    main()
