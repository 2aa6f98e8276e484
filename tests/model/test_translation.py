"""Drawn meshes: what MeshIR can say, Envoy takes; what changes is translated as if it had been so from the start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moyai.xds.server.cache import SnapshotCache
from tests.authority import an_authority
from tests.golden.xds.test_xds import refusal
from tests.model.mesh_inputs import Keys, meshes

WORKLOADS = 12


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    authority = asyncio.run(an_authority())
    return Keys.write(tmp_path_factory.mktemp("keys"), authority.signs(), authority.root)


@settings(max_examples=4, phases=(Phase.reuse, Phase.generate))  # Envoy names what it refuses; shrinking takes minutes
@given(data=st.data())
def test_envoy_accepts_every_generated_mesh(keys, data):
    mesh = data.draw(meshes(keys, WORKLOADS))
    with TemporaryDirectory() as folder:
        assert refusal(mesh, Path(folder)) == ""


@settings(max_examples=8)
@given(data=st.data())
def test_an_incremental_update_equals_a_fresh_translation(keys, data):
    cache = SnapshotCache()
    for _ in range(3):
        mesh = data.draw(meshes(keys, 2))
        before = {workload: cache.snapshot(workload) for workload in mesh.workloads}
        update = cache.update(mesh).workloads
        fresh = SnapshotCache()
        fresh.update(mesh)
        for workload, snapshot in before.items():
            assert cache.snapshot(workload) == fresh.snapshot(workload)
            assert workload in update or cache.snapshot(workload) == snapshot
