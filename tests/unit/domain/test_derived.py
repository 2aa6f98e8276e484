"""Derived values: stale when a change can alter them, and not when it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.derived import Derived
from moyai.domain.table import Table
from moyai.domain.traced import TracedWorld
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import SubnetId, VpcId
from moyai.testing.world import SCOPE

Compute = Callable[[World, str], object]
IDS, VPCS = ("s1", "s2", "s3"), ("v1", "v2")


def subnet(identity: str, vpc: str = "v1", zone: str = "a", cidr: str = "10.0.0.0/24") -> Subnet:
    return Subnet(SubnetId(identity), VpcId(vpc), SCOPE, cidr, zone, zone)


def zone(one: Subnet) -> str:
    return one.zone


class Follower:
    """A world and what is derived from it; ``published`` has what was published, the newest last. While it
    ``is_broken``, publishing fails.
    """

    def __init__(self, compute: Compute, *kinds: Any) -> None:
        self.world = World()
        self.published: list[tuple[str, object]] = []
        self.is_broken = False
        self.derived = Derived[str, object](self.world, compute, None, *kinds, publish=self._publish)

    def _publish(self, key: str, before: object, now: object) -> None:
        if self.is_broken:
            raise ZeroDivisionError
        assert before == next((value for one, value in reversed(self.published) if one == key), None)
        self.published.append((key, now))

    def change(self, *changes: Change) -> tuple[str, ...]:
        """The keys that these make stale; they are updated."""
        for change in changes:
            self.world.apply(change)
        stale = self.derived.invalidate([_key(change) for change in changes])
        for key in stale:
            self.derived.update(key)
        return stale


def _key(change: Change) -> tuple[str, str]:
    if isinstance(change, Put):
        return str(type(change.record).__struct_config__.tag), change.record.key
    return str(change.record_type.__struct_config__.tag), change.key


def following(compute: Compute, *records: Subnet) -> Follower:
    """Derived values with one key, computed over these tables."""
    follower = Follower(compute)
    follower.change(*map(Put, records))
    follower.derived.add("key")
    follower.change()
    return follower


def test_a_record_has_a_value_under_its_own_key():
    follower = Follower(lambda world, key: world.subnets[key].zone if key in world.subnets else None, Subnet)
    assert follower.change(Put(subnet("s1"))) == ("s1",)
    assert follower.change(Put(subnet("s1", zone="b")), Put(subnet("s2"))) == ("s1", "s2")
    assert dict(follower.derived.values) == {"s1": "b", "s2": "a"}
    follower.change(Delete(Subnet, "s1"))
    assert (dict(follower.derived.values), follower.derived.keys()) == ({"s2": "a"}, ("s2",))
    assert follower.published == [("s1", "a"), ("s1", "b"), ("s2", "a"), ("s1", None)]


def test_an_equal_value_is_not_published():
    follower = Follower(lambda world, key: world.subnets[key].zone, Subnet)
    follower.change(Put(subnet("s1")))
    assert follower.change(Put(subnet("s1", cidr="10.0.1.0/24"))) == ("s1",)
    assert follower.published == [("s1", "a")]


def test_a_missing_record_invalidates_when_it_is_created():
    follower = following(lambda world, _: "s1" in world.subnets)
    assert follower.change(Put(subnet("s2"))) == ()
    assert follower.change(Put(subnet("s1"))) == ("key",)
    assert follower.derived.values == {"key": True}


def test_a_projected_record_invalidates_only_by_its_projection():
    follower = following(lambda world, _: world.subnets.projection(zone).get("s1"), subnet("s1"))
    assert follower.change(Put(subnet("s1", cidr="10.0.1.0/24", vpc="v2"))) == ()
    assert follower.change(Put(subnet("s1", zone="b"))) == ("key",)
    assert follower.change(Delete(Subnet, "s1")) == ("key",)
    assert follower.change(Put(subnet("s1", zone="b"))) == ("key",)


def test_a_projected_index_invalidates_by_members_and_projections():
    follower = following(
        lambda world, _: world.subnets.projection(zone).by("vpc", "v1"), subnet("s1"), subnet("s2", "v2")
    )
    assert follower.change(Put(subnet("s1", cidr="10.0.1.0/24")), Put(subnet("s2", "v2", "b"))) == ()
    assert follower.change(Put(subnet("s1", zone="b"))) == ("key",)
    assert follower.change(Put(subnet("s2", "v1", "b"))) == ("key",)
    assert follower.derived.values == {"key": ("b", "b")}
    assert follower.change(Put(subnet("s1", "v2", "b"))) == ("key",), "it left, and its own value is the same"
    assert follower.derived.values == {"key": ("b",)}


def test_a_record_read_whole_and_projected_invalidates_by_any_change():
    def both(world: World, _: str) -> object:
        return (
            world.subnets.projection(zone).get("s1"),
            world.subnets["s1"].cidr,
            world.subnets.projection(zone).get("s1"),
        )

    follower = following(both, subnet("s1"))
    assert follower.change(Put(subnet("s1", cidr="10.0.1.0/24"))) == ("key",)


def test_records_that_are_no_longer_read_do_not_invalidate():
    follower = following(
        lambda world, _: world.subnets[world.subnets["s1"].zone].cidr, subnet("s1", zone="s2"), subnet("s2")
    )
    follower.change(Put(subnet("s3")))
    assert follower.change(Put(subnet("s1", zone="s3"))) == ("key",)
    assert follower.change(Put(subnet("s2", zone="b"))) == ()
    assert follower.change(Put(subnet("s3", zone="b"))) == ("key",)


def test_a_failed_computation_keeps_the_value_and_stays_stale():
    follower = following(lambda world, _: world.subnets["s1"].zone, subnet("s1"))
    follower.world.apply(Delete(Subnet, "s1"))
    assert follower.derived.invalidate([("subnet", "s1")]) == ("key",)
    with pytest.raises(KeyError):
        follower.derived.update("key")
    assert follower.derived.values == {"key": "a"}
    assert follower.derived.invalidate([("vpc", "any")]) == ("key",)
    assert follower.change(Put(subnet("s1", zone="b"))) == ("key",)
    assert follower.change() == ()
    assert follower.derived.values == {"key": "b"}


def test_a_failed_publication_stays_stale():
    follower = following(lambda world, _: world.subnets["s1"].zone, subnet("s1"))
    follower.is_broken = True
    with pytest.raises(ZeroDivisionError):
        follower.change(Put(subnet("s1", zone="b")))
    follower.is_broken = False
    assert follower.change() == ("key",)
    assert follower.published == [("key", "a"), ("key", "b")]


def test_a_removed_key_has_no_value():
    follower = following(lambda world, _: world.subnets["s1"].zone, subnet("s1"))
    follower.derived.remove("key")
    assert follower.change(Put(subnet("s1", zone="b"))) == ()
    assert (follower.derived.keys(), "key" in follower.derived) == ((), False)


READS: dict[str, Callable[[World, str], Any]] = {
    "get": lambda world, key: world.subnets.get(key),
    "contains": lambda world, key: key in world.subnets,
    "by": lambda world, key: world.subnets.by("vpc", key),
    "last": lambda world, key: world.subnets.last("vpc", key),
    "changes": lambda world, _: world.subnets.changes > 0,
    "first": lambda world, key: next(world.subnets.each("vpc", key), None),
    "after": lambda world, key: tuple(world.subnets.after("vpc", key, "s1")),
    "count": lambda world, key: world.subnets.count("vpc", key),
    "stamp": lambda world, key: world.subnets.stamp("vpc", key) > 0,
    "members stamp": lambda world, key: world.subnets.members_stamp("vpc", key) > 0,
    "all": lambda world, _: tuple(world.subnets),
    "keys": lambda world, _: world.subnets.keys(),
    "len": lambda world, _: len(world.subnets),
    "projected": lambda world, key: world.subnets.projection(zone).get(key),
    "projected by": lambda world, key: world.subnets.projection(zone).by("vpc", key),
}
WRITES = {"put", "delete", "check"}
OF_RECORDS = {"entries", "values"}
"""What a table says of a record that somebody has already."""


def test_every_way_to_read_a_table_is_recorded():
    kind, _ = TracedWorld(World()).run(lambda world, _: type(world.subnets), "")
    inherited = vars(Table).keys() - vars(kind).keys() - vars(Generic).keys()
    assert {name for name in inherited if not name.startswith("_")} == WRITES | OF_RECORDS
    assert {"__getitem__", "__contains__", "__iter__", "__len__"} <= vars(kind).keys()


reads = st.lists(st.tuples(st.sampled_from(sorted(READS)), st.sampled_from((*IDS, *VPCS))), min_size=1, max_size=3)
records = st.builds(subnet, st.sampled_from(IDS), st.sampled_from(VPCS), st.sampled_from("ab"), st.sampled_from("cd"))
changes = st.lists(records.map(Put) | st.builds(Delete, st.just(Subnet), st.sampled_from(IDS)), max_size=3)


@given(st.lists(reads, min_size=1, max_size=4), st.lists(changes, max_size=8), st.data())
def test_values_that_are_not_stale_equal_a_fresh_computation(programs, steps, data):
    def compute(world: World, key: str) -> object:
        return tuple(READS[how](world, at) for how, at in programs[int(key)])

    follower = Follower(compute)
    for number in range(len(programs)):
        follower.derived.add(str(number))
    for step in steps:
        for change in step:
            follower.world.apply(change)
        if data.draw(st.booleans(), "one is computed early"):
            follower.derived.update(str(len(programs) - 1))
        follower.derived.follow([_key(change) for change in step])
        for number in range(len(programs)):
            assert follower.derived.values[str(number)] == compute(follower.world, str(number))
