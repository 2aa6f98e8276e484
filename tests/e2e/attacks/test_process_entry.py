"""Health checks, sessions and neighbours enter a container's process namespace with nothing that is the host's."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.attacks.attempts import IN_CONTAINER
from tests.e2e.attacks.programs.with_arguments.process_entry import ENTER
from tests.e2e.attacks.rig import IMAGE, PLAIN_USER, ROOT, command, parse
from tests.e2e.installation import MOYAI
from tests.e2e.stack import shell, task_id
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

MANY = 10
"""Processes that enter."""
SECONDS = 60
PATIENCE = 3 * SECONDS
NEVER_HEALTHY = {"command": ["CMD-SHELL", "exit 1"], "interval": 5, "timeout": 2, "retries": 10, "startPeriod": 300}
"""Comes every second."""
EVERYTHING = ("mnt", "uts", "ipc", "net", "pid", "cgroup", "user")
SHARED = ("ipc", "pid")
"""What tasks have in common with ``pidMode`` and ``ipcMode``; with a root of their own also the user namespace."""


@pytest.fixture
def canary(rig):
    """A file in the state directory, which no container sees."""
    file = rig.installation.state / "canary"
    file.write_text("the host's")
    file.chmod(0o600)
    yield str(file)
    file.unlink()


def observe(canary, *common):
    device = Path(canary).stat().st_dev
    return [*command("with_arguments.process_entry"), str(MANY), str(SECONDS), canary, str(device), *common]


@contextmanager
def sessions(rig, arn) -> Iterator[None]:
    """One session after the other, each with a short command; two at a time."""
    over = threading.Event()

    def enter() -> None:
        words = [*MOYAI, "exec", "-T", task_id(arn), "--container", "main", "--", "true"]
        while not over.is_set():
            subprocess.run(
                words, env=rig.installation.environment(), check=False, timeout=PATIENCE, capture_output=True
            )

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def accessible_parts(rig, arn):
    """The accesses that the program in a task had, once it has stopped. It must have seen a session."""
    eventually(lambda: rig.cluster.task(arn)["lastStatus"] == "STOPPED", "enough have entered", patience=PATIENCE)
    attempts = parse(rig.cluster.output_lines(arn))
    assert not attempts.pop(ENTER).refused, "nobody entered"
    return {name: attempt.detail for name, attempt in attempts.items() if not attempt.refused}


@pytest.mark.parametrize("user", [pytest.param(ROOT, marks=pytest.mark.heavy), PLAIN_USER])
@pytest.mark.parametrize("added", [pytest.param((), marks=pytest.mark.heavy), ("SYS_PTRACE",)])
def test_health_checks_show_nothing_of_the_host(rig, canary, added, user):
    arn = rig.start(observe(canary, *EVERYTHING), capabilities=added, user=user, healthCheck=NEVER_HEALTHY)
    assert accessible_parts(rig, arn) == {}


@pytest.mark.parametrize("added", [pytest.param((), marks=pytest.mark.heavy), ("SYS_PTRACE",)])
def test_sessions_show_nothing_of_the_host(rig, canary, added):
    arn = rig.start(observe(canary, *EVERYTHING), capabilities=added)
    rig.cluster.until(arn, "RUNNING")
    with sessions(rig, arn):
        accessible = accessible_parts(rig, arn)
    assert accessible == {}


@pytest.mark.parametrize("added", [pytest.param((), marks=pytest.mark.heavy), ("SYS_PTRACE",)])
def test_neighbours_in_the_same_process_namespace_show_nothing_of_the_host(rig, canary, added):
    """Containers that start, and their health checks, beside one of another task of the same container instance."""
    main = {
        "name": "main",
        "image": IMAGE,
        "workingDirectory": "/srv",
        "command": observe(canary, *SHARED, *(["user"] if rig.has_user_namespace else [])),
        "environment": [{"name": IN_CONTAINER, "value": "1"}],
        "linuxParameters": {"capabilities": {"add": list(added)}},
    }
    kind = {"pidMode": "host", "ipcMode": "host", "requiresCompatibilities": ["EC2"]}
    arn = rig.cluster.run(rig.cluster.define("observer", main, **kind), launch_type="EC2")
    rig.cluster.until(arn, "RUNNING")
    neighbour = rig.cluster.define("neighbour", shell("sleep 1.5", healthCheck=NEVER_HEALTHY), **kind)
    eventually(lambda: _is_over(rig, arn, neighbour), "enough neighbours have come and gone", patience=PATIENCE)
    assert accessible_parts(rig, arn) == {}


def _is_over(rig, arn, neighbour):
    if rig.cluster.task(arn)["lastStatus"] == "STOPPED":
        return True
    if len(rig.cluster.ecs.list_tasks(cluster=rig.cluster.name, desiredStatus="RUNNING")["taskArns"]) < 4:
        rig.cluster.run(neighbour, launch_type="EC2")
    return False
