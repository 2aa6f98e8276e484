"""Summaries are the same after they were encoded and decoded."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, Summary
from moyai.telemetry.series.encoding import (
    WHOLE_MINUTE,
    BoundsIndex,
    Entries,
    InvalidBody,
    decode_body,
    decode_column,
    decode_hour,
    encode_body,
    encode_column,
    encode_entry,
    encode_hour,
)

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


def body_of(columns: Mapping[int, Entries]) -> bytes:
    bounds: BoundsIndex = {}
    encoded = {
        column: encode_column(b"".join([encode_entry(key, summary, bounds) for key, summary in entries]), len(entries))
        for column, entries in columns.items()
    }
    return encode_body(encoded, bounds)


@given(st.dictionaries(st.integers(0, 500), ENTRIES, max_size=4))
def test_a_body_decodes_to_its_entries(columns):
    body = decode_body(body_of(columns))
    assert {column: list(body.entries(column)) for column in body.columns} == columns
    assert list(body.entries(501)) == []
    for column, entries in columns.items():
        whole = [summary for key, summary in entries if key == WHOLE_MINUTE]
        assert body.whole_minute(column) == (whole[0] if whole else None)
    assert body.whole_minute(501) is None


@given(ENTRIES)
def test_a_column_decodes_to_its_entries(entries):
    bounds: BoundsIndex = {}
    assert (
        decode_column(
            encode_column(b"".join([encode_entry(key, summary, bounds) for key, summary in entries]), len(entries)),
            bounds,
        )
        == entries
    )


@given(ENTRIES)
def test_an_hour_decodes_to_its_entries(entries):
    assert list(decode_hour(encode_hour(entries))) == entries


@given(st.binary(max_size=60) | ENTRIES.map(lambda entries: body_of({0: entries})), st.data())
def test_damaged_bytes_are_refused_or_skipped(body, data):
    at = data.draw(st.integers(0, len(body)))
    for damaged in (body, body[:at], body[:at] + b"\xc1" + body[at:]):
        for decode in (
            lambda one: list(decode_body(one).entries(0)),
            lambda one: decode_body(one).whole_minute(0),
            lambda one: list(decode_hour(one)),
        ):
            try:
                decode(damaged)
            except InvalidBody:
                continue


def test_a_single_sample_is_small():
    assert len(body_of({0: [(3, Summary(1, 17, 17, 17))]})) <= 10
    with pytest.raises(InvalidBody):
        decode_body(b"\x00")
