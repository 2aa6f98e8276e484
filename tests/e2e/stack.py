"""Clusters, services and tasks over the public API, as short as a test wants to say them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

APPS = "moyai.local/apps:1"
"""The host's root with tests/e2e/apps under /srv; ``apps_image`` in conftest.py imports it."""
HOST = "moyai.local/host"


def app(name: str, port: int | None = None, protocol: str | None = None, **more: Any) -> dict[str, Any]:
    """A container of one of our applications; with a port it has a mapping named like the container."""
    definition: dict[str, Any] = {
        "name": name,
        "image": APPS,
        "workingDirectory": "/srv",
        "command": ["python3", "-m", f"tests.e2e.apps.{name}", *([str(port)] if port else [])],
        "stopTimeout": 5,
    }
    if port:
        mapping = {"name": name, "containerPort": port} | ({"appProtocol": protocol} if protocol else {})
        definition["portMappings"] = [mapping]
    return definition | more


def shell(line: str, name: str = "main", **more: Any) -> dict[str, Any]:
    """A container on the host's own root that runs a line of shell."""
    return {"name": name, "image": HOST, "command": ["sh", "-c", line], "stopTimeout": 2} | more


def port_health_check(port: int) -> dict[str, Any]:
    """A health check: the port is listened on. It runs every second at first, so that no test waits for it."""
    command = ["CMD", "python3", "-S", "/srv/tests/e2e/apps/check.py", str(port)]
    return {"command": command, "interval": 5, "timeout": 60, "retries": 10, "startPeriod": 30}


def offer(port_name: str, alias: str | None = None, port: int = 80, **more: Any) -> dict[str, Any]:
    """An entry of serviceConnectConfiguration.services."""
    aliases = {"clientAliases": [{"dnsName": alias, "port": port}]} if alias else {}
    return {"portName": port_name} | aliases | more


class Cluster:
    """One cluster of an installation; with a namespace its services take part in Service Connect by default."""

    def __init__(self, installation: Installation, name: str, namespace: str | None = None) -> None:
        self.installation = installation
        self.name = name
        self.ecs = installation.client("ecs")
        defaults = {"serviceConnectDefaults": {"namespace": namespace}} if namespace else {}
        self.ecs.create_cluster(clusterName=name, **defaults)
        default = [{"Name": "default-for-az", "Values": ["true"]}]
        subnets = installation.client("ec2").describe_subnets(Filters=default)["Subnets"]
        self.subnets = [subnet["SubnetId"] for subnet in subnets]

    # ---------------------------------------------------------------------------------------- definitions

    def define(self, family: str, *containers: Mapping[str, Any], **more: Any) -> str:
        """Register a task definition of generous size; its ARN."""
        defaults: dict[str, Any] = {"cpu": "1024", "memory": "2048", "requiresCompatibilities": ["FARGATE"]}
        task_definition = self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            containerDefinitions=list(containers),
            **(defaults | more),
        )
        return str(task_definition["taskDefinition"]["taskDefinitionArn"])

    def network(self, *, public: bool) -> dict[str, Any]:
        """A networkConfiguration in the default subnets."""
        assign = "ENABLED" if public else "DISABLED"
        return {"awsvpcConfiguration": {"subnets": self.subnets, "assignPublicIp": assign}}

    # -------------------------------------------------------------------------------------------- services

    def serve(
        self,
        name: str,
        definition: str,
        *offers: Mapping[str, Any],
        count: int = 1,
        connect: bool = True,
        public: bool = False,
        **more: Any,
    ) -> None:
        """Create a service in Service Connect (client-only without offers), or outside of it."""
        connecting = {"serviceConnectConfiguration": {"enabled": True, "services": list(offers)}} if connect else {}
        self.ecs.create_service(
            cluster=self.name,
            serviceName=name,
            taskDefinition=definition,
            desiredCount=count,
            launchType="FARGATE",
            networkConfiguration=self.network(public=public),
            **connecting,
            **more,
        )

    def update(self, name: str, **changes: Any) -> None:
        """UpdateService."""
        self.ecs.update_service(cluster=self.name, service=name, **changes)

    def service(self, name: str) -> Any:
        """DescribeServices, of one."""
        (service,) = self.ecs.describe_services(cluster=self.name, services=[name])["services"]
        return service

    def steady(self, *names: str) -> None:
        """Wait until each has one deployment, complete, with all its tasks."""

        def is_settled() -> bool:
            services = self.ecs.describe_services(cluster=self.name, services=list(names))["services"]
            return all(
                [d["rolloutState"] for d in s["deployments"]] == ["COMPLETED"]
                and s["runningCount"] == s["desiredCount"]
                for s in services
            )

        eventually(is_settled, f"{names} are steady")

    def tasks(self, service: str, desired: str = "RUNNING") -> list[Any]:
        """The tasks of a service."""
        arns = self.ecs.list_tasks(cluster=self.name, serviceName=service, desiredStatus=desired)["taskArns"]
        return list(self.ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]) if arns else []

    def quiet(self, service: str) -> None:
        """Wait until none of the service's tasks is on its way out any more."""
        eventually(
            lambda: all(task["lastStatus"] == "STOPPED" for task in self.tasks(service, "STOPPED")),
            f"what {service} no longer needs has stopped",
        )

    # ----------------------------------------------------------------------------------------------- tasks

    def run(self, definition: str, *, public: bool = False, launch_type: str = "FARGATE", **more: Any) -> str:
        """Run one task; its ARN."""
        answer = self.ecs.run_task(
            cluster=self.name,
            taskDefinition=definition,
            launchType=launch_type,
            networkConfiguration=self.network(public=public),
            **more,
        )
        assert answer["failures"] == []
        return str(answer["tasks"][0]["taskArn"])

    def task(self, arn: str) -> Any:
        """DescribeTasks, of one."""
        (task,) = self.ecs.describe_tasks(cluster=self.name, tasks=[arn])["tasks"]
        return task

    def until(self, arn: str, status: str) -> Any:
        """The task, once it has this lastStatus."""
        return eventually(
            lambda: task if (task := self.task(arn))["lastStatus"] == status else None, f"{arn} is {status}"
        )

    def run_to_end(self, definition: str, **more: Any) -> Any:
        """Run one task to its end; the task."""
        return self.until(self.run(definition, **more), "STOPPED")

    def output_lines(self, arn: str, container: str = "main") -> list[str]:
        """The lines that a container has written so far."""
        printed = self.installation.own("GET", f"logs?task={task_id(arn)}&container={container}")
        return [json.loads(line)["text"] for line in printed.splitlines()]

    # ---------------------------------------------------------------------------------------------- probes

    def probe(self, name: str, *, connect: bool = True) -> Probe:
        """A service of one task with a public address, ready to be asked."""
        self.serve(name, self.define(name, app("probe", 8080, "http")), connect=connect, public=True)
        self.steady(name)
        probe = Probe(self.public_address(name), 8080)
        eventually(probe.answers, f"the probe {name} answers")
        return probe

    def public_address(self, service: str) -> str:
        """The public address of a service's only task, found as on AWS."""
        (task,) = self.tasks(service)
        return self.public_address_of(task)

    def public_address_of(self, task: Mapping[str, Any]) -> str:
        """The public address of a task."""
        details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
        interfaces = self.installation.client("ec2").describe_network_interfaces(
            NetworkInterfaceIds=[details["networkInterfaceId"]]
        )["NetworkInterfaces"]
        return str(interfaces[0]["Association"]["PublicIp"])


class Probe:
    """The application ``probe``, spoken to from outside."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    def answers(self) -> bool:
        """Whether it can be asked."""
        try:
            self._request("GET", "/load")
        except OSError:
            return False
        return True

    def ask(self, kind: str, **question: Any) -> Any:
        """One question of apps/ask.py, asked from inside the task."""
        return self._request("POST", "/ask", {"kind": kind} | question)

    def run(self, *command: str) -> Any:
        """A command inside the task."""
        return self._request("POST", "/run", {"command": command})

    def begin(self, *callers: Mapping[str, Any], rate: float = 20) -> None:
        """Put load on others."""
        self._request("POST", "/load", {"callers": callers, "rate": rate})

    def results(self) -> Any:
        """The answers that the load has got so far."""
        return self._request("GET", "/load")

    def end(self) -> Any:
        """End the load; what it got."""
        return self._request("DELETE", "/load")

    def begin_steady(self, url: str, name: str, closed: int, rate: float) -> None:
        """Put apps/steady.py's load on a service. ``name`` begins the ids of its POSTs."""
        self._request("POST", "/steady", {"url": url, "name": name, "closed": closed, "rate": rate})

    def steadily(self) -> Any:
        """The answers that the steady load has got so far."""
        return self._request("GET", "/steady")

    def end_steady(self) -> Any:
        """End it; what it got."""
        return self._request("DELETE", "/steady")

    def _request(self, method: str, path: str, order: Mapping[str, Any] | None = None) -> Any:
        connection = HTTPConnection(self.host, self.port, timeout=300)  # longer than its commands may take
        try:
            connection.request(method, path, None if order is None else json.dumps(order))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise OSError(f"{answer.status} {body!r}")
        return json.loads(body)


def task_id(arn: str) -> str:
    """The last part of a task's ARN."""
    return arn.rpartition("/")[2]


def processes(arn: str, words: str) -> Iterator[int]:
    """Processes of this machine that belong to a task and have these words in their command line."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            group = (folder / "cgroup").read_text()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        if f"/{task_id(arn)}" in group and words in command:
            yield int(folder.name)


def kill(arn: str, words: str) -> None:
    """SIGKILL to what ``processes`` finds."""
    for pid in processes(arn, words):
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(pid, signal.SIGKILL)
