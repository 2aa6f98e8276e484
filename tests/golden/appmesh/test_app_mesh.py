"""Meshes of App Mesh, the shard of each virtual node and gateway, and the configuration of Envoy, which the real one
accepts.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from moyai.domain.world import World
from moyai.mesh.app_mesh import compile_workload, workloads
from moyai.mesh.ir import MeshIR
from moyai.testing.golden import cases
from tests.authority import an_authority
from tests.golden.appmesh.certificates import KEYS, write
from tests.golden.appmesh.meshes import read, world_of
from tests.golden.xds.test_xds import as_json, as_yaml, messages, refusal

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def authority():
    return asyncio.run(an_authority())


def parts(world: World) -> dict[str, MeshIR]:
    """Every part, by the name of what it is of."""
    return {workload.rpartition("/")[2]: compile_workload(world, workload) for workload in workloads(world)}


@pytest.mark.parametrize("name", cases(HERE))
def test_shards_and_envoy_resources_are_as_expected(name, golden):
    case = read(HERE / f"{name}.in.yaml")
    found = parts(world_of(case))
    shown = {one: found[one] for one in case.get("shown", found)}
    told = {one: told_of(part) for one, part in shown.items()}
    written = {one: plain(part) for one, part in shown.items()}
    outputs = {"ir": yaml.safe_dump(written, sort_keys=False, width=120), "xds": as_yaml(told)}
    golden.check(name, outputs)


@pytest.mark.parametrize("name", cases(HERE))
def test_envoy_accepts_the_configuration(name, tmp_path, authority):
    write(tmp_path, authority)
    text = (HERE / f"{name}.in.yaml").read_text().replace(KEYS, str(tmp_path))
    found = parts(world_of(yaml.safe_load(text), authority))
    assert {one: said for one, part in found.items() if (said := refusal(part, tmp_path))} == {}


def plain(part: MeshIR) -> dict[str, Any]:
    """The members of a part that are not empty."""
    return {name: what for name, what in msgspec.to_builtins(part, enc_hook=repr).items() if what}


def told_of(part: MeshIR) -> dict[str, Any]:
    """The resources of its one workload, by their type."""
    return {kind.name.lower(): [as_json(m) for m in listed] for kind, listed in messages(part).items() if listed}
