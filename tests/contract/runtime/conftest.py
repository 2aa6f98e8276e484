"""Runs every test once for each adapter; the linux runtime needs root."""

from __future__ import annotations

import pytest

from tests.contract.runtime.adapters import LinuxAdapter, SimAdapter


@pytest.fixture(params=["sim", pytest.param("linux", marks=pytest.mark.root)])
async def adapter(request, tmp_path):
    if request.param == "sim":
        yield SimAdapter()
        return
    linux = LinuxAdapter(tmp_path / "state")
    try:
        yield linux
    finally:
        await linux.destroy_and_check()
