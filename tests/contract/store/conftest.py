from __future__ import annotations

import pytest

from tests.contract.store.peers import MemoryPeer, SqlitePeer


@pytest.fixture(params=["memory", "sqlite"])
def peer(request, tmp_path):
    return MemoryPeer() if request.param == "memory" else SqlitePeer(tmp_path)


@pytest.fixture(autouse=True)
def gc_tuned(monkeypatch):
    """A disk that took nothing is tried again at once."""
    monkeypatch.setattr("moyai.store.writer._TRIAL_INTERVAL", 0.001)


@pytest.fixture
async def store(peer):
    store = peer.open()
    yield store
    await store.close()
