"""Settings that are tags: on what they can be, and which values they can have."""

from __future__ import annotations

import pytest

from moyai.domain.own_tags import fault_in

KEY = "moyai:metric-namespace"


@pytest.mark.parametrize("value", ["howto-metrics-extension", "Shop/Mesh", "CWAgent", "a#1.b_c"])
def test_a_mesh_may_have_its_figures_in_a_namespace_of_its_own(value):
    assert fault_in("mesh", {KEY: value}) is None


@pytest.mark.parametrize("value", ["", "AWS/ECS", "Moyai/AppMesh", "with space", "x" * 256, "a:b"])
def test_but_in_none_that_is_somebody_elses_or_that_cloudwatch_refuses(value):
    assert fault_in("mesh", {KEY: value}) is not None


def test_nothing_else_can_have_one():
    assert fault_in("virtualNode", {KEY: "shop"}) == (
        "The tag moyai:metric-namespace is no setting of moyai. There is none for a virtualNode."
    )
