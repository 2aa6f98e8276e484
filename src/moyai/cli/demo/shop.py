"""The demo's application, created and changed by the ECS API as any SDK user would do it."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moyai.cli.remote import Remote
from moyai.cli.snapshot import snapshot

CLUSTERS = ("shop-web", "shop-core")
NAMESPACE = "shop"
IMPORTED_IMAGE = "moyai.local/shop:1"
"""The services' files on top of this machine's own root."""
PUSHED_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"
"""An image with everything that the services need, in moyai's own registry."""
ORDER = ("stock", "pricing", "catalog", "front")
"""The order of creation: a service can call the names that exist when it is deployed, so callers come last."""
FRONT_PORT = 8080
"""The port of the service front."""
PATH = "/items"
"""The path of the shop's items, each of which is below it."""
_TIMEOUT = 180.0
_POLL_SECONDS = 0.2


class TookTooLong(Exception):
    """A condition was not met in time; the message names it."""


@dataclass(frozen=True)
class Shop:
    """The application in ``folder``, running on the server ``remote`` from ``image``."""

    remote: Remote
    folder: Path
    image: str = IMPORTED_IMAGE
    """The image to run instead of that which the task definitions name."""
    target_group: str | None = None
    """The ARN of the target group of the service front, which then has no public address."""

    def create(self) -> None:
        """Create two clusters that share a namespace, and the four services."""
        ecs = self.remote.client("ecs")
        for cluster in CLUSTERS:
            ecs.create_cluster(clusterName=cluster, serviceConnectDefaults={"namespace": NAMESPACE})
        for name in ORDER:
            ecs.register_task_definition(**self._task_definition(name))
            ecs.create_service(**self._service(name))

    def cluster_of(self, name: str) -> str:
        """The name of a service's cluster."""
        return str(self._json("services", name)["cluster"])

    def wait_until_steady(self, name: str) -> None:
        """Wait until a service has one completed deployment with all its tasks running."""
        ecs = self.remote.client("ecs")

        def is_steady() -> bool:
            (service,) = ecs.describe_services(cluster=self.cluster_of(name), services=[name])["services"]
            counts = service["runningCount"] == service["desiredCount"] and not service["pendingCount"]
            deployments = service["deployments"]
            return counts and len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

        wait_until(is_steady, f"service {name} to be steady")

    def front_url(self) -> str:
        """The public URL of the service front, without a load balancer."""
        tasks = [t for c in snapshot(self.remote)["clusters"] for t in c["tasks"] if t["group"] == "service:front"]
        return f"{tasks[0]['urls'][0]}{PATH}"

    def kill_one(self, name: str) -> str:
        """Kill the process of one of the service's tasks, as the OOM killer would. Returns the task's ID."""
        ecs = self.remote.client("ecs")
        arn = ecs.list_tasks(cluster=self.cluster_of(name), serviceName=name)["taskArns"][0]
        task = str(arn).rpartition("/")[2]
        for pid in processes_of(task, f"{name}.py"):
            os.kill(pid, signal.SIGKILL)

        def is_stopped() -> bool:
            (description,) = ecs.describe_tasks(cluster=self.cluster_of(name), tasks=[arn])["tasks"]
            return bool(description["desiredStatus"] == "STOPPED")

        wait_until(is_stopped, f"task {task} to be stopped")
        return task

    def deploy(self, name: str, version: str) -> None:
        """Deploy a new task definition revision whose application answers with ``version``."""
        ecs = self.remote.client("ecs")
        definition = self._task_definition(name)
        for variable in definition["containerDefinitions"][0]["environment"]:
            if variable["name"] == "VERSION":
                variable["value"] = version
        ecs.register_task_definition(**definition)
        ecs.update_service(cluster=self.cluster_of(name), service=name, taskDefinition=definition["family"])
        self.wait_until_steady(name)

    def scale(self, name: str, count: int) -> None:
        """Change the desired count, and wait until superfluous tasks have stopped."""
        ecs = self.remote.client("ecs")
        ecs.update_service(cluster=self.cluster_of(name), service=name, desiredCount=count)
        self.wait_until_steady(name)

        def have_stopped() -> bool:
            stopping = ecs.list_tasks(cluster=self.cluster_of(name), serviceName=name, desiredStatus="STOPPED")[
                "taskArns"
            ]
            tasks = ecs.describe_tasks(cluster=self.cluster_of(name), tasks=stopping)["tasks"] if stopping else []
            return all(t["lastStatus"] == "STOPPED" for t in tasks)

        wait_until(have_stopped, f"the superfluous tasks of {name} to stop")

    def _service(self, name: str) -> dict[str, Any]:
        service = self._json("services", name)
        if name == "front" and self.target_group is not None:
            target = {"targetGroupArn": self.target_group, "containerName": name, "containerPort": FRONT_PORT}
            service["loadBalancers"] = [target]
            service["networkConfiguration"]["awsvpcConfiguration"]["assignPublicIp"] = "DISABLED"
        return service

    def _task_definition(self, name: str) -> dict[str, Any]:
        definition = self._json("task-definitions", name)
        definition["containerDefinitions"][0]["image"] = self.image
        return definition

    def _json(self, kind: str, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / kind / f"{name}.json").read_text())
        return document


def processes_of(task: str, script: str) -> Iterator[int]:
    """The IDs of this machine's processes that belong to a task and run this script."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # the process has ended
        if task.encode() in environment and script.encode() in command:
            yield int(folder.name)


def wait_until(is_done: Callable[[], bool], condition: str, describe_state: Callable[[], str] = str) -> None:
    """Poll until ``is_done``. Raises TookTooLong after three minutes, with the state at that time."""
    deadline = time.monotonic() + _TIMEOUT
    while not is_done():
        if time.monotonic() > deadline:
            raise TookTooLong(f"waited {_TIMEOUT:.0f} s for {condition}{describe_state()}")
        time.sleep(_POLL_SECONDS)
