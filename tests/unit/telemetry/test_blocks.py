"""Summaries are the same after they were written and read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, Summary
from moyai.telemetry.blocks import BadBlock, Bounds, Entries, decode, encode, entry, pack, read, row, unpack

NUMBER = st.floats(-1e300, 1e300) | st.integers(0, 2**50)
BOUNDS = st.sampled_from([(1.0, 2.0), (), (0.5, 7.0, 60000.0)])


@st.composite
def a_summary(draw) -> Summary:
    histogram = None
    if draw(st.booleans()):
        bounds = draw(BOUNDS)
        counts = st.lists(st.integers(0, 2**40), min_size=len(bounds) + 1, max_size=len(bounds) + 1)
        histogram = Histogram(bounds, tuple(draw(counts)))
    if draw(st.booleans()):
        value = draw(NUMBER)
        return Summary(1, value, value, value, histogram)
    return Summary(draw(NUMBER), draw(NUMBER), draw(NUMBER), draw(NUMBER), histogram)


ENTRIES = st.lists(st.tuples(st.integers(0, 60), a_summary()), max_size=20)


def written(columns: Mapping[int, Entries]) -> bytes:
    bounds: Bounds = {}
    rows = {
        column: row(b"".join([entry(key, of, bounds) for key, of in entries]), len(entries))
        for column, entries in columns.items()
    }
    return encode(rows, bounds)


@given(st.dictionaries(st.integers(0, 500), ENTRIES, max_size=4))
def test_a_block_comes_back_as_it_was(columns):
    block = decode(written(columns))
    assert {column: list(block.of(column)) for column in block.columns} == columns
    assert list(block.of(501)) == []


@given(ENTRIES)
def test_a_column_comes_back_as_it_was(entries):
    bounds: Bounds = {}
    assert read(row(b"".join([entry(key, of, bounds) for key, of in entries]), len(entries)), bounds) == entries


@given(ENTRIES)
def test_an_hour_comes_back_as_it_was(entries):
    assert list(unpack(pack(entries))) == entries


@given(st.binary(max_size=60) | ENTRIES.map(lambda entries: written({0: entries})), st.data())
def test_damaged_bytes_are_refused_or_passed_over(body, data):
    at = data.draw(st.integers(0, len(body)))
    for damaged in (body, body[:at], body[:at] + b"\xc1" + body[at:]):
        for reading in (lambda one: list(decode(one).of(0)), lambda one: list(unpack(one))):
            try:
                reading(damaged)
            except BadBlock:
                continue


def test_a_single_sample_is_small():
    assert len(written({0: [(3, Summary(1, 17, 17, 17))]})) <= 10
    with pytest.raises(BadBlock):
        decode(b"\x00")
