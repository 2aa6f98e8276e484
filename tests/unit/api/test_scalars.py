"""Times, numbers and blobs at their edges."""

from __future__ import annotations

import math

import pytest

from moyai.api.wire import scalars
from moyai.api.wire.misfit import Misfit
from moyai.api.wire.xml import escape


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (0, 0.0),
        (1_790_000_000.25, 1_790_000_000.25),
        ("1790000000", 1_790_000_000.0),
        ("2026-11-24T15:00:00Z", 1_795_532_400.0),
        ("2026-11-24T15:00:00.125Z", 1_795_532_400.125),
        ("2026-11-24T17:00:00+02:00", 1_795_532_400.0),
        ("2026-11-24T15:00:00", 1_795_532_400.0),
        ("2026-11-24", 1_795_478_400.0),
        ("Tue, 24 Nov 2026 15:00:00 GMT", 1_795_532_400.0),
    ],
)
def test_times_are_read(text, seconds):
    assert scalars.read_time(text) == seconds


@pytest.mark.parametrize(
    "value", [True, None, "", "soon", "nan", math.nan, math.inf, 1e12, -1e12, 10**400, "1e999", [], {}]
)
def test_malformed_times_are_refused(value):
    with pytest.raises(Misfit):
        scalars.read_time(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_790_000_000.2504, "2026-09-21T14:13:20.250Z"),
        (-0.5, "1969-12-31T23:59:59.500Z"),
        (0.9996, "1970-01-01T00:00:01.000Z"),
    ],
)
def test_times_are_written_to_the_millisecond(value, text):
    assert scalars.write_iso(value) == text


@pytest.mark.parametrize(("value", "due"), [(1.0, 1), (-(1 << 31), -(1 << 31)), ((1 << 31) - 1, (1 << 31) - 1)])
def test_integers_are_read(value, due):
    assert scalars.read_integer(value) == due


@pytest.mark.parametrize("value", [1 << 31, -(1 << 31) - 1, 1.5, True, "1", math.nan, None])
def test_malformed_integers_are_refused(value):
    with pytest.raises(Misfit):
        scalars.read_integer(value)


def test_longs_have_64_bits():
    assert scalars.read_long((1 << 63) - 1) == (1 << 63) - 1
    with pytest.raises(Misfit, match="64 bits"):
        scalars.read_long(1 << 63)


def test_special_floats_are_written_as_names():
    assert scalars.read_number("Infinity") == math.inf
    assert math.isnan(scalars.read_number("NaN"))
    assert [scalars.write_number(value) for value in (1.5, math.inf, -math.inf, math.nan)] == [
        1.5,
        "Infinity",
        "-Infinity",
        "NaN",
    ]
    for value in ("1", True, None, 10**400):
        with pytest.raises(Misfit):
            scalars.read_number(value)


def test_blobs():
    assert scalars.read_base64("aGk=") == b"hi"
    for value in ("aGk", "$$$$", "é", b"aGk=", None):
        with pytest.raises(Misfit):
            scalars.read_base64(value)
    with pytest.raises(Misfit, match="expected binary data, not a string"):
        scalars.read_bytes("aGk=")


def test_text_in_xml():
    assert escape('<a & "b">\x00\x0b\ud800\r\n') == "&lt;a &amp; &quot;b&quot;&gt;\ufffd\ufffd\ufffd&#13;\n"
