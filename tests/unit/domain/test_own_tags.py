"""Settings that are tags: on what they can be, and which values they can have."""

from __future__ import annotations

import pytest

from moyai.domain.own_tags import fault_in

KEY = "moyai:metric-namespace"


@pytest.mark.parametrize("value", ["howto-metrics-extension", "Shop/Mesh", "CWAgent", "a#1.b_c"])
def test_a_mesh_may_have_its_own_metric_namespace(value):
    assert fault_in("mesh", {KEY: value}) is None


@pytest.mark.parametrize("value", ["", "AWS/ECS", "Moyai/AppMesh", "with space", "x" * 256, "a:b"])
def test_reserved_and_invalid_metric_namespaces_are_refused(value):
    assert fault_in("mesh", {KEY: value}) is not None


def test_other_resources_cannot_have_a_metric_namespace():
    assert fault_in("virtualNode", {KEY: "shop"}) == (
        "The tag moyai:metric-namespace is no setting of moyai. There is none for a virtualNode."
    )
