"""How long a task takes: from the API call to RUNNING, and to the first answer that a neighbour gets by name.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/start.py`. Real namespaces and real Envoys. In the
first part RunTask starts a task without Service Connect, of this machine's own root and of an image of twelve layers
that is here. In the second a service goes from no task to one, while a
neighbour asks for it by its alias until it gets a 200. The steps are the task's own timestamps. No number here is a
test.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from rig.images import NAME, save_image
from rig.report import show
from rig.server import MOYAI, server, wait_until
from rig.tasks import ANSWERING, Stage, inside, root, virtual_address

ROUNDS: Final = 5
PORT, ALIAS_PORT = 8080, 80
PROBER: Final = str(Path(__file__).parent / "rig" / "prober.py")
STEP: Final = 0.005
"""Seconds between two looks."""


def milliseconds(task: dict[str, Any], requested_at: float) -> dict[str, float]:
    """When each of a task's steps was over, in ms since the API was asked."""
    steps = {
        "task recorded": "createdAt",
        "network there": "connectivityAt",
        "RUNNING": "startedAt",
    }
    return {name: 1000 * (task[member].timestamp() - requested_at) for name, member in steps.items()}


def load_image(state: Path) -> None:
    """Put the image of twelve layers into the store of a state directory."""
    archive = state / "image.tar"
    save_image(archive)
    subprocess.run([*MOYAI, "image", "load", "--state", state, archive], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    archive.unlink()


def run_task(stage: Stage, definition: str) -> dict[str, float]:
    """RunTask without Service Connect, until RUNNING is seen from outside; then stop it."""
    requested_at = time.time()
    answer = stage.ecs.run_task(cluster="bench", taskDefinition=definition, networkConfiguration=stage.network)
    arn = answer["tasks"][0]["taskArn"]
    tasks: list[dict[str, Any]] = []

    def last_status(wanted: str) -> bool:
        tasks[:] = stage.ecs.describe_tasks(cluster="bench", tasks=[arn])["tasks"]
        return bool(tasks[0]["lastStatus"] == wanted)

    wait_until(lambda: last_status("RUNNING"), "the task runs", step=STEP)
    seen = 1000 * (time.time() - requested_at)
    steps = milliseconds(tasks[0], requested_at)
    stage.ecs.stop_task(cluster="bench", task=arn)
    wait_until(lambda: last_status("STOPPED"), "the task has stopped")
    return steps | {"RUNNING, seen by DescribeTasks": seen}


def first_answer(stage: Stage, caller: int, virtual: str) -> dict[str, float]:
    """From no task to one, until the caller gets its first 200; then back to none."""
    command = ["nsenter", "-t", str(caller), "-n", sys.executable, PROBER, virtual, str(ALIAS_PORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as prober:  # noqa: S603
        assert prober.stdout is not None  # noqa: S101
        prober.stdout.readline()
        requested_at = time.time()
        stage.scale("web", 1)
        answered = float(prober.stdout.readline())
    stage.steady("web")
    (task,) = stage.tasks(serviceName="web")
    stage.scale("web", 0)
    wait_until(lambda: all(t["lastStatus"] == "STOPPED" for t in stage.tasks("STOPPED", serviceName="web")), "it ended")
    wait_until(lambda: not stage.tasks(serviceName="web"), "it ended")
    return milliseconds(task, requested_at) | {"first 200 by alias": 1000 * (answered - requested_at)}


def main() -> None:
    """Measure both."""
    if not root():
        return
    print(f"load: none but the task itself; {ROUNDS} times")
    with server(prepare=load_image) as target:
        stage = Stage(target)
        stage.define("plain", ["sleep", "infinity"])
        stage.define("image", ["/usr/bin/sleep", "infinity"], image=NAME)
        stage.define("web", ["python", "-S", "-c", ANSWERING, str(PORT)], PORT)
        stage.define("caller", ["sleep", "infinity"])
        stage.serve("web", [{"portName": "web", "clientAliases": [{"dnsName": "web", "port": ALIAS_PORT}]}], count=0)
        stage.serve("caller")
        (caller,) = stage.tasks(serviceName="caller")
        pid = inside(caller)
        virtual = virtual_address(pid, "web")
        plain: dict[str, list[float]] = defaultdict(list)
        layered: dict[str, list[float]] = defaultdict(list)
        meshed: dict[str, list[float]] = defaultdict(list)
        for _ in range(ROUNDS):
            measurements = (
                (plain, run_task(stage, "plain")),
                (layered, run_task(stage, "image")),
                (meshed, first_answer(stage, pid, virtual)),
            )
            for samples, measured in measurements:
                for step, value in measured.items():
                    samples[step].append(value)
        show("RunTask, no Service Connect: after the call", "ms", plain)
        show("… of an image of twelve layers", "ms", layered)
        show("service 0 to 1, in the mesh: after the call", "ms", meshed)


if __name__ == "__main__":
    main()
