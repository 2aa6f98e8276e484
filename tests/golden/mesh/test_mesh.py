"""Worlds and the mesh that each compiles to."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import yaml

from moyai.mesh.service_connect import compile_mesh
from moyai.testing.golden import cases
from tests.golden.mesh.worlds import load

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", cases(HERE))
def test_the_compiled_mesh_is_as_expected(name, golden):
    mesh = msgspec.to_builtins(compile_mesh(load(HERE / f"{name}.in.yaml")), enc_hook=repr)
    text = yaml.safe_dump(mesh, sort_keys=False, width=120)
    golden.check(name, {"ir": text})
