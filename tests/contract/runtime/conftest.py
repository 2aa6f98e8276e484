"""Every test here runs once for each runtime; what needs root is marked so."""

from __future__ import annotations

import pytest

from tests.contract.runtime.places import LinuxPlace, SimPlace


@pytest.fixture(params=["sim", pytest.param("linux", marks=pytest.mark.root)])
async def place(request, tmp_path):
    if request.param == "sim":
        yield SimPlace()
        return
    here = LinuxPlace(tmp_path / "state")
    try:
        yield here
    finally:
        await here.leave()
