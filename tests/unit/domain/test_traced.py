"""The recorded reads of a computation, and whether they would be the same again."""

from __future__ import annotations

from moyai.domain.table import Table
from moyai.domain.traced import ReadStamps


class Record:
    """A record of a test."""

    def __init__(self, key: str) -> None:
        self.key = key


def stamps():
    table: Table[Record] = Table()
    table.put(Record("read"))
    return table, ReadStamps({"table": table}, [("table", "read"), ("table", "absent")])


def test_changes_to_other_records_do_not_count():
    table, read = stamps()
    table.put(Record("other"))
    assert read.are_current()
    assert read.are_current()


def test_a_change_counts_after_a_comparison_as_before():
    table, read = stamps()
    assert read.are_current()
    table.put(Record("other"))
    assert read.are_current()
    table.put(Record("absent"))
    assert not read.are_current()
    assert not read.are_current()


def test_a_record_that_is_replaced_counts():
    table, read = stamps()
    table.put(Record("read"))
    assert not read.are_current()
