"""How long a task takes: from the API call to RUNNING, and to the first answer that a neighbour gets by name.

Run by `make bench` as root, or by hand: `.venv/bin/python bench/start.py`. Real namespaces and real Envoys. In the
first part RunTask starts a task without Service Connect, of this machine's own root and of an image of twelve layers
that is here. In the second a service goes from no task to one, with the proxy that tasks share and with one of its own,
while a neighbour asks for it by its alias until it gets a 200. The application loads nothing of Python's library, so it
listens soon after it was executed. The steps are the task's own timestamps. No number here is a test.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from rig.images import NAME, save_image
from rig.report import show
from rig.server import MOYAI, server, wait_until
from rig.tasks import Stage, inside, root, virtual_address

ROUNDS: Final = 5
PORT, ALIAS_PORT = 8080, 80
TOPOLOGIES: Final = ("node", "sidecar")
PROBER: Final = str(Path(__file__).parent / "rig" / "prober.py")
STEP: Final = 0.005
"""Seconds between two looks."""
APPLICATION: Final = """
import _socket, sys
listener = _socket.socket()
listener.bind(("0.0.0.0", int(sys.argv[1])))
listener.listen()
while True:
    connection = _socket.socket(fileno=listener._accept()[0])
    while connection.recv(65536):
        connection.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    connection.close()
"""
"""A program that answers every GET, one connection after the other."""


class Caller(NamedTuple):
    """A task that calls a service: one of its processes, and the service's virtual address there."""

    process: int
    virtual_address: str


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


def add_caller(stage: Stage, topology: str) -> Caller:
    """A service without tasks, with this topology of proxies, and a task that calls it."""
    stage.set_topology(topology)
    target, caller = f"web-{topology}", f"caller-{topology}"
    stage.define(target, ["python", "-I", "-S", "-c", APPLICATION, str(PORT)], PORT)
    stage.define(caller, ["sleep", "infinity"])
    offer = {"portName": "web", "discoveryName": target, "clientAliases": [{"dnsName": target, "port": ALIAS_PORT}]}
    stage.serve(target, [offer], count=0)
    stage.serve(caller)
    (task,) = stage.tasks(serviceName=caller)
    process = inside(task)
    return Caller(process, virtual_address(process, target))


def first_answer(stage: Stage, topology: str, caller: Caller) -> dict[str, float]:
    """From no task to one, until the caller gets its first 200; then back to none."""
    stage.set_topology(topology)
    service = f"web-{topology}"
    target = (caller.virtual_address, str(ALIAS_PORT))
    command = ["nsenter", "-t", str(caller.process), "-n", sys.executable, PROBER, *target]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as prober:  # noqa: S603
        assert prober.stdout is not None  # noqa: S101
        prober.stdout.readline()
        requested_at = time.time()
        stage.scale(service, 1)
        answered = float(prober.stdout.readline())
    stage.steady(service)
    (task,) = stage.tasks(serviceName=service)
    stage.scale(service, 0)
    wait_until(
        lambda: all(t["lastStatus"] == "STOPPED" for t in stage.tasks("STOPPED", serviceName=service)), "it ended"
    )
    wait_until(lambda: not stage.tasks(serviceName=service), "it ended")
    return milliseconds(task, requested_at) | {"first 200 by alias": 1000 * (answered - requested_at)}


def measure(stage: Stage) -> None:
    """All parts, in turns."""
    stage.define("plain", ["sleep", "infinity"])
    stage.define("image", ["/usr/bin/sleep", "infinity"], image=NAME)
    callers = {topology: add_caller(stage, topology) for topology in TOPOLOGIES}
    samples: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(ROUNDS):
        measurements = {
            "RunTask, no Service Connect: after the call": run_task(stage, "plain"),
            "… of an image of twelve layers": run_task(stage, "image"),
            "service 0 to 1, the shared proxy: after the call": first_answer(stage, "node", callers["node"]),
            "service 0 to 1, a proxy of its own: after the call": first_answer(stage, "sidecar", callers["sidecar"]),
        }
        for title, measured in measurements.items():
            for step, value in measured.items():
                samples[title][step].append(value)
    for title, steps in samples.items():
        show(title, "ms", steps)


def main() -> None:
    """Measure."""
    if not root():
        return
    print(f"load: none but the task itself; {ROUNDS} times")
    with server(prepare=load_image) as target:
        measure(Stage(target))


if __name__ == "__main__":
    main()
