"""The changes that a reset writes."""

from __future__ import annotations

from moyai.app.wiring import changes_of_reset
from moyai.domain.defaults import Defaults
from moyai.domain.efs.file_system import FileSystem
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import FileSystemId
from moyai.store.memory import MemoryStore
from moyai.testing.world import SCOPE

ID = FileSystemId("fs-0123456789abcdef0")


def test_a_file_systems_record_stays_until_its_content_is_removed():
    store = MemoryStore()
    store.apply([Put(FileSystem(ID, SCOPE, "token", Instant(1.0))), Put(Defaults(live_endpoints=False))])
    store.apply(changes_of_reset(store.world, Instant(2.0)))
    assert [(type(record), record.key) for record in store.world.records()] == [(FileSystem, ID)]
    assert store.world.file_systems[ID].deleted_at == 2.0
