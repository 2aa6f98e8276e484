"""Slots of time: bounded, ordered, exact."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, Summary, metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.query import SeriesReader, minutes, slots
from moyai.telemetry.series.accumulators import Sample, accumulator_type
from moyai.telemetry.series.group import Series
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.values import ResponseTimes, SampleKind
from tests.unit.telemetry.pushes import SCOPE

A, B = ProxyId("a"), ProxyId("b")


def new_series(kind: SampleKind = SampleKind.COUNT, name: str = "n") -> Series:
    return MetricHead().series(SCOPE, metric_id("N", name, ()), kind, "Count")


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 9)), min_size=1, max_size=30))
def test_slots_and_minutes_add_up_to_the_same_sum(samples):
    series = new_series()
    for at, value in samples:
        series.add(Instant(at), Sample({A: value}))
    sums = [sum(one.summary.sum for one in periods_of(series, (0, 400))) for periods_of in (slots, minutes)]
    assert sums == [sum(value for _, value in samples)] * 2


@given(st.lists(st.integers(0, 300), min_size=1, max_size=30))
def test_each_sample_is_in_the_slot_of_its_time(times):
    series = new_series(SampleKind.SUMMARY)
    for at in times:
        series.add(Instant(at), Sample(summary=Summary(1, 1, 1, 1)))
    for width, periods_of in ((5, slots), (60, minutes)):
        counted = Counter(at // width * width for at in times)
        assert {int(one.start): one.summary.count for one in periods_of(series, (0, 400))} == counted


def test_metrics_are_listed_by_name_after_some_were_created_and_dropped():
    head = MetricHead()
    reader = SeriesReader(head)

    def create(*names):
        return [head.series(SCOPE, metric_id("N", name, ()), SampleKind.COUNT, "Count") for name in names]

    def names_from(first):
        return "".join(one.metric.name for one in reader.metrics_from(SCOPE, metric_id("N", first, ())))

    _, last = create("a", "d")
    assert names_from("") == "ad"
    create("c", "b")
    assert [one.metric.name for one in reader.metrics(SCOPE)] == ["a", "b", "c", "d"]
    head.drop(last)
    create("e")
    assert (names_from("b"), names_from("bb"), names_from("f")) == ("bce", "ce", "")


def test_a_span_has_the_periods_that_begin_in_it():
    series = new_series()
    for at in (0, 59, 60, 119, 120):
        series.add(Instant(at), Sample({A: 1}))
    assert [int(one.start) for one in slots(series, (55, 120))] == [55, 60, 115]
    assert [int(one.start) for one in minutes(series, (1, 120))] == [60]


@pytest.mark.parametrize(
    ("kind", "samples", "expected"),
    [
        pytest.param(
            SampleKind.MEAN, [Sample({A: 2}), Sample({A: 4}), Sample({B: 5})], (2, 8, 3, 5), id="an average is one"
        ),
        pytest.param(SampleKind.COUNT, [Sample({A: 2, B: 5}), Sample({A: 1})], (2, 8, 3, 5), id="a task is a sample"),
        pytest.param(
            SampleKind.COUNT,
            [Sample(subtotal=("x", Summary(1, 2, 2, 2))), Sample({B: 1}), Sample(subtotal=("x", Summary(2, 7, 2, 5)))],
            (3, 8, 1, 5),
            id="a subtotal replaces the one before",
        ),
        pytest.param(
            SampleKind.COUNT,
            [Sample(subtotal=(whose, Summary(1, at, at, at))) for at, whose in enumerate("xyzyxz", 1)],
            (3, 15, 4, 6),
            id="a subtotal of each source",
        ),
        pytest.param(
            SampleKind.LEVEL,
            [Sample(summary=Summary(2, 7, 2, 5)), Sample(summary=Summary(1, 1, 1, 1))],
            (3, 8, 1, 5),
            id="a report is a sample",
        ),
        pytest.param(
            SampleKind.SHARE,
            [Sample(total=6, targets=2), Sample(total=3, targets=3)],
            (3, 9, 3, 3),
            id="a target is a sample",
        ),
        pytest.param(
            SampleKind.TIME,
            [Sample(times=ResponseTimes(Histogram((1.0, 10.0), (1, 2, 0)), 9)), Sample()],
            (3, 9, 0, 10),
            id="a request is a sample",
        ),
        pytest.param(
            SampleKind.TIME,
            [
                Sample(times=ResponseTimes(Histogram((1.0, 10.0), (1, 0, 0)), 1)),
                Sample(times=ResponseTimes(Histogram((1.0, 5.0, 10.0), (0, 0, 0, 2)), 40)),
            ],
            (3, 41, 0, 10),
            id="histograms with other bounds",
        ),
    ],
)
def test_samples_become_summaries(kind, samples, expected):
    slot = accumulator_type(kind)()
    for sample in samples:
        slot.add(sample)
    summary = slot.summary()
    assert (summary.count, summary.sum, summary.minimum, summary.maximum) == expected


def test_the_series_that_was_silent_the_longest_is_evicted():
    head = MetricHead(max_series=2)
    for at, name in enumerate(["old", "new", "newer"]):
        head.series(SCOPE, metric_id("N", name, ()), SampleKind.COUNT, "Count").add(Instant(at), Sample({A: 1}))
    assert {metric.name for metric in head.in_scope(SCOPE)} == {"new", "newer"}


def test_series_of_further_units_count_until_they_are_dropped():
    head = MetricHead(max_series=3)

    def put(at, name, unit):
        head.write(SCOPE, metric_id("N", name, ()), unit, Instant(at), Summary(1, 1, 1, 1))

    def units_by_metric():
        return [[each.unit for each in head.of_metric(SCOPE, metric)] for metric in head.in_scope(SCOPE)]

    put(0, "a", "Seconds")
    put(1, "a", "Bytes")
    put(2, "a", "Count")
    put(3, "b", "Count")
    assert units_by_metric() == [["Bytes", "Count"], ["Count"]]
    head.drop(head.of_metric(SCOPE, metric_id("N", "a", ()))[1])
    put(4, "c", "Count")
    assert units_by_metric() == [["Bytes"], ["Count"], ["Count"]]
    head.clear()
    for at, name in enumerate("def"):
        put(at, name, "Count")
    assert len(units_by_metric()) == 3


def test_without_a_unit_each_period_has_the_first_unit_with_values_in_it():
    head = MetricHead()
    metric = metric_id("N", "n", ())
    for at, unit in ((0, "Seconds"), (60, "Seconds"), (60, "Milliseconds"), (120, "Milliseconds")):
        value = 1.0 if unit == "Seconds" else 1000.0
        head.write(SCOPE, metric, unit, Instant(at), Summary(1, value, value, value))

    def sums(span, unit=None):
        periods = SeriesReader(head).periods(SCOPE, metric, span, 60, unit)
        return {int(period.start): period.summary.sum for period in periods}

    assert sums((120, 180)) == {120: 1000}
    assert sums((0, 180)) == {0: 1, 60: 1, 120: 1000}
    assert sums((120, 180), "Seconds") == {}


def test_an_evicted_series_can_be_created_again_and_is_empty():
    head = MetricHead(max_series=1)
    first = head.series(SCOPE, metric_id("N", "a", ()), SampleKind.COUNT, "Count")
    first.add(Instant(0), Sample({A: 1}))
    head.series(SCOPE, metric_id("N", "b", ()), SampleKind.COUNT, "Count")
    again = head.series(SCOPE, metric_id("N", "a", ()), SampleKind.COUNT, "Count")
    assert minutes(again, (0, 100)) == []
    assert (again.group.number, again.column) != (first.group.number, first.column)


def test_a_slot_stores_its_histogram():
    series = new_series(SampleKind.TIME)
    histogram = Histogram((1.0, 10.0), (1, 2, 0))
    series.add(Instant(0), Sample(times=ResponseTimes(histogram, 9)))
    series.add(Instant(5), Sample(times=ResponseTimes(histogram, 9)))
    assert [slot.summary.histogram for slot in slots(series, (0, 100))] == [histogram, histogram]
