"""Tasks that share the process namespace of their container instance: what they can do to each other, as
docs/guide/containers.md says, and that they reach nobody else.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.attacks.attempts import IN_CONTAINER
from tests.e2e.attacks.programs.with_arguments import shared_processes as program
from tests.e2e.attacks.recorded import CASES
from tests.e2e.attacks.rig import IMAGE, Attempt, MoyaiRig, command
from tests.e2e.stack import processes
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NEIGHBOUR, APART = "sleep 7654321", "sleep 7654322"
ROWS = (
    *program.OUTSIDE,
    *(deed.format(name) for deed in program.DEEDS for name in (program.HOLDER, program.NEIGHBOUR)),
)
TO_A_NEIGHBOUR = {deed.format(program.NEIGHBOUR) for deed in program.DEEDS if deed != program.ENTER}
TO_THE_HOLDER = {deed.format(program.HOLDER) for deed in (program.READ_MEMORY, program.LIST_ROOT, program.TRACE)}
"""Only without a user namespace: the holder is not dumpable, so that SYS_PTRACE must count on the machine."""
KERNEL_DECIDES = {deed.format(program.NEIGHBOUR) for deed in (program.READ_MEMORY, program.TRACE)}
"""Yama lets nobody trace but parents and who has SYS_PTRACE."""
MOST = "root with SYS_PTRACE"


def possible_attempts(case: str, *, has_user_namespace: bool) -> set[str]:
    """What a case can do: the neighbour is root, with the default capabilities."""
    if case == "plain user":
        return set()
    reaches_holder = case == MOST and not has_user_namespace
    return TO_A_NEIGHBOUR | TO_THE_HOLDER if reaches_holder else TO_A_NEIGHBOUR


def start(rig: MoyaiRig, words: list[str], case: str = "root", **task: Any) -> str:
    """Start a task on the container instance; its ARN."""
    user, capabilities = CASES[case]
    main = {
        "name": "main",
        "image": IMAGE,
        "workingDirectory": "/srv",
        "command": words,
        "environment": [{"name": IN_CONTAINER, "value": "1"}],
        "user": user,
        "stopTimeout": 2,
        "linuxParameters": {"capabilities": {"add": list(capabilities)}},
    }
    definition = rig.cluster.define("processes", main, requiresCompatibilities=["EC2"], **task)
    return rig.cluster.run(definition, launch_type="EC2")


@pytest.fixture(scope="module")
def canary(rig: MoyaiRig) -> Iterator[str]:
    """A file in the state directory, which no container sees."""
    file = rig.installation.state / "canary"
    file.write_text("the host's")
    yield str(file)
    file.unlink()


@pytest.fixture(scope="module")
def apart(rig: MoyaiRig) -> Iterator[int]:
    """The process of a task on the same container instance that has a process namespace of its own."""
    arn = start(rig, APART.split())
    yield first_process(rig, arn, APART)
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=arn)


def first_process(rig: MoyaiRig, arn: str, words: str) -> int:
    """The pid of the process of a running task."""
    rig.cluster.until(arn, "RUNNING")
    [pid] = eventually(lambda: list(processes(arn, words)), f"{words} runs")
    return pid


def parent(pid: int) -> int:
    """The pid of a process's parent, which is its monitor for the first process of a container."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("PPid:")]
    return int(line.split()[1])


@pytest.fixture(
    scope="module", params=[MOST, *(pytest.param(case, marks=pytest.mark.heavy) for case in CASES if case != MOST)]
)
def attempts(
    request: pytest.FixtureRequest, rig: MoyaiRig, canary: str, apart: int
) -> Callable[[str], tuple[Attempt, bool]]:
    """Each attempt in one of the cases, with whether it is allowed there. The neighbour has ended before any test that
    ends all neighbours.
    """
    neighbour = start(rig, NEIGHBOUR.split(), pidMode="host")
    pid = first_process(rig, neighbour, NEIGHBOUR)
    server = rig.installation.process
    assert server is not None
    monitor = parent(pid)
    others = [apart, parent(apart), monitor, server.pid, os.getpid()]
    words = command("with_arguments.shared_processes")
    attacker = start(rig, [*words, NEIGHBOUR, canary, *map(str, others)], request.param, pidMode="host")
    outcomes = rig.attempts_of(attacker)
    assert set(outcomes) == set(ROWS)
    possible = possible_attempts(request.param, has_user_namespace=rig.has_user_namespace)
    if program.END.format(program.NEIGHBOUR) in possible:
        assert rig.cluster.until(neighbour, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    else:
        assert Path(f"/proc/{pid}").exists()
        rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=neighbour)
        rig.cluster.until(neighbour, "STOPPED")
    assert [other for other in others if not Path(f"/proc/{other}").exists() and other != monitor] == []
    return lambda row: (outcomes[row], row in possible)


@pytest.mark.parametrize("row", ROWS)
def test_a_task_that_shares_processes_reaches_only_its_neighbours(
    attempts: Callable[[str], tuple[Attempt, bool]], row: str
):
    attempt, is_allowed = attempts(row)
    if row not in KERNEL_DECIDES or not is_allowed:
        assert attempt.refused is not is_allowed, attempt


@pytest.mark.parametrize("case", [pytest.param("root", marks=pytest.mark.heavy), MOST])
def test_files_of_the_kernel_are_masked_where_processes_are_shared(rig: MoyaiRig, case: str):
    """As in a process namespace of the container's own: its /proc is the holder's."""
    attempts = rig.attempts_of(start(rig, command("masks"), case, pidMode="host"))
    assert [attempt for attempt in attempts.values() if not attempt.refused] == []


@pytest.mark.heavy
def test_a_task_that_kills_all_visible_processes_harms_its_neighbours_only_while_it_runs(rig: MoyaiRig, apart: int):
    neighbour = start(rig, NEIGHBOUR.split(), pidMode="host")
    rig.cluster.until(neighbour, "RUNNING")
    attacker = start(rig, ["sh", "-c", "while :; do kill -KILL -1; sleep 0.01; done"], pidMode="host")
    assert rig.cluster.until(neighbour, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGKILL
    rig.cluster.until(start(rig, NEIGHBOUR.split(), pidMode="host"), "STOPPED")
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=attacker)
    rig.cluster.until(attacker, "STOPPED")
    later = start(rig, NEIGHBOUR.split(), pidMode="host")
    first_process(rig, later, NEIGHBOUR)
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=later)
    rig.cluster.until(later, "STOPPED")
    assert Path(f"/proc/{apart}").exists()


@pytest.mark.heavy
def test_a_neighbour_that_was_stopped_by_a_signal_is_ended(rig: MoyaiRig):
    neighbour = start(rig, NEIGHBOUR.split(), pidMode="host")
    pid = first_process(rig, neighbour, NEIGHBOUR)
    rig.cluster.until(start(rig, ["sh", "-c", "kill -STOP -1"], pidMode="host"), "STOPPED")
    assert "State:\tT" in Path(f"/proc/{pid}/status").read_text()
    rig.cluster.ecs.stop_task(cluster=rig.cluster.name, task=neighbour)
    assert rig.cluster.until(neighbour, "STOPPED")["containers"][0]["exitCode"] == 128 + signal.SIGKILL
