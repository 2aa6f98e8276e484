"""Runs a definition's container in Docker and as a task of moyai, and says what came of it in the same terms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.differential.definitions import Definition
from tests.e2e.differential.docker_options import create_arguments
from tests.e2e.docker_engine import DockerEngine
from tests.e2e.stack import Cluster
from tests.e2e.waiting import eventually

_STOP_TIMEOUT = 30
_MEMORY = 256


@dataclass(frozen=True)
class Outcome:
    """The output of a container and how it ended; ``failure``: why it could not be started, in lower case."""

    lines: tuple[str, ...] = ()
    exit_code: int | None = None
    failure: str = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The facts of report.py, if that is what has run."""
        return dict(json.loads(line) for line in self.lines if line.startswith('["'))


def run_in_docker(engine: DockerEngine, image: str, definition: Definition) -> Outcome:
    """Run the container in Docker, without a network."""
    name = "compared"
    # moyai gives no container MKNOD.
    settings = (f"--name={name}", "--network=none", "--cap-drop=MKNOD", f"--memory={_MEMORY}m")
    try:
        for arguments in (["create", *settings, *create_arguments(image, definition.container)], ["start", name]):
            ran = engine.try_run(*arguments)
            if ran.returncode:
                return Outcome(failure=ran.stderr.lower())
        if definition.stops:
            eventually(lambda: "ready" in _docker_lines(engine, name), "the container is ready")
            engine.run("stop", f"--time={definition.container.get('stopTimeout', _STOP_TIMEOUT)}", name)
        exit_code = int(engine.run("wait", name))
        return Outcome(_docker_lines(engine, name), exit_code)
    finally:
        engine.try_run("rm", "--force", "--volumes", name)


def _docker_lines(engine: DockerEngine, name: str) -> tuple[str, ...]:
    return tuple(line.rstrip("\r") for line in engine.run("logs", name).splitlines())


def run_as_task(cluster: Cluster, image: str, definition: Definition) -> Outcome:
    """Run the container as the only one of a task on the cluster's container instance, without a network."""
    container = {
        "name": "main",
        "image": image,
        "memory": _MEMORY,
        "stopTimeout": _STOP_TIMEOUT,
        **definition.container,
    }
    registered = cluster.ecs.register_task_definition(
        family="compared", networkMode="none", requiresCompatibilities=["EC2"], containerDefinitions=[container]
    )
    arn = registered["taskDefinition"]["taskDefinitionArn"]
    answer = cluster.ecs.run_task(cluster=cluster.name, taskDefinition=arn, launchType="EC2")
    assert not answer["failures"], answer["failures"]
    task_arn = answer["tasks"][0]["taskArn"]
    if definition.stops:
        eventually(lambda: "ready" in _task_lines(cluster, task_arn), "the container is ready")
        cluster.until(task_arn, "RUNNING")  # a container writes before moyai observes that it runs
        cluster.ecs.stop_task(cluster=cluster.name, task=task_arn)
    task = cluster.until(task_arn, "STOPPED")
    [main] = task["containers"]
    if "startedAt" not in task:
        return Outcome(failure=main["reason"].lower())
    return Outcome(_task_lines(cluster, task_arn), main.get("exitCode"))


def _task_lines(cluster: Cluster, arn: str) -> tuple[str, ...]:
    path = f"logs?task={arn.rpartition('/')[2]}&container=main"
    printed = [json.loads(line) for line in cluster.installation.own("GET", path).splitlines()]
    return tuple(line["text"].rstrip("\r") for line in printed if line["stream"] == "stdout")
