"""Promises of every store (``ports.store``)."""

from __future__ import annotations

import asyncio
import gc
import re
import tempfile
import weakref
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moyai.domain.ecs.cluster import Cluster
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn
from moyai.ports.store import Key, StateUnwritable, StoreFault
from tests.contract.store.peers import MemoryPeer, Peer, SqlitePeer
from tests.contract.store.records import KINDS, changes, cluster, everything, records

A, B, C = cluster("a"), cluster("b"), cluster("c")
NO_ARN = Cluster(arn=ClusterArn("b"), name="b", created_at=Instant(1.0))
NO_TUPLE = cluster("b", capacity_providers=["FARGATE"])
NO_STRING = cluster("b", tags={"owner": None})
NO_KIND: Any = str


def key(record):
    return Key("cluster", record.key)


class TestApply:
    async def test_a_new_store_holds_nothing(self, store):
        assert everything(store.world) == {}

    async def test_is_visible_at_once(self, store):
        store.apply([Put(A)])
        assert store.world.clusters.get(A.arn) == A

    async def test_puts_replace_records(self, store):
        store.apply([Put(A), Put(B)])
        changed_cluster = cluster("a", tags={"x": "1"})
        store.apply([Put(changed_cluster)])
        assert everything(store.world) == {"cluster": [changed_cluster, B]}

    async def test_applies_changes_in_order(self, store):
        store.apply([Put(A), Delete(Cluster, A.arn), Put(B), Put(cluster("b", tags={"x": "1"}))])
        assert everything(store.world) == {"cluster": [cluster("b", tags={"x": "1"})]}

    async def test_deleting_a_missing_record_does_nothing(self, store):
        store.apply([Delete(Cluster, A.arn)])
        await store.durable()
        assert everything(store.world) == {}

    @pytest.mark.parametrize(
        "wrong",
        [Put(NO_ARN), Put(NO_TUPLE), Put(NO_STRING), Delete(NO_KIND, "a")],
        ids=["can't be indexed", "would come back changed", "would not come back", "has no table"],
    )
    async def test_makes_all_changes_or_none(self, peer, store, wrong):
        store.apply([Put(A)])
        watcher = store.watch()
        await anext(watcher)
        with pytest.raises((TypeError, ValueError)):
            store.apply([Put(C), Delete(Cluster, A.arn), wrong])
        assert everything(store.world) == {"cluster": [A]}
        store.apply([Put(B)])
        assert await anext(watcher) == {key(B)}
        again = await peer.reopen(store)
        assert everything(again.world) == {"cluster": [A, B]}
        await again.close()

    async def test_an_empty_list_of_changes_notifies_no_watcher(self, store):
        watcher = store.watch()
        await anext(watcher)
        store.apply([])
        store.apply([Put(A)])
        assert await anext(watcher) == {key(A)}


class TestDurable:
    async def test_acknowledged_records_are_read_back_in_order(self, peer, store):
        store.apply([Put(A), Put(B), Put(C)])
        store.apply([Delete(Cluster, A.arn), Put(A), Put(cluster("b", tags={"x": "1"}))])
        await store.durable()
        again = await peer.reopen(store)
        assert everything(again.world) == {"cluster": [cluster("b", tags={"x": "1"}), C, A]}
        await again.close()

    async def test_closing_writes_pending_changes(self, peer, store):
        store.apply([Put(A)])
        again = await peer.reopen(store)
        assert everything(again.world) == {"cluster": [A]}
        await again.close()

    async def test_many_may_wait_at_once_and_one_may_stop_waiting(self, store):
        async def add(number):
            store.apply([Put(cluster(f"n{number}"))])
            await store.durable()

        tasks = [asyncio.create_task(add(number)) for number in range(50)]
        await anext(store.watch())
        tasks[7].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
        await store.durable()
        assert len(store.world.clusters) >= 49

    async def test_returns_when_there_is_nothing_to_write(self, store):
        await store.durable()
        await store.durable()

    async def test_a_closed_store_refuses(self, store):
        await store.close()
        await store.close()
        with pytest.raises(StoreFault):
            store.apply([Put(A)])
        with pytest.raises(StoreFault):
            await store.durable()
        assert everything(store.world) == {}


class TestUnwritable:
    async def test_unwritable_changes_are_rolled_back_and_refused(self, peer, store):
        store.apply([Put(A), Put(B)])
        await store.durable()
        peer.refuse(store)
        store.apply([Put(cluster("a", tags={"x": "1"})), Delete(Cluster, B.arn)])
        store.apply([Put(B), Put(C), Delete(Cluster, A.arn)])
        with pytest.raises(StateUnwritable) as exc_info:
            await store.durable()
        assert contents(store) == contents_of(A, B)
        assert str(exc_info.value) == store.fault
        assert store.rollbacks == 1

    async def test_a_faulty_store_refuses_changes_and_stays_readable(self, peer, store):
        store.apply([Put(A)])
        await store.durable()
        before = store.rollbacks
        peer.refuse(store)
        store.apply([Put(B)])
        with pytest.raises(StateUnwritable):
            await store.durable()
        with pytest.raises(StateUnwritable, match=re.escape(store.fault)):
            store.apply([Put(C)])
        assert contents(store) == contents_of(A)
        await store.durable()
        await store.durable(store.rollbacks)
        with pytest.raises(StateUnwritable):
            await store.durable(before)  # who read B would answer with what is no more

    async def test_a_fault_reaches_all_waiters_and_one_may_be_cancelled(self, peer, store):
        peer.refuse(store)

        async def add(number):
            store.apply([Put(cluster(f"n{number}"))])
            await store.durable()

        tasks = [asyncio.create_task(add(number)) for number in range(20)]
        await anext(store.watch())
        tasks[7].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {StateUnwritable, asyncio.CancelledError}
        assert contents(store) == {}

    async def test_watchers_are_notified_of_rolled_back_records(self, peer, store):
        store.apply([Put(A), Put(B)])
        await store.durable()
        watcher = store.watch()
        await anext(watcher)
        peer.refuse(store)
        store.apply([Delete(Cluster, A.arn), Put(C)])
        assert await anext(watcher) == {key(A), key(C)}
        with pytest.raises(StateUnwritable):
            await store.durable()
        assert await anext(watcher) == {key(A), key(C)}

    async def test_a_store_recovers_by_itself(self, peer, store):
        peer.refuse(store)
        store.apply([Put(A)])
        with pytest.raises(StateUnwritable):
            await store.durable()
        await peer.accept_again(store)
        assert store.fault is None
        store.apply([Put(B)])
        await store.durable()
        again = await peer.reopen(store)
        assert everything(again.world) == {"cluster": [B]}
        await again.close()

    @settings(max_examples=25, deadline=None)
    @given(steps=st.lists(st.tuples(st.booleans(), st.lists(changes(), max_size=4)), max_size=10))
    async def test_the_world_equals_the_acknowledged_changes_whatever_is_refused(self, steps):
        with tempfile.TemporaryDirectory() as directory:
            peers: tuple[Peer, ...] = (MemoryPeer(), SqlitePeer(Path(directory)))
            for peer in peers:
                store = peer.open()
                for full, step in steps:
                    acknowledged_contents = contents(store)
                    if full:
                        peer.refuse(store)
                    store.apply(step)
                    if full and step:
                        with pytest.raises(StateUnwritable):
                            await store.durable()
                        assert contents(store) == acknowledged_contents
                    await peer.accept_again(store)
                    await store.durable()
                acknowledged_contents = contents(store)
                again = await peer.reopen(store)
                assert contents(again) == acknowledged_contents
                await again.close()


class TestWatch:
    async def test_first_gets_every_key_then_changed_keys(self, store):
        store.apply([Put(A), Put(B)])
        watcher = store.watch()
        assert await anext(watcher) == {key(A), key(B)}
        store.apply([Put(C)])
        store.apply([Delete(Cluster, A.arn)])
        assert await anext(watcher) == {key(A), key(C)}

    async def test_the_first_read_does_not_wait_in_an_empty_world(self, store):
        assert await anext(store.watch()) == frozenset()

    async def test_gets_changes_made_before_its_first_read(self, store):
        store.apply([Put(A)])
        watcher = store.watch()
        store.apply([Delete(Cluster, A.arn), Put(B)])
        assert await anext(watcher) == {key(A), key(B)}

    async def test_waits_until_something_changes(self, store):
        watcher = store.watch()
        await anext(watcher)
        look = asyncio.ensure_future(anext(watcher))
        await anext(store.watch())
        assert not look.done()
        store.apply([Put(A)])
        assert await look == {key(A)}

    async def test_watchers_are_independent(self, store):
        first, second = store.watch(), store.watch()
        await anext(first)
        store.apply([Put(A)])
        assert await anext(first) == {key(A)}
        store.apply([Put(B)])
        assert await anext(first) == {key(B)}
        assert await anext(second) == {key(A), key(B)}

    async def test_that_never_reads_costs_one_entry_per_key(self, store):
        slow = store.watch()
        for number in range(500):
            store.apply([Put(cluster("a", tags={"n": str(number)}))])
        assert await anext(slow) == {key(A)}

    async def test_that_was_cancelled_misses_nothing(self, store):
        watcher = store.watch()
        await anext(watcher)
        look = asyncio.ensure_future(anext(watcher))
        await anext(store.watch())
        look.cancel()
        store.apply([Put(A)])
        assert await anext(watcher) == {key(A)}

    async def test_without_references_is_collected(self, store):
        ref = weakref.ref(store.watch())
        gc.collect()
        store.apply([Put(A)])
        assert ref() is None

    async def test_ends_with_the_store_after_the_last_keys(self, store):
        watcher = store.watch()
        await anext(watcher)
        store.apply([Put(A)])
        await store.close()
        assert [keys async for keys in watcher] == [{key(A)}]


class TestEveryRecord:
    def test_clusters_are_among_the_generated_records(self):
        assert Cluster in KINDS

    @settings(max_examples=60, deadline=None)
    @given(record=records())
    async def test_comes_back_equal(self, record):
        store = stored_and_read(record)
        assert list(store.world.records()) == [record]

    @settings(max_examples=25, deadline=None)
    @given(steps=st.lists(st.lists(changes(), max_size=4), max_size=12))
    async def test_both_stores_hold_the_same_world_before_and_after_a_restart(self, steps):
        with tempfile.TemporaryDirectory() as directory:
            peers: tuple[Peer, ...] = (MemoryPeer(), SqlitePeer(Path(directory)))
            stores = [peer.open() for peer in peers]
            for step in steps:
                for store in stores:
                    store.apply(step)
            for store in stores:
                await store.durable()
            worlds = [everything(store.world) for store in stores]
            again = [await peer.reopen(store) for peer, store in zip(peers, stores, strict=True)]
            worlds += [everything(store.world) for store in again]
            for store in again:
                await store.close()
        assert all(world == worlds[0] for world in worlds)


def contents_of(*clusters):
    return {(Cluster, each_cluster.arn): each_cluster for each_cluster in clusters}


def contents(store):
    """Every record by its table and key: one that came back from a deletion has another place."""
    return {(type(record), record.key): record for record in store.world.records()}


def stored_and_read(record):
    return MemoryPeer(MemoryPeer([record]).open().saved_records()).open()
