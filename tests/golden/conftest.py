"""Fixtures of golden tests."""

from __future__ import annotations

import pytest

from moyai.testing.golden import Golden


@pytest.fixture
def golden(request: pytest.FixtureRequest, golden_update: bool) -> Golden:
    """The cases of the test's folder."""
    return Golden(request.path.parent, update=golden_update)
