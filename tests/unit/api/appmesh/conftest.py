"""A mesh to put specs into."""

from __future__ import annotations

import pytest

from tests.unit.api.appmesh.specs import furnished


@pytest.fixture
def store():
    return furnished()
