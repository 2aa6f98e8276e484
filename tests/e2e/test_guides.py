"""The commands of README and of guide pages, as they are printed and in order, on the README's shop."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

from tests.e2e.guide import PROJECT, blocks_of, programs_of, run_commands
from tests.e2e.hook_function import hook_function
from tests.e2e.installation import GRACE, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.root, pytest.mark.heavy]

PAGES = (
    "getting-started.md",
    "traffic.md",
    "ci.md",
    "exec.md",
    "metrics.md",
    "metric-math.md",
    "prometheus.md",
    "logs.md",
    "troubleshooting.md",
    "tuning.md",
    "service-connect.md",
    "scaling.md",
    "secrets.md",
    "cloud-map.md",
    "service-discovery.md",
    "deployments.md",
    "tls.md",
    "vpcs.md",
    "runtime-linux.md",
    "sharing.md",
    "load-balancers.md",
    "dns.md",
    "events.md",
    "scheduled-tasks.md",
    "state.md",
    "ecr.md",
    "images.md",
    "installing.md",
    "container-instances.md",
)
"""Those on the shop, in this order; others have tests of their own."""
PRINTED_FUNCTION = "http://127.0.0.1:9000/"
"""The URL of the hook's function in deployments.md."""
APP_MESH = "app-mesh.md"
AFTER_APP_MESH = ("metrics.md", "ci.md")
"""Pages with blocks that run on App Mesh's shop; the last one's removes everything."""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader of the README is: in a clone of the project that is set up."""
    directory = tmp_path_factory.mktemp("clone")
    for name in (".venv", "examples"):
        (directory / name).symlink_to(PROJECT / name)
    return directory


@pytest.fixture(scope="module")
def shop(make_installation, directory: Path) -> Installation:
    """An installation with the shop, made by the README's own commands."""
    installation: Installation = make_installation("--instances", "2")
    installation.up()
    result = run_commands("\n".join(blocks_of("../../README.md")), installation, directory, graces=60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert '{"item": "42"' in result.stdout
    return installation


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_run_as_printed(shop: Installation, directory: Path, page: str):
    with hook_function("IN_PROGRESS") as (url, _):  # the deployment waits, until the page stops it
        script = "\n".join(blocks_of(page)).replace(PRINTED_FUNCTION, url)
        result = run_commands(script, shop, directory, graces=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_commands_about_app_mesh_run_as_printed(make_installation, directory: Path):
    installation: Installation = make_installation()
    installation.up()
    *followers, last = (blocks_of(page, after=APP_MESH) for page in AFTER_APP_MESH)
    blocks = [*blocks_of(APP_MESH), *chain(*followers), *blocks_of("moving-to-service-connect.md"), *last]
    result = run_commands("\n".join(blocks), installation, directory, graces=60)
    assert result.returncode == 0, result.stdout + result.stderr
    assert '{"item": "42"' in result.stdout


def test_the_tests_of_the_page_on_simulated_tasks_pass(directory: Path):
    (directory / "test_page.py").write_text("\n".join(programs_of("runtime-sim.md")))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_page.py"]
    environment = os.environ | {"MOYAI": str(Path(sys.executable).with_name("moyai"))}
    result = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=20 * GRACE
    )
    assert result.returncode == 0, result.stdout
