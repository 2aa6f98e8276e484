"""One installation for every file of attacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.attacks.rig import MoyaiRig
from tests.e2e.installations import installations


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(False, id="root of the host", marks=pytest.mark.heavy),
        pytest.param(True, id="root of its own"),
    ],
)
def rig(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, apps_folder: Path
) -> Iterator[MoyaiRig]:
    """Containers of a real control plane, without a user namespace and with one."""
    with installations(tmp_path_factory, apps_folder) as make:
        installation = make(*MoyaiRig.OPTIONS)
        installation.up()
        yield MoyaiRig(installation, tmp_path_factory.mktemp("attacks"), has_user_namespace=request.param)
