"""A bench for each test."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import EcsClient


@pytest.fixture
def ecs() -> EcsClient:
    """A fresh account."""
    return EcsClient()


@pytest.fixture
def shop(ecs: EcsClient) -> EcsClient:
    """The cluster ``default``, the namespace ``shop.local`` and the task definition ``web:1``."""
    ecs.call("CreateCluster")
    ecs.namespace()
    ecs.definition()
    return ecs
