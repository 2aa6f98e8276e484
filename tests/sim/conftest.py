from __future__ import annotations

import pytest

from tests.sim.control import Installation


@pytest.fixture
async def installation():
    made = Installation(seed=1)
    made.start()
    yield made
    await made.crash()
    assert made.runtime.strangers == []
