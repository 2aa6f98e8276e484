"""A container definition has the same meaning as a task as it has in Docker, from the user's ids to the exit code."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.differential.definitions import DEFINITIONS
from tests.e2e.differential.engines import Outcome, run_as_task, run_in_docker
from tests.e2e.differential.images import save_images
from tests.e2e.docker_engine import DockerEngine, docker_engine, is_installed
from tests.e2e.installations import installations
from tests.e2e.stack import Cluster
from tests.e2e.waiting import eventually

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.root,
    pytest.mark.heavy,
    pytest.mark.skipif(not is_installed() and shutil.which("apt-get") is None, reason="no Docker Engine"),
]

OPTIONS = ("--allow-capabilities", "--instances", "1", "--instance-cpu", "8192", "--instance-memory", "16384")
OF_ECS = frozenset(
    {
        f"variable {name}"
        for name in (
            *("AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV", "AWS_REGION"),
            *("ECS_AGENT_URI", "ECS_CONTAINER_METADATA_URI", "ECS_CONTAINER_METADATA_URI_V4"),
        )
    }
)
"""The variables that ECS adds to Docker's."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    images = {reference(name): (row.image, row.layers) for name, row in DEFINITIONS.items()}
    return save_images(tmp_path_factory.mktemp("images"), images)


def reference(name: str) -> str:
    """The reference of a definition's image."""
    return f"differential/image-{list(DEFINITIONS).index(name)}:1"


@pytest.fixture(scope="module")
def engine(archive: Path) -> Iterator[DockerEngine]:
    assert is_installed(), "run `scripts/setup.sh --docker`, as `make nightly` does"
    with docker_engine(Path(tempfile.mkdtemp(prefix="docker-", dir="/var/tmp"))) as running:
        running.load(archive)
        yield running


@pytest.fixture(scope="module")
def cluster(archive: Path, tmp_path_factory: pytest.TempPathFactory, apps_folder: Path) -> Iterator[Cluster]:
    with installations(tmp_path_factory, apps_folder) as make:
        installation = make(*OPTIONS)
        installation.moyai("image", "load", str(archive), "--state", str(installation.state))
        installation.up()
        default = Cluster(installation, "default")
        eventually(lambda: _has_instance(default), "the container instance is connected")
        yield default


def _has_instance(cluster: Cluster) -> bool:
    arns = cluster.ecs.list_container_instances(cluster="default")["containerInstanceArns"]
    instances = cluster.ecs.describe_container_instances(cluster="default", containerInstances=arns or ["none"])
    return [instance["agentConnected"] for instance in instances["containerInstances"]] == [True]


def comparable(outcome: Outcome) -> Mapping[str, Any]:
    """The facts, without what differs in any two containers, and what ECS adds."""
    facts = {name: value for name, value in outcome.facts.items() if name not in OF_ECS}
    if facts.get("variable HOSTNAME") == facts.pop("host name", ""):
        facts["variable HOSTNAME"] = "the host name"
    return facts


def differences(task: Outcome, docker: Outcome) -> Mapping[str, tuple[Any, Any]]:
    """The facts that differ: in the task, and in Docker."""
    ours, theirs = comparable(task), comparable(docker)
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    return {name: (ours.get(name), theirs.get(name)) for name in names}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_container_is_the_same_in_docker_and_as_a_task(engine, cluster, name):
    definition, image = DEFINITIONS[name], reference(name)
    docker = run_in_docker(engine, image, definition)
    task = run_as_task(cluster, image, definition)
    if definition.failure:
        assert definition.failure in docker.failure
        assert definition.failure in task.failure
        return
    assert (task.failure, task.exit_code) == (docker.failure, docker.exit_code), (docker, task)
    assert docker.lines or docker.exit_code or name == "exit 0", "it shows nothing"
    assert differences(task, docker) == {}
    if not docker.facts:
        assert task.lines == docker.lines
