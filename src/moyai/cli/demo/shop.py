"""The shop, built and changed over AWS's public API: what an SDK's user would write."""

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
ORDER = ("stock", "pricing", "catalog", "front")
"""A service sees the names that exist when it is deployed, so the called come before their callers."""
_PATIENCE = 90.0
_STEP = 0.2


class TookTooLong(Exception):
    """Something did not happen in time; says what."""


@dataclass(frozen=True)
class Shop:
    """The application in ``folder``, on the moyai behind ``remote``."""

    remote: Remote
    folder: Path

    def create(self) -> None:
        """Two clusters with one namespace, and the four services."""
        ecs = self.remote.client("ecs")
        for cluster in CLUSTERS:
            ecs.create_cluster(clusterName=cluster, serviceConnectDefaults={"namespace": NAMESPACE})
        for name in ORDER:
            ecs.register_task_definition(**self._json("task-definitions", name))
            ecs.create_service(**self._json("services", name))

    def cluster(self, name: str) -> str:
        """The cluster a service lives in."""
        return str(self._json("services", name)["cluster"])

    def steady(self, name: str) -> None:
        """Wait until a service has one deployment, complete, with all its tasks."""
        ecs = self.remote.client("ecs")

        def done() -> bool:
            (service,) = ecs.describe_services(cluster=self.cluster(name), services=[name])["services"]
            counts = service["runningCount"] == service["desiredCount"] and not service["pendingCount"]
            deployments = service["deployments"]
            return counts and len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

        wait_until(done, f"service {name} to be steady")

    def front_url(self) -> str:
        """Where the front answers from outside."""
        tasks = [t for c in snapshot(self.remote)["clusters"] for t in c["tasks"] if t["group"] == "service:front"]
        return f"{tasks[0]['urls'][0]}/items"

    def kill_one(self, name: str) -> str:
        """SIGKILL the process of one of the service's tasks, as the kernel's OOM killer would; say which task."""
        ecs = self.remote.client("ecs")
        arn = ecs.list_tasks(cluster=self.cluster(name), serviceName=name)["taskArns"][0]
        task = str(arn).rpartition("/")[2]
        for pid in processes_of(task, f"{name}.py"):
            os.kill(pid, signal.SIGKILL)

        def gone() -> bool:
            (found,) = ecs.describe_tasks(cluster=self.cluster(name), tasks=[arn])["tasks"]
            return bool(found["desiredStatus"] == "STOPPED")

        wait_until(gone, f"task {task} to be seen dead")
        return task

    def deploy(self, name: str, version: str) -> None:
        """A new revision that says ``version``, rolled out."""
        ecs = self.remote.client("ecs")
        definition = self._json("task-definitions", name)
        for variable in definition["containerDefinitions"][0]["environment"]:
            if variable["name"] == "VERSION":
                variable["value"] = version
        ecs.register_task_definition(**definition)
        ecs.update_service(cluster=self.cluster(name), service=name, taskDefinition=definition["family"])
        self.steady(name)

    def scale(self, name: str, count: int) -> None:
        """Another desired count, reached."""
        ecs = self.remote.client("ecs")
        ecs.update_service(cluster=self.cluster(name), service=name, desiredCount=count)
        self.steady(name)

        def left() -> bool:
            stopping = ecs.list_tasks(cluster=self.cluster(name), serviceName=name, desiredStatus="STOPPED")["taskArns"]
            tasks = ecs.describe_tasks(cluster=self.cluster(name), tasks=stopping)["tasks"] if stopping else []
            return all(t["lastStatus"] == "STOPPED" for t in tasks)

        wait_until(left, f"the tasks that {name} no longer needs to be gone")

    def _json(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / kind / f"{name}.json").read_text())
        return found


def processes_of(task: str, script: str) -> Iterator[int]:
    """Processes of this machine that belong to a task and run this script."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue  # ended meanwhile
        if task.encode() in environment and script.encode() in command:
            yield int(folder.name)


def wait_until(done: Callable[[], bool], what: str, instead: Callable[[], str] = str) -> None:
    """Ask until it is so; TookTooLong after a minute and a half, saying what there was ``instead``."""
    deadline = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TookTooLong(f"waited {_PATIENCE:.0f} s for {what}{instead()}")
        time.sleep(_STEP)
