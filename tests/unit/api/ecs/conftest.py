"""A bench for each test."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.bench import Bench


@pytest.fixture
def ecs() -> Bench:
    """A fresh account."""
    return Bench()


@pytest.fixture
def shop(ecs: Bench) -> Bench:
    """The cluster ``default``, the namespace ``shop.local`` and the task definition ``web:1``."""
    ecs.call("CreateCluster")
    ecs.namespace()
    ecs.definition()
    return ecs
