from __future__ import annotations

import pytest

from moyai.store.log_memory import MemoryLogStore
from moyai.store.log_sqlite import SqliteLogStore


@pytest.fixture(params=["memory", "sqlite"])
async def logs(request, tmp_path):
    store = MemoryLogStore() if request.param == "memory" else SqliteLogStore.open(tmp_path / "logs.db", 2**30)
    yield store
    await store.close()
