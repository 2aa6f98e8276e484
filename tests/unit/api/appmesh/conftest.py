"""A mesh to put specs into."""

from __future__ import annotations

import pytest

from tests.unit.api.appmesh.specs import create_mesh


@pytest.fixture
def store():
    return create_mesh()
