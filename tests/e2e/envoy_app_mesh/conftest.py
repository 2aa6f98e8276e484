"""Where ports and hosts lead, and who answers there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.e2e.envoy_app_mesh.mesh import CAPTURED, REDIRECTS
from tests.e2e.envoy_rig import Rig, rig
from tests.e2e.rig_app import App, one_and_two


@pytest.fixture
async def envoys() -> AsyncIterator[Rig]:
    """Real Envoys to lead; what goes out of their namespace is captured."""
    async with rig(REDIRECTS, CAPTURED) as new_rig:
        yield new_rig


@pytest.fixture
async def apps(envoys: Rig) -> AsyncIterator[tuple[App, App]]:
    """The applications ``one`` and ``two``."""
    async with one_and_two(envoys.namespace) as made:
        yield made
