"""Quotas, as ``moyai up`` is told them."""

from __future__ import annotations

import pytest
import typer

from moyai.cli import up


def test_quotas_of_cloud_map_and_of_app_mesh():
    found = up._quotas(["namespaces=7", "virtual-nodes-per-mesh=1000", "namespaces=8"])
    assert found == {"namespaces": 8, "virtual_nodes_per_mesh": 1000}
    assert up._cloud_map(found, 1.0, ()).namespaces == 8


@pytest.mark.parametrize("asked", ["", "namespaces", "namespaces=", "namespaces=-1", "namespaces=x", "nodes=1"])
def test_what_is_no_quota_is_told_which_there_are(asked):
    with pytest.raises(typer.BadParameter, match=r"namespaces, .*, virtual-nodes-per-mesh, "):
        up._quotas([asked])
