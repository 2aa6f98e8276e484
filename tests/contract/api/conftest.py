"""Every service of the door, for each test anew."""

from __future__ import annotations

import pytest

from tests.contract.api.rooms import Rooms


@pytest.fixture
def rooms() -> Rooms:
    return Rooms()
