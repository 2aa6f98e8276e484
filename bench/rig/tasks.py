"""Tasks of the linux runtime, looked at from the machine they run on."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from moyai.domain.elb.front import front_sandbox
from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.kernel.ids import TaskId, VpcId
from rig.server import Server, steady, wait_until

NAMESPACE = "bench"
ANSWERING = """
import asyncio, sys
body = b"x" * 1024
answer = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body
class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.data = transport, b""
    def data_received(self, data):
        self.data += data
        while b"\\r\\n\\r\\n" in self.data:
            _, _, self.data = self.data.partition(b"\\r\\n\\r\\n")
            self.transport.write(answer)
async def main():
    loop = asyncio.get_running_loop()
    for port in map(int, sys.argv[1:]):
        await loop.create_server(Server, "0.0.0.0", port)
    await asyncio.Event().wait()
asyncio.run(main())
"""
"""A program that answers every GET with 1 KiB, on each of the ports it is given."""


def root() -> bool:
    """Whether tasks can run here; says so when they can't."""
    if os.geteuid():
        print("needs root: tasks live in network namespaces")
    return not os.geteuid()


class Stage:
    """A cluster with a namespace, on a control plane of one's own."""

    def __init__(self, target: Server) -> None:
        self.ecs = target.client("ecs")
        self.ecs.create_cluster(clusterName="bench", serviceConnectDefaults={"namespace": NAMESPACE})
        subnets = [s["SubnetId"] for s in target.client("ec2").describe_subnets()["Subnets"]]
        self.network = {"awsvpcConfiguration": {"subnets": subnets}}

    def set_topology(self, topology: str) -> None:
        """Give tasks that start from now on a proxy of their own (``sidecar``) or the host's (``node``)."""
        (cluster,) = self.ecs.describe_clusters(clusters=["bench"])["clusters"]
        self.ecs.tag_resource(resourceArn=cluster["clusterArn"], tags=[{"key": "moyai:proxy", "value": topology}])

    def run(self, family: str) -> dict[str, Any]:
        """A task of this definition, running."""
        answer = self.ecs.run_task(cluster="bench", taskDefinition=family, networkConfiguration=self.network)
        arn = answer["tasks"][0]["taskArn"]

        def task() -> Any:  # noqa: ANN401 (botocore has no types)
            return self.ecs.describe_tasks(cluster="bench", tasks=[arn])["tasks"][0]

        wait_until(lambda: bool(task()["lastStatus"] == "RUNNING"), f"{family} runs")
        return dict(task())

    def define(
        self, family: str, command: Sequence[str], port: int | None = None, image: str = "moyai.local/host"
    ) -> None:
        """A task definition of one container, on the host's root by default; its port is called web."""
        ports = [] if port is None else [{"name": "web", "containerPort": port, "appProtocol": "http"}]
        app = {"name": "app", "image": image, "command": list(command), "portMappings": ports}
        size = {"cpu": "1024", "memory": "2048", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
        self.ecs.register_task_definition(family=family, containerDefinitions=[app | {"stopTimeout": 2}], **size)

    def serve(
        self,
        name: str,
        offers: Sequence[Mapping[str, Any]] = (),
        count: int = 1,
        *,
        connect: bool = True,
        load_balancers: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """A service of the task definition of its name, in Service Connect unless it should not ``connect``."""
        self.ecs.create_service(
            cluster="bench",
            serviceName=name,
            taskDefinition=name,
            desiredCount=count,
            networkConfiguration=self.network,
            serviceConnectConfiguration={"enabled": True, "services": list(offers)} if connect else {"enabled": False},
            loadBalancers=list(load_balancers),
        )
        self.steady(name)

    def scale(self, name: str, count: int) -> None:
        """Another desired count."""
        self.ecs.update_service(cluster="bench", service=name, desiredCount=count)

    def steady(self, name: str) -> None:
        """Wait for all of its tasks."""
        wait_until(lambda: steady(self.ecs, "bench", [name]), f"{name} is steady")

    def completed(self, name: str) -> None:
        """Wait until its only deployment is complete."""

        def is_complete() -> bool:
            (service,) = self.ecs.describe_services(cluster="bench", services=[name])["services"]
            return [one["rolloutState"] for one in service["deployments"]] == ["COMPLETED"]

        wait_until(is_complete, f"the deployment of {name} is complete", patience=300)

    def tasks(self, status: str = "RUNNING", **which: str) -> list[dict[str, Any]]:
        """DescribeTasks of what ListTasks finds."""
        arns = self.ecs.list_tasks(cluster="bench", desiredStatus=status, **which)["taskArns"]
        return list(self.ecs.describe_tasks(cluster="bench", tasks=arns)["tasks"]) if arns else []


def address(task: Mapping[str, Any]) -> str:
    """A task's address in the VPC."""
    details = (d for a in task["attachments"] for d in a["details"])
    return str(next(d["value"] for d in details if d["name"] == "privateIPv4Address"))


def inside(task: Mapping[str, Any]) -> int:
    """A process of the task's application."""
    name = str(task["taskArn"]).rpartition("/")[2].encode()
    return next(p for p in _processes() if name in _read(p, "environ") and b"envoy" not in _read(p, "comm"))


def proxy_of(pid: int) -> int:
    """The Envoy in the same network namespace as this process."""
    network = _network(pid)
    return next(p for p in _processes() if b"envoy" in _read(p, "comm") and _network(p) == network)


def front_proxy(state: Path, vpc: str) -> int:
    """The front proxy of the load balancers of a state directory's VPC."""
    return _proxy_in(state, front_sandbox(VpcId(vpc)))


def host_proxy(state: Path) -> int:
    """The proxy that tasks of a state directory share."""
    return _proxy_in(state, HOST_SANDBOX)


def _proxy_in(state: Path, sandbox: TaskId) -> int:
    """The Envoy of a sandbox."""
    run = f"{state.name}/run/tasks/{sandbox}/proxy".encode()
    return next(pid for pid in _processes() if b"envoy" in _read(pid, "comm") and run in _read(pid, "mountinfo"))


def processor_group(pid: int) -> Path:
    """The directory of the cgroup, in either version, that shares the processors between this process and others."""
    lines = [line.split(":", 2) for line in _read(pid, "cgroup").decode().splitlines()]
    folders = {controller: path for _, controllers, path in lines for controller in controllers.split(",")}
    root = Path("/sys/fs/cgroup")
    return Path(f"{root}/cpu{folders['cpu']}") if "cpu" in folders else Path(f"{root}{folders['']}")


def tree(pid: int) -> list[int]:
    """A process and all that it has started."""
    started = _read(pid, f"task/{pid}/children").split()
    return [pid, *(descendant for child in started for descendant in tree(int(child)))]


def virtual_address(pid: int, alias: str) -> str:
    """What a task's /etc/hosts says of an alias."""
    lines = _read(pid, "root/etc/hosts").decode().splitlines()
    return next(line.split()[0] for line in lines if alias in line.split()[1:])


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process has used."""
    fields = _read(pid, "stat").rpartition(b") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """The processor time that the threads of a process have used, in nanoseconds' steps."""
    threads = (_read(pid, f"task/{thread.name}/schedstat").split() for thread in Path(f"/proc/{pid}/task").iterdir())
    return sum(int(fields[0]) for fields in threads if fields) / 1e9


def kill(pid: int) -> None:
    """End it at once."""
    os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def _network(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""


def monitors(target: Server) -> list[int]:
    """The processes that keep the containers of a control plane, without the one that they are forked from."""
    words, child = (b"shim/__main__.py", str(target.state).encode()), f"PPid:\t{target.pid}\n".encode()
    processes = [p for p in _processes() if all(word in _read(p, "cmdline") for word in words)]
    return [p for p in processes if child not in _read(p, "status")]


def memory(pid: int) -> tuple[float, float]:
    """MiB of a process: resident, and private to it."""
    found = dict(line.split(":", 1) for line in _read(pid, "smaps_rollup").decode().splitlines()[1:])
    kib = {name: float(value.split()[0]) for name, value in found.items()}
    return kib["Rss"] / 1024, (kib["Private_Clean"] + kib["Private_Dirty"]) / 1024
