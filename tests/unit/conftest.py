"""Worlds and clocks of unit tests."""

from __future__ import annotations

import pytest

from moyai.testing.clock import ManualClock
from moyai.testing.world import Builder


@pytest.fixture
def build() -> Builder:
    return Builder()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()
