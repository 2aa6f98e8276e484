"""Summaries are the same after they were written and read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, Summary
from moyai.telemetry.blocks import BadBlock, decode, encode, pack, unpack

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


ENTRIES = st.lists(st.tuples(st.integers(0, 60), a_summary()), max_size=8)


@given(st.dictionaries(st.integers(0, 500), ENTRIES, max_size=4))
def test_a_block_comes_back_as_it_was(columns):
    block = decode(encode(columns))
    assert {column: list(block.of(column)) for column in block.columns} == columns
    assert list(block.of(501)) == []


@given(ENTRIES)
def test_an_hour_comes_back_as_it_was(entries):
    assert list(unpack(pack(entries))) == entries


@given(st.binary(max_size=60) | ENTRIES.map(lambda entries: encode({0: entries})), st.data())
def test_damaged_bytes_are_refused_or_passed_over(body, data):
    at = data.draw(st.integers(0, len(body)))
    for damaged in (body, body[:at], body[:at] + b"\xc1" + body[at:]):
        for read in (lambda one: list(decode(one).of(0)), lambda one: list(unpack(one))):
            try:
                read(damaged)
            except BadBlock:
                continue


def test_a_single_sample_is_small():
    assert len(encode({0: [(3, Summary(1, 17, 17, 17))]})) <= 10
    with pytest.raises(BadBlock):
        decode(b"\x00")
