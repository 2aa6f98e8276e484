"""Meshes of App Mesh, the part that each virtual node and gateway compiles to, and that the real Envoy takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from moyai.mesh.app_mesh import compile_workload, workloads
from moyai.mesh.ir import Mesh
from moyai.testing.golden import Golden, cases
from tests.golden.appmesh.meshes import load, read
from tests.golden.xds.test_xds import refusal

HERE = Path(__file__).parent


def parts(name: str) -> dict[str, Mesh]:
    """The parts of a case, by the names of what they are of."""
    world = load(HERE / f"{name}.in.yaml")
    return {workload.rpartition("/")[2]: compile_workload(world, workload) for workload in workloads(world)}


@pytest.mark.parametrize("name", cases(HERE))
def test_app_mesh(name, golden_update):
    found = parts(name)
    shown = read(HERE / f"{name}.in.yaml").get("shown", list(found))
    text = yaml.safe_dump({one: plain(found[one]) for one in shown}, sort_keys=False, width=120)
    Golden(HERE, update=golden_update).check(name, {"ir": text})


def test_every_expectation_has_a_case(golden_update):
    Golden(HERE, update=golden_update).check_orphans(cases(HERE))


@pytest.mark.parametrize("name", cases(HERE))
def test_envoy_takes_it(name, tmp_path):
    assert {one: said for one, part in parts(name).items() if (said := refusal(part, tmp_path))} == {}


def plain(part: Mesh) -> dict[str, Any]:
    """What there is in a part."""
    return {name: what for name, what in msgspec.to_builtins(part, enc_hook=repr).items() if what}
