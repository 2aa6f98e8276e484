from __future__ import annotations

from operator import attrgetter
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from moyai.domain.table import Table


class Row(NamedTuple):
    """A record with one colour, any number of tags, and a colour that can't be indexed."""

    key: str
    colour: str = "red"
    tags: tuple[str, ...] = ()


def colour_of(row):
    if row.colour == "none":
        raise ValueError(row.colour)
    return (row.colour,)


def table(*rows):
    made = Table({"colour": colour_of, "tag": lambda row: row.tags})
    for row in rows:
        made.put(row)
    return made


def test_an_empty_table_finds_nothing():
    empty = table()
    assert (len(empty), list(empty), empty.keys(), empty.get("a"), empty.by("colour", "red")) == (0, [], (), None, ())
    assert "a" not in empty
    with pytest.raises(KeyError):
        empty["a"]


def test_none_as_key_finds_no_record():
    assert table(Row("a")).get(None) is None


def test_replacing_an_index_member_changes_only_the_stamp():
    made = table(Row("a"), Row("b", "blue"))
    stamps = made.stamp("colour", "red"), made.members_stamp("colour", "red")
    made.put(Row("a", tags=("x",)))
    assert made.stamp("colour", "red") > stamps[0]
    assert made.members_stamp("colour", "red") == stamps[1]
    made.put(Row("b"))
    assert made.members_stamp("colour", "red") > stamps[1]


def test_a_projection_returns_the_projected_value_of_each_record():
    seen = table(Row("b", tags=("x",)), Row("a", "blue", ("x",))).projection(lambda row: row.colour)
    assert (seen.get("a"), seen.get("c"), seen.get(None)) == ("blue", None, None)
    assert (seen.by("tag", "x"), seen.by("tag", "y")) == (("blue", "red"), ())


def test_count_equals_the_number_of_indexed_records():
    made = table(Row("a"), Row("b", tags=("x",)), Row("c", "blue"))
    assert [made.count("colour", c) for c in ("red", "blue", "green")] == [2, 1, 0]
    made.delete("a")
    assert made.count("colour", "red") == len(made.by("colour", "red")) == 1


def test_an_index_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        table().by("size", "red")


def test_a_record_is_found_under_each_of_its_values():
    row = Row("a", "red", ("x", "y"))
    found = table(row)
    assert [found["a"], found.by("colour", "red"), found.by("tag", "x"), found.by("tag", "y")] == [
        row,
        (row,),
        (row,),
        (row,),
    ]


def test_a_replaced_record_is_found_only_under_its_new_values_and_keeps_its_place():
    found = table(Row("a", "red", ("x",)), Row("b", "red", ("x",)), Row("a", "blue", ("x",)))
    assert found.keys() == ("a", "b")
    assert found.by("colour", "red") == (Row("b", "red", ("x",)),)
    assert found.by("colour", "blue") == (Row("a", "blue", ("x",)),)
    assert [row.key for row in found.by("tag", "x")] == ["a", "b"]


def test_a_repeated_value_is_found_once():
    row = Row("a", tags=("x", "x"))
    found = table(row)
    assert found.by("tag", "x") == (row,)
    found.delete("a")
    assert found.by("tag", "x") == ()


def test_deleting_a_missing_record_changes_nothing():
    found = table(Row("a"))
    found.delete("b")
    assert found.keys() == ("a",)


def test_a_record_that_can_not_be_indexed_changes_nothing():
    found = table(Row("a", "red", ("x",)))
    for key in "ab":
        with pytest.raises(ValueError, match="none"):
            found.check(Row(key, "none", ("y",)))
        with pytest.raises(ValueError, match="none"):
            found.put(Row(key, "none", ("y",)))
    assert list(found) == [Row("a", "red", ("x",))]
    assert found.by("tag", "x") == (Row("a", "red", ("x",)),)
    assert found.by("tag", "y") == ()


def test_results_do_not_change_with_the_table():
    found = table(Row("a"))
    rows, keys = found.by("colour", "red"), found.keys()
    found.delete("a")
    assert (rows, keys) == ((Row("a"),), ("a",))


COLOURS, TAGS = ("red", "blue"), ("x", "y", "z")
ROWS = st.builds(Row, st.sampled_from("abcd"), st.sampled_from(COLOURS), st.lists(st.sampled_from(TAGS)).map(tuple))


class Tables(RuleBasedStateMachine):
    """A table answers as one that looks at every record would."""

    def __init__(self):
        super().__init__()
        self.table = table()
        self.rows = {}
        self.stamped = {}

    @rule(row=ROWS)
    def put(self, row):
        self.table.put(row)
        self.rows[row.key] = row

    @rule(key=st.sampled_from("abcd"))
    def delete(self, key):
        self.table.delete(key)
        self.rows.pop(key, None)

    @invariant()
    def records_are_there_oldest_first(self):
        assert list(self.table) == list(self.rows.values())
        assert self.table.keys() == tuple(self.rows)
        assert len(self.table) == len(self.rows)

    @invariant()
    def indexes_find_what_a_search_would(self):
        for colour in COLOURS:
            assert set(self.table.by("colour", colour)) == {r for r in self.rows.values() if r.colour == colour}
        for tag in TAGS:
            assert set(self.table.by("tag", tag)) == {r for r in self.rows.values() if tag in r.tags}

    @rule(colour=st.sampled_from(COLOURS), key=st.sampled_from(("", *"abcd", "bb")))
    def walking_goes_on_behind_a_key(self, colour, key):
        wanted = sorted(r.key for r in self.rows.values() if r.colour == colour and r.key > key)
        assert [r.key for r in self.table.after("colour", colour, key)] == wanted

    @invariant()
    def what_has_the_same_stamp_is_the_same(self):
        for index, value in (*(("colour", c) for c in COLOURS), *(("tag", t) for t in TAGS)):
            seen = (index, value, self.table.stamp(index, value))
            assert self.stamped.setdefault(seen, self.table.by(index, value)) == self.table.by(index, value)

    @invariant()
    def what_has_the_same_members_stamp_has_the_same_keys(self):
        for index, value in (*(("colour", c) for c in COLOURS), *(("tag", t) for t in TAGS)):
            keys = self.table.projection(attrgetter("key")).by(index, value)
            assert keys == tuple(sorted(row.key for row in self.table.by(index, value)))
            seen = ("members", index, value, self.table.members_stamp(index, value))
            assert self.stamped.setdefault(seen, keys) == keys

    @invariant()
    def an_empty_value_costs_nothing(self):
        held = {(name, value) for name, entries in self.table._indexes.items() for value in entries}
        due = {("colour", r.colour) for r in self.rows.values()} | {
            ("tag", t) for r in self.rows.values() for t in r.tags
        }
        assert held == due


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@given(st.lists(ROWS, max_size=8))
def test_deleted_records_leave_no_index_entries(rows):
    emptied = table(*rows)
    for row in rows:
        emptied.delete(row.key)
    assert list(emptied) == []
    assert all(emptied.by("colour", colour) == () for colour in COLOURS)
