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
    filled_table = Table({"colour": colour_of, "tag": lambda row: row.tags})
    for row in rows:
        filled_table.put(row)
    return filled_table


def test_an_empty_table_finds_nothing():
    empty = table()
    assert (len(empty), list(empty), empty.keys(), empty.get("a"), empty.by("colour", "red")) == (0, [], (), None, ())
    assert "a" not in empty
    with pytest.raises(KeyError):
        empty["a"]


def test_none_as_key_finds_no_record():
    assert table(Row("a")).get(None) is None


def test_replacing_an_index_member_changes_only_the_stamp():
    filled_table = table(Row("a"), Row("b", "blue"))
    stamps = filled_table.stamp("colour", "red"), filled_table.members_stamp("colour", "red")
    filled_table.put(Row("a", tags=("x",)))
    assert filled_table.stamp("colour", "red") > stamps[0]
    assert filled_table.members_stamp("colour", "red") == stamps[1]
    filled_table.put(Row("b"))
    assert filled_table.members_stamp("colour", "red") > stamps[1]


def test_a_projection_returns_the_projected_value_of_each_record():
    projection = table(Row("b", tags=("x",)), Row("a", "blue", ("x",))).projection(lambda row: row.colour)
    assert (projection.get("a"), projection.get("c"), projection.get(None)) == ("blue", None, None)
    assert (projection.by("tag", "x"), projection.by("tag", "y")) == (("blue", "red"), ())


def test_count_equals_the_number_of_indexed_records():
    filled_table = table(Row("a"), Row("b", tags=("x",)), Row("c", "blue"))
    assert [filled_table.count("colour", c) for c in ("red", "blue", "green")] == [2, 1, 0]
    filled_table.delete("a")
    assert filled_table.count("colour", "red") == len(filled_table.by("colour", "red")) == 1


def test_an_index_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        table().by("size", "red")


def test_a_record_is_found_under_each_of_its_values():
    row = Row("a", "red", ("x", "y"))
    filled_table = table(row)
    assert [
        filled_table["a"],
        filled_table.by("colour", "red"),
        filled_table.by("tag", "x"),
        filled_table.by("tag", "y"),
    ] == [
        row,
        (row,),
        (row,),
        (row,),
    ]


def test_a_replaced_record_is_found_only_under_its_new_values_and_keeps_its_place():
    filled_table = table(Row("a", "red", ("x",)), Row("b", "red", ("x",)), Row("a", "blue", ("x",)))
    assert filled_table.keys() == ("a", "b")
    assert filled_table.by("colour", "red") == (Row("b", "red", ("x",)),)
    assert filled_table.by("colour", "blue") == (Row("a", "blue", ("x",)),)
    assert [row.key for row in filled_table.by("tag", "x")] == ["a", "b"]


def test_a_repeated_value_is_found_once():
    row = Row("a", tags=("x", "x"))
    filled_table = table(row)
    assert filled_table.by("tag", "x") == (row,)
    filled_table.delete("a")
    assert filled_table.by("tag", "x") == ()


def test_deleting_a_missing_record_changes_nothing():
    filled_table = table(Row("a"))
    filled_table.delete("b")
    assert filled_table.keys() == ("a",)


def test_a_record_that_can_not_be_indexed_changes_nothing():
    filled_table = table(Row("a", "red", ("x",)))
    for key in "ab":
        with pytest.raises(ValueError, match="none"):
            filled_table.check(Row(key, "none", ("y",)))
        with pytest.raises(ValueError, match="none"):
            filled_table.put(Row(key, "none", ("y",)))
    assert list(filled_table) == [Row("a", "red", ("x",))]
    assert filled_table.by("tag", "x") == (Row("a", "red", ("x",)),)
    assert filled_table.by("tag", "y") == ()


def test_results_do_not_change_with_the_table():
    filled_table = table(Row("a"))
    rows, keys = filled_table.by("colour", "red"), filled_table.keys()
    filled_table.delete("a")
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
        indexed = {(name, value) for name, entries in self.table._indexes.items() for value in entries}
        due = {("colour", r.colour) for r in self.rows.values()} | {
            ("tag", t) for r in self.rows.values() for t in r.tags
        }
        assert indexed == due


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@given(st.lists(ROWS, max_size=8))
def test_deleted_records_leave_no_index_entries(rows):
    emptied_table = table(*rows)
    for row in rows:
        emptied_table.delete(row.key)
    assert list(emptied_table) == []
    assert all(emptied_table.by("colour", colour) == () for colour in COLOURS)
