from __future__ import annotations

import pytest

from tests.sim.control import Installation


@pytest.fixture
async def installation():
    new_installation = Installation(seed=1)
    new_installation.start()
    yield new_installation
    await new_installation.crash()
    assert new_installation.runtime.strangers == []
