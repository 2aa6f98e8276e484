"""What the end-to-end tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.runtime.places import LinuxPlace
from tests.e2e.installation import Installation
from tests.e2e.stack import APPS, HOST


@pytest.fixture
async def linux():
    """A linux runtime with a state directory outside of /tmp, which containers don't see anyway."""
    state = Path(tempfile.mkdtemp(prefix="moyai-test-", dir="/var/tmp"))
    place = LinuxPlace(state)
    try:
        yield place
    finally:
        try:
            await place.leave()
        finally:
            shutil.rmtree(state)


@pytest.fixture(scope="session")
def apps_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/e2e/apps as the root of an image has it: containers may not see the project where it is (in /tmp)."""
    folder = tmp_path_factory.mktemp("image")
    shutil.copytree(Path(__file__).with_name("apps"), folder / "srv/tests/e2e/apps")
    return folder


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, apps_folder: Path) -> Iterator[Callable[..., Installation]]:
    """Makes an installation with our applications' image (and options of `moyai up`), not yet up; at the end nothing of
    it may be left.
    """
    made: list[Installation] = []

    def make(*options: str) -> Installation:
        installation = Installation(tmp_path_factory.mktemp("moyai"), *options)
        base = ("--base", HOST)
        installation.moyai("image", "import", APPS, str(apps_folder), *base, "--state", str(installation.state))
        made.append(installation)
        return installation

    yield make
    assert [line for installation in made for line in installation.leave()] == []


@pytest.fixture(scope="session")
def server(installed: Callable[[], Installation]) -> Installation:
    """A real control plane that tests share; each has clusters and a namespace of its own."""
    installation = installed()
    installation.up()
    return installation


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A control plane without processes behind it: for tests of the API alone."""
    installation = Installation(tmp_path_factory.mktemp("simulated"), "--runtime", "sim")
    installation.up()
    yield installation
    assert installation.leave() == []
