"""Promises of the store on disk alone: locks, modes, schemas, and that a kill or a full disk breaks nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from moyai.app.ids import SystemIds
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.ports.store import StateLocked, StateNewer, StateUnwritable, StoreFault
from moyai.store.faults import may_pass
from moyai.store.migrations import APPLICATION, STEPS, migrate
from moyai.store.sqlite import SqliteStore
from tests.contract.store.peers import SqlitePeer, writing
from tests.contract.store.records import cluster, everything

CHILD = Path(__file__).with_name("child.py")
LINES_BEFORE_THE_KILL = (1, 9, 40, 150)

# The tables as the first released schema has them; a copy, so that a change of the code shows.
SCHEMA_1 = (
    """CREATE TABLE records (
        place INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (kind, key)
    )""",
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL)",
    f"PRAGMA application_id = {APPLICATION}",
    "PRAGMA user_version = 1",
)
OLD_CLUSTER = {"table": "cluster", "arn": cluster("old").arn, "name": "old", "created_at": 1.5}


@pytest.fixture
def peer(tmp_path):
    return SqlitePeer(tmp_path)


@pytest.fixture
def old(peer):
    """A database of the first schema, with one cluster in it."""
    peer.database.parent.mkdir()
    with sqlite3.connect(peer.database, isolation_level=None) as connection:
        for statement in SCHEMA_1:
            connection.execute(statement)
        body = msgspec.msgpack.encode(OLD_CLUSTER)
        connection.execute("INSERT INTO records (kind, key, body) VALUES ('cluster', ?, ?)", (OLD_CLUSTER["arn"], body))
        connection.execute("INSERT INTO meta VALUES ('installation', '0badcafe'), ('created_at', 7.5)")
        yield connection
    connection.close()


class TestDirectory:
    async def test_is_locked_by_one_process_and_names_it(self, peer):
        store = peer.open()
        with pytest.raises(StateLocked, match=f"process {os.getpid()}") as exc_info:
            peer.open()
        assert exc_info.value.holder == os.getpid()
        await store.close()
        await peer.open().close()

    async def test_does_not_name_a_crashed_process_as_lock_holder(self, peer):
        store = peer.open()
        peer.database.with_name("lock").write_text(f"{os.getppid()}\n")
        with pytest.raises(StateLocked, match="unknown") as exc_info:
            peer.open()
        assert exc_info.value.holder is None
        await store.close()

    async def test_is_private_to_its_owner(self, peer):
        store = peer.open()
        store.apply([Put(cluster("a"))])
        await store.durable()
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in peer.database.parent.iterdir()}
        assert modes == dict.fromkeys(["moyai.db", "moyai.db-wal", "moyai.db-shm", "lock"], 0o600)
        assert stat.S_IMODE(peer.database.parent.stat().st_mode) == 0o700
        await store.close()

    def test_that_cannot_be_created_is_a_fault(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(StoreFault, match="can't be used"):
            SqliteStore.open(tmp_path / "file" / "moyai.db", SystemIds(), Instant(1.0))

    async def test_keeps_the_id_of_its_installation(self, peer):
        first = peer.open()
        again = await peer.reopen(first)
        assert again.installation == first.installation
        assert len(again.installation.id) == 8
        await again.close()


class TestDatabase:
    @pytest.mark.parametrize("content", [b"no database" * 1000, b"\x00" * 5000], ids=["text", "zeroes"])
    def test_that_is_not_a_database_is_refused_and_left_alone(self, peer, content):
        peer.database.parent.mkdir()
        peer.database.write_bytes(content)
        for _ in range(2):  # the lock was let go, too
            with pytest.raises(StoreFault, match="can't be used"):
                peer.open()
        assert peer.database.read_bytes() == content

    def test_of_another_program_is_refused(self, peer):
        peer.database.parent.mkdir()
        with sqlite3.connect(peer.database) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        with pytest.raises(StoreFault, match="another program"):
            peer.open()

    def test_with_an_unreadable_record_is_refused(self, peer, old):
        old.execute("UPDATE records SET body = x'80'")
        with pytest.raises(StoreFault, match="can't be read"):
            peer.open()

    async def test_of_the_first_schema_is_read(self, peer, old):
        for _ in range(2):
            store = peer.open()
            assert everything(store.world) == {"cluster": [cluster("old")]}
            assert store.installation.id == "0badcafe"
            assert store.installation.created_at == 7.5
            await store.close()

    async def test_with_flipped_bytes_is_read_unchanged_or_refused_in_one_sentence(self, peer):
        store = peer.open()
        store.apply([Put(cluster(f"n{number}", tags={"filling": "x" * 40 * number})) for number in range(60)])
        await store.durable()
        world, installation = everything(store.world), store.installation
        await store.close()
        written, refusals = peer.database.read_bytes(), []
        chance = random.Random(20261127)  # noqa: S311 - the same bytes each time
        for _ in range(250):
            damaged = bytearray(written)
            for place in chance.sample(range(len(written)), chance.choice([1, 1, 2, 8, 64])):
                damaged[place] ^= chance.randrange(1, 256)
            peer.database.write_bytes(damaged)
            try:
                store = peer.open()
            except StoreFault as fault:
                refusals.append(str(fault))
            else:
                assert (everything(store.world), store.installation) == (world, installation)
                await store.close()
        assert 100 < len(refusals) < 250
        assert [one for one in refusals if not one.startswith(f"The state in {peer.database} can't be used")] == []
        assert [one for one in refusals if "\n" in one] == []

    def test_of_a_newer_schema_is_not_touched(self, peer, old):
        old.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
        with pytest.raises(StateNewer, match="newer moyai"):
            peer.open()
        assert old.execute("SELECT count(*) FROM records").fetchone() == (1,)


class TestMigrate:
    def test_runs_the_missing_steps_in_order(self, old):
        def second(connection):
            connection.execute("CREATE TABLE second (x)")

        def third(connection):
            connection.execute("ALTER TABLE second RENAME TO third")

        migrate(old, (*STEPS[:1], second, third))
        assert old.execute("PRAGMA user_version").fetchone() == (3,)
        assert old.execute("SELECT * FROM third").fetchall() == []
        migrate(old, (*STEPS[:1], second, third))

    def test_leaves_everything_unchanged_when_a_step_fails(self, old):
        def second(connection):
            connection.execute("DROP TABLE records")

        def third(connection):
            connection.execute("SELECT * FROM nowhere")

        with pytest.raises(sqlite3.OperationalError):
            migrate(old, (*STEPS[:1], second, third))
        assert old.execute("PRAGMA user_version").fetchone() == (1,)
        assert old.execute("SELECT count(*) FROM records").fetchone() == (1,)

    async def test_starts_from_an_empty_file(self, peer):
        peer.database.parent.mkdir()
        peer.database.touch()
        store = peer.open()
        assert everything(store.world) == {}
        await store.close()


class TestDurable:
    async def test_returns_only_after_the_commit(self, peer):
        store = peer.open()
        reader = sqlite3.connect(peer.database)

        async def add(number):
            added_cluster = cluster(f"n{number}")
            store.apply([Put(added_cluster)])
            await store.durable()
            assert reader.execute("SELECT 1 FROM records WHERE key = ?", (added_cluster.arn,)).fetchone() == (1,)

        for _ in range(3):
            await asyncio.gather(*(add(number) for number in range(64)))
        reader.close()
        await store.close()

    async def test_waits_while_another_program_copies_the_database(self, peer):
        store = peer.open()
        other = sqlite3.connect(peer.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        store.apply([Put(cluster("a"))])
        waiting = asyncio.ensure_future(store.durable())
        await anext(store.watch())
        assert not waiting.done()
        other.execute("COMMIT")
        await waiting
        other.close()
        await store.close()

    async def test_a_full_disk_refuses_changes_until_it_has_space(self, peer):
        child = await asyncio.create_subprocess_exec(
            sys.executable, CHILD, "fill", peer.database, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, log = await child.communicate()
        said = output.decode().split("\n")[:-1]
        assert said == [*["durable StateUnwritable"] * 3, "apply StateUnwritable", "holds ['1']", "closed"]
        assert f"The state in {peer.database} can't be written: disk I/O error." in log.decode()
        store = peer.open()
        assert [c.name for c in store.world.clusters] == ["1", "4"]
        await store.close()

    async def test_a_damaged_file_is_not_written_again(self, peer):
        store = peer.open()
        store.apply([Put(cluster("a"))])
        await store.durable()
        writing(store).set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        store.apply([Put(cluster("b"))])
        with pytest.raises(StateUnwritable, match="then restart moyai"):
            await store.durable()
        assert everything(store.world) == {"cluster": [cluster("a")]}
        await store.durable()
        await store.close()
        again = peer.open()
        assert everything(again.world) == {"cluster": [cluster("a")]}
        await again.close()

    async def test_closing_reports_unwritten_changes(self, peer):
        store = peer.open()
        peer.refuse(store)
        store.apply([Put(cluster("a"))])
        with pytest.raises(StateUnwritable, match=str(peer.database)):
            await store.close()
        await store.close()
        await peer.open().close()

    async def test_remains_of_a_trial_write_are_removed(self, peer):
        await peer.open().close()
        with sqlite3.connect(peer.database) as connection:
            connection.execute("INSERT INTO meta VALUES ('trial', zeroblob(9))")
        connection.close()
        await peer.open().close()
        with sqlite3.connect(peer.database) as connection:
            assert connection.execute("SELECT name FROM meta ORDER BY name").fetchall() == [
                ("checksum",),
                ("created_at",),
                ("installation",),
            ]
        connection.close()


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("failed")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        (sqlite3.SQLITE_FULL, True),
        (sqlite3.SQLITE_IOERR_WRITE, True),
        (sqlite3.SQLITE_IOERR_SHMSIZE, True),
        (sqlite3.SQLITE_BUSY, True),
        (sqlite3.SQLITE_READONLY, True),
        (sqlite3.SQLITE_IOERR_FSYNC, False),
        (sqlite3.SQLITE_IOERR_DIR_FSYNC, False),
        (sqlite3.SQLITE_IOERR_READ, False),
        (sqlite3.SQLITE_CORRUPT, False),
        (sqlite3.SQLITE_NOTADB, False),
    ],
)
def test_only_writes_that_left_nothing_on_disk_are_retried(code, passes):
    assert may_pass(sqlite_error(code)) is passes


class TestKill:
    async def test_changes_acknowledged_before_a_kill_are_stored(self, peer):
        for lines in LINES_BEFORE_THE_KILL:
            acknowledged = kill_after(lines, peer.database)
            store = peer.open()
            names = {cluster.name for cluster in store.world.clusters}
            await store.close()
            deleted_lines = {line[1:] for line in acknowledged if line[0] == "-"}
            put = {line[1:] for line in acknowledged if line[0] == "+"}
            assert len(acknowledged) >= lines
            assert not deleted_lines & names
            # A deletion that was asked for may have been written without having been acknowledged.
            assert {name for name in put - deleted_lines if int(name) % 3} <= names


def kill_after(lines: int, database: Path) -> list[str]:
    """Let the child write, kill it after so many acknowledgements, and return all that it gave."""
    with subprocess.Popen([sys.executable, CHILD, "write", database], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        printed_lines = [child.stdout.readline() for _ in range(lines)]
        child.send_signal(signal.SIGKILL)
        printed_lines += child.stdout.readlines()
    return [line.strip() for line in printed_lines if line.endswith("\n")]


def test_the_old_cluster_is_spelled_as_a_cluster():
    assert msgspec.convert(OLD_CLUSTER, Cluster) == cluster("old")
