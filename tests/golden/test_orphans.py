"""Every expected output belongs to a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.testing.golden import Golden, cases
from tests.golden.host.test_host import CASES

HERE = Path(__file__).parent
ELSEWHERE = {"host": CASES, "xds": cases(HERE / "mesh")}
"""The cases of folders whose inputs are those of ``mesh``."""


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in HERE.glob("*/*.yaml")}))
def test_every_expected_output_has_a_case(folder, golden_update):
    names = ELSEWHERE.get(folder) or cases(HERE / folder)
    Golden(HERE / folder, update=golden_update).check_orphans(names)
