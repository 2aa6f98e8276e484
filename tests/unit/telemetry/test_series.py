"""Slots of time: bounded, ordered, exact."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import WorkloadId
from moyai.telemetry.accumulate import Sample, accumulator
from moyai.telemetry.envoy_stats import Timed
from moyai.telemetry.names import Kind
from moyai.telemetry.series import Archive, Track
from tests.unit.telemetry.pushes import SCOPE

A, B = WorkloadId("a"), WorkloadId("b")


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 9)), min_size=1, max_size=30))
def test_the_slots_of_any_width_add_up_to_the_same_sum(samples):
    fine, coarse = Track(Kind.COUNT, 5, lambda: 1000), Track(Kind.COUNT, 60, lambda: 1000)
    for at, value in sorted(samples):
        fine.add(Instant(at), Sample(A, value))
        coarse.add(Instant(at), Sample(A, value))
    sums = [sum(slot.summary.sum for slot in track.between(Instant(0), Instant(400))) for track in (fine, coarse)]
    assert sums == [sum(value for _, value in samples)] * 2


def test_a_track_keeps_the_newest_and_says_what_it_dropped():
    track = Track(Kind.COUNT, 5, lambda: 8)
    for slot in range(50):
        track.add(Instant(slot * 5), Sample(A, 1))
    kept = [slot.start for slot in track.between(Instant(0), Instant(1000))]
    assert 8 <= len(kept) <= 10
    assert kept[-1] == Instant(245)
    assert track.dropped_before == kept[0]


def test_a_clock_that_goes_back_opens_no_slot():
    track = Track(Kind.COUNT, 5, lambda: 8)
    track.add(Instant(100), Sample(A, 1))
    track.add(Instant(90), Sample(A, 2))
    assert [(slot.start, slot.summary.sum) for slot in track.between(Instant(0), Instant(200))] == [(Instant(100), 3.0)]


@pytest.mark.parametrize(
    ("kind", "samples", "expected"),
    [
        pytest.param(Kind.COUNT, [Sample(A, 2), Sample(B, 5), Sample(A, 1)], (2, 8, 3, 5), id="a task is a sample"),
        pytest.param(Kind.LEVEL, [Sample(A, 2), Sample(B, 5), Sample(A, 1)], (3, 8, 1, 5), id="a report is a sample"),
        pytest.param(
            Kind.SHARE,
            [Sample(A, 6, targets=2), Sample(B, 3, targets=3)],
            (3, 9, 3, 3),
            id="a target is a sample",
        ),
        pytest.param(
            Kind.TIME,
            [Sample(A, 0, Timed(Histogram((1.0, 10.0), (1, 2, 0)), 9)), Sample(B, 0)],
            (3, 9, 0, 10),
            id="a request is a sample",
        ),
    ],
)
def test_what_a_sample_is(kind, samples, expected):
    slot = accumulator(kind)
    for sample in samples:
        slot.add(sample)
    summary = slot.summary()
    assert (summary.count, summary.sum, summary.minimum, summary.maximum) == expected


def test_the_series_silent_the_longest_makes_room():
    archive = Archive(max_series=2)
    for at, name in enumerate(["old", "new", "newer"]):
        archive.series(SCOPE, metric_id("N", name, ()), Kind.COUNT, "Count").add(Instant(at), Sample(A, 1))
    assert {metric.name for metric in archive.of(SCOPE)} == {"new", "newer"}


def test_many_series_share_the_room():
    archive = Archive(max_slots=40)
    tracks = [archive.series(SCOPE, metric_id("N", name, ()), Kind.COUNT, "Count") for name in "abcd"]
    for slot in range(100):
        for series in tracks:
            series.add(Instant(slot * 60), Sample(A, 1))
    kept = [len(list(series.coarse.between(Instant(0), Instant(10**9)))) for series in tracks]
    assert all(10 <= count <= 12 for count in kept)


def test_a_slot_keeps_its_histogram():
    track = Track(Kind.TIME, 5, lambda: 8)
    histogram = Histogram((1.0, 10.0), (1, 2, 0))
    track.add(Instant(0), Sample(A, 0, Timed(histogram, 9)))
    track.add(Instant(5), Sample(A, 0, Timed(histogram, 9)))
    assert [slot.summary.histogram for slot in track.between(Instant(0), Instant(100))] == [histogram, histogram]
