"""Every attack in containers of moyai and of Docker Engine: what docs/reference/isolation.md shows is what happens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.attacks import recorded
from tests.e2e.attacks.attempts import SUCCEEDED
from tests.e2e.attacks.docker_rig import DockerRig
from tests.e2e.attacks.recorded import CASES, Record, Results
from tests.e2e.docker_engine import docker_engine, is_installed

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEAKER: frozenset[str] = frozenset()
"""Attempts that Docker refuses and moyai doesn't. Each would have its reason in docs/reference/parity.md."""


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRig]:
    """Containers of a Docker Engine of the tests' own, on a disk on which an overlay can be."""
    if not is_installed():
        pytest.skip("there is no Docker Engine here: `scripts/setup.sh --docker` fetches Debian's")
    with docker_engine(Path(tempfile.mkdtemp(prefix="moyai-docker-", dir="/var/tmp"))) as engine:
        yield DockerRig(engine, tmp_path_factory.mktemp("attacks"))


def check(name: str, outcome: Record, request: pytest.FixtureRequest) -> None:
    """Record it, or compare it with what is on record, as far as that is of a machine like this."""
    if request.config.getoption("--record-attacks"):
        recorded.write(name, outcome)
    kept = recorded.read(name)
    if kept.machine == os.uname().machine and kept.version == outcome.version:
        assert outcomes(outcome.results) == outcomes(kept.results), "run `make attacks` and read the difference"


def outcomes(results: Results) -> dict[tuple[str, str, str], bool]:
    """Whether each attempt of each program and case succeeded."""
    return {
        (program, attempt, case): outcome == SUCCEEDED
        for program, attempts in results.items()
        for attempt, cases in attempts.items()
        for case, outcome in cases.items()
    }


def test_attacks_in_tasks_have_the_recorded_outcomes(rig, request):
    check("moyai", recorded.observe_all(rig, "moyai"), request)


@pytest.mark.heavy
def test_every_attack_that_docker_refuses_is_refused_in_tasks(rig, docker, request):
    observed = recorded.observe_all(docker, "Docker Engine", docker.version)
    check("docker", observed, request)
    ours = outcomes(recorded.observe_all(rig, "moyai").results)
    theirs = outcomes(observed.results)
    assert set(ours) == set(theirs)
    assert {key[1] for key, succeeded in ours.items() if succeeded and not theirs[key]} == WEAKER
    assert {case for _, _, case in ours} == set(CASES)
